"""Sessions: a random token in a cookie, and the token against forged posts that is derived from it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.domain.agent import Agent
from bot.pipeline.ports import Clock, Store
from bot.storage.unit_of_work import UnitOfWork

COOKIE = "relais_console"
LOGIN_COOKIE = "relais_login"
LIFETIME = timedelta(hours=12)

_SET_BACK = timedelta(hours=1)
"""By which the clock may be set back without ending the sessions that began just before."""
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 200


@dataclass(frozen=True)
class Session:
    """An agent who is logged in.

    Args:
        token: the cookie's value; never stored, never shown.
    """

    agent: Agent
    token: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """What every form of this session carries."""
        return hmac.digest(self.token.encode(), b"console form", hashlib.sha256).hex()


def new_token() -> str:
    """Unguessable, URL-safe."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored: who reads the database cannot log in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(request: Request) -> str | None:
    """The token that the browser sent, None when it sent none that we could have made."""
    token = request.cookies.get(COOKIE, "")
    return token if 0 < len(token) <= _LONGEST_TOKEN and token.isascii() else None


def agent_of(unit: UnitOfWork, token: str, now: datetime) -> Agent | None:
    """Who is logged in with a token, None when nobody is or no longer.

    A session that lasts longer than a new one began under a clock that was set back since, and is over.
    """
    return unit.agents.session(token_hash(token), after=now, until=now + LIFETIME + _SET_BACK)


async def session_of(request: Request, store: Store, clock: Clock) -> Session | None:
    """Who is logged in, None when nobody is or no longer."""
    token = token_of(request)
    if token is None:
        return None
    now = clock.now()
    agent = await store.read(lambda unit: agent_of(unit, token, now))
    return None if agent is None else Session(agent, token)


def same(given: str, expected: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def set_cookie(
    response: Response, name: str, value: str, *, path: str, secure: bool, lifetime: timedelta | None
) -> None:
    """A cookie that scripts cannot read and other sites' posts do not carry."""
    response.set_cookie(
        name,
        value,
        max_age=None if lifetime is None else int(lifetime.total_seconds()),
        path=path,
        secure=secure,
        httponly=True,
        samesite="lax",
    )
