"""Login, logout, language."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.domain.agent import Agent
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.passwords import Passwords
from handoff.console.sessions import (
    COOKIE,
    LIFETIME,
    LOGIN_COOKIE,
    is_from_elsewhere,
    new_token,
    same,
    set_cookie,
    token_hash,
    token_of,
)
from handoff.console.site import Site, Visit, base_of, fields_of, inner_path
from handoff.console.throttle import Throttle
from handoff.console.words import LANGUAGE_COOKIE, LANGUAGES

_LONGEST_EMAIL = 320
_LONGEST_PASSWORD = 1000


class Accounts:
    """Lets agents in and out."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._passwords = Passwords()
        self._throttle = Throttle()

    async def form(self, request: Request) -> Response:
        """The login page; the start page for whoever is logged in."""
        if await self._site.session(request) is not None:
            return RedirectResponse(self._next(request, request.query_params.get("next", "")), 303)
        return self._login_page(request, next_path=request.query_params.get("next", ""))

    async def login(self, request: Request) -> Response:
        """Checks email and password and opens a session under a new token."""
        form = await fields_of(request)
        cookie = request.cookies.get(LOGIN_COOKIE, "")
        if is_from_elsewhere(request) or not cookie or not same(form.get("csrf", ""), cookie):
            return self._site.problem(request, self._site.words(request), "csrf_login", 403)
        email, password = form.get("email", "").strip().lower(), form.get("password", "")
        next_path = form.get("next", "")
        words = self._site.words(request)
        address = request.client.host if request.client else ""
        minutes = self._throttle.attempt(email[:_LONGEST_EMAIL], address, self._site.deps.clock.now())
        if minutes:
            error = words.count("login.throttled", minutes)
            return self._login_page(request, next_path=next_path, error=error, email=email, status=429)
        agent = await self._agent(email, password)
        if agent is None:
            error = words("login.wrong")
            return self._login_page(request, next_path=next_path, error=error, email=email, status=401)
        self._throttle.succeeded(email, address)
        return await self._open(request, agent, next_path)

    async def logout(self, visit: Visit) -> Response:
        """Ends the session, here and in the database."""
        await self._site.deps.store.write(
            lambda unit: unit.agents.close_session(token_hash(visit.session.token))
        )
        response = RedirectResponse(f"{base_of(visit.request)}/login", 303)
        response.delete_cookie(COOKIE, path=self._cookie_path(visit.request))
        return response

    async def language(self, request: Request) -> Response:
        """Remembers a language in this browser."""
        language = request.path_params["language"]
        response = RedirectResponse(self._next(request, request.query_params.get("next", "")), 303)
        if language in LANGUAGES:
            set_cookie(
                response,
                LANGUAGE_COOKIE,
                language,
                path=self._cookie_path(request),
                secure=self._site.deps.secure_cookies,
                lifetime=LIFETIME * 700,
            )
        return response

    async def _agent(self, email: str, password: str) -> Agent | None:
        store = self._site.deps.store
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
        expires = self._site.deps.clock.now() + LIFETIME

        def job(unit: UnitOfWork) -> None:
            if old is not None:
                unit.agents.close_session(token_hash(old))
            unit.agents.open_session(agent.id, token_hash(token), expires)

        await self._site.deps.store.write(job)
        response = RedirectResponse(self._next(request, next_path), 303)
        path, secure = self._cookie_path(request), self._site.deps.secure_cookies
        set_cookie(response, COOKIE, token, path=path, secure=secure, lifetime=LIFETIME)
        response.delete_cookie(LOGIN_COOKIE, path=path)
        return response

    def _login_page(
        self, request: Request, *, next_path: str, error: str = "", email: str = "", status: int = 200
    ) -> Response:
        """The form, with a token that a cookie repeats (double submit)."""
        proof = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(32)
        response = self._site.page(
            request,
            "login.html",
            self._site.words(request),
            status=status,
            csrf=proof,
            next_path=self._next(request, next_path),
            expired=bool(request.query_params.get("expired")),
            error=error,
            email=email,
            demo=self._site.deps.demo_login,
        )
        path, secure = self._cookie_path(request), self._site.deps.secure_cookies
        set_cookie(response, LOGIN_COOKIE, proof, path=path, secure=secure, lifetime=None)
        return response

    @staticmethod
    def _next(request: Request, candidate: str) -> str:
        return inner_path(candidate, base_of(request))

    @staticmethod
    def _cookie_path(request: Request) -> str:
        return base_of(request) or "/"
