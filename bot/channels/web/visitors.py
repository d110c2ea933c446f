"""Visitors of the web chat, identified by a random cookie for each desk."""

import hashlib
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

COOKIE_DAYS = 180
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(desk: str) -> str:
    """The visitor's cookie at a desk."""
    return f"relais_{desk}"


def new_token() -> str:
    """256 random bits, by which the visitor is known."""
    return secrets.token_urlsafe(32)


def token_of(request: Request, desk: str) -> str | None:
    """The visitor's token, None when there is none of ours."""
    token = request.cookies.get(cookie_name(desk), "")
    return token if _TOKEN.fullmatch(token) else None


def visitor_of(token: str) -> str:
    """The visitor's id, as the rest of the product knows it.

    It is a hash: who reads it, in the database or in the console, cannot pass for the visitor.
    """
    return "v" + hashlib.sha256(token.encode()).hexdigest()[:32]


def remember(response: Response, request: Request, desk: str, token: str) -> None:
    """Gives the browser its token, or keeps it longer."""
    response.set_cookie(
        cookie_name(desk),
        token,
        max_age=COOKIE_DAYS * 24 * 3600,
        path=f"/chat/{desk}",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
