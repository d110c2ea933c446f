"""Login, logout, language."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.domain.agent import Agent
from bot.http.shared.origin import is_same_origin
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.base import Console, Visit, base_of, fields_of, inner_path
from handoff.console.login.passwords import Passwords
from handoff.console.login.rate_limiter import LoginRateLimiter
from handoff.console.login.sessions import (
    COOKIE,
    LIFETIME,
    LOGIN_COOKIE,
    new_token,
    same,
    set_cookie,
    token_hash,
    token_of,
)
from handoff.console.words import LANGUAGE_COOKIE

_LONGEST_EMAIL = 320
_LONGEST_PASSWORD = 1000


class Accounts:
    """Lets agents in and out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._passwords = Passwords()
        self._rate_limiter = LoginRateLimiter()

    async def form(self, request: Request) -> Response:
        """The login page; the start page for whoever is logged in."""
        if await self._console.session(request) is not None:
            return RedirectResponse(self._next(request, request.query_params.get("next", "")), 303)
        return self._login_page(request, next_path=request.query_params.get("next", ""))

    async def login(self, request: Request) -> Response:
        """Checks email and password and opens a session under a new token."""
        form = await fields_of(request)
        cookie = request.cookies.get(LOGIN_COOKIE, "")
        if not is_same_origin(request) or not cookie or not same(form.get("csrf", ""), cookie):
            return self._console.problem(request, self._console.words(request), "csrf_login", 403)
        email, password = form.get("email", "").strip().lower(), form.get("password", "")
        next_path = form.get("next", "")
        words = self._console.words(request)
        address = request.client.host if request.client else ""
        minutes = self._rate_limiter.attempt(email[:_LONGEST_EMAIL], address, self._console.deps.clock.now())
        if minutes:
            error = words.count("login.too_many", minutes)
            return self._login_page(request, next_path=next_path, error=error, email=email, status=429)
        agent = await self._agent(email, password)
        if agent is None:
            error = words("login.wrong")
            return self._login_page(request, next_path=next_path, error=error, email=email, status=401)
        self._rate_limiter.succeeded(email, address)
        return await self._open(request, agent, next_path)

    async def logout(self, visit: Visit) -> Response:
        """Ends the session, here and in the database."""
        await self._console.deps.store.write(
            lambda unit: unit.agents.close_session(token_hash(visit.session.token))
        )
        response = RedirectResponse(f"{base_of(visit.request)}/login", 303)
        response.delete_cookie(COOKIE, path=self._cookie_path(visit.request))
        return response

    async def language(self, request: Request) -> Response:
        """Remembers a language in this browser."""
        language = request.path_params["language"]
        response = RedirectResponse(self._next(request, request.query_params.get("next", "")), 303)
        if language in self._console.deps.current.phrases.by_language:
            set_cookie(
                response,
                LANGUAGE_COOKIE,
                language,
                path=self._cookie_path(request),
                secure=self._console.deps.secure_cookies,
                lifetime=LIFETIME * 700,
            )
        return response

    async def _agent(self, email: str, password: str) -> Agent | None:
        store = self._console.deps.store
        known = None
        if len(email) <= _LONGEST_EMAIL and len(password) <= _LONGEST_PASSWORD:
            known = await store.read(lambda unit: unit.agents.by_email(email))
        checked = await self._passwords.check(known[1] if known else None, password[:_LONGEST_PASSWORD])
        if known is None or not checked.right or not known[0].active:
            return None
        agent, rehashed = known[0], checked.rehashed
        if rehashed is not None:
            await store.write(lambda unit: unit.agents.rehash(agent.id, rehashed))
        return agent

    async def _open(self, request: Request, agent: Agent, next_path: str) -> Response:
        token, old = new_token(), token_of(request)
        expires = self._console.deps.clock.now() + LIFETIME

        def job(unit: UnitOfWork) -> None:
            if old is not None:
                unit.agents.close_session(token_hash(old))
            unit.agents.open_session(agent.id, token_hash(token), expires)

        await self._console.deps.store.write(job)
        response = RedirectResponse(self._next(request, next_path), 303)
        path, secure = self._cookie_path(request), self._console.deps.secure_cookies
        set_cookie(response, COOKIE, token, path=path, secure=secure, lifetime=LIFETIME)
        response.delete_cookie(LOGIN_COOKIE, path=path)
        return response

    def _login_page(
        self, request: Request, *, next_path: str, error: str = "", email: str = "", status: int = 200
    ) -> Response:
        """The form, with a token that a cookie repeats (double submit)."""
        proof = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(32)
        response = self._console.page(
            request,
            "login.html",
            self._console.words(request),
            status=status,
            csrf=proof,
            next_path=self._next(request, next_path),
            expired=bool(request.query_params.get("expired")),
            error=error,
            email=email,
            demo=self._console.deps.demo_login,
        )
        path, secure = self._cookie_path(request), self._console.deps.secure_cookies
        set_cookie(response, LOGIN_COOKIE, proof, path=path, secure=secure, lifetime=None)
        return response

    @staticmethod
    def _next(request: Request, candidate: str) -> str:
        return inner_path(candidate, base_of(request))

    @staticmethod
    def _cookie_path(request: Request) -> str:
        return base_of(request) or "/"
