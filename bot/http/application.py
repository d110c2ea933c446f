"""The web application: all channels' endpoints, the console, the start page, health and figures."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from bot.channels.base import Accept, Channel
from bot.channels.web import language as languages
from bot.channels.web import pages
from bot.domain.desk import Desk
from bot.i18n.phrases import Phrases

MAX_BODY_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 12_000_000
"""The wall behind the chat's own limit of ten megabytes of files, which answers in better words."""
CHECK_S = 3.0
_YEAR_S = 365 * 24 * 3600

_HEADERS = {
    "content-security-policy": pages.CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Says what is wrong, None when nothing is."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A messenger, as the start page shows it.

    Args:
        name: "Slack".
        state: how it is.
        settings: what to set while it is missing.
        detail: a line more, such as the account's name.
    """

    name: str
    state: Literal["connected", "disconnected", "missing"]
    settings: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Login:
    """The demo's agent."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the pages say of this installation.

    Args:
        name: of the organisation.
        languages: the first is the default.
        desks: those with a web chat.
        phrases: the newest ones.
        platforms: as they are now.
        knowledge: path of the knowledge base, None without one.
        console: path of the agents' console, None without one.
        demo: the demo's login, None outside the demo.
    """

    name: Callable[[], str]
    languages: Callable[[], Sequence[str]]
    desks: Callable[[], Sequence[Desk]]
    phrases: Callable[[], Phrases]
    platforms: Callable[[], Sequence[Platform]]
    knowledge: str | None = None
    console: str | None = None
    demo: Login | None = None


def build_web(
    site: Site,
    *,
    channels: Sequence[Channel],
    accept: Accept,
    knowledge: Sequence[BaseRoute] = (),
    console: Sequence[BaseRoute] = (),
    checks: Mapping[str, Check],
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Puts everything that is served over HTTP into one application.

    Args:
        site: what the pages say.
        channels: those whose routes are served.
        accept: stores what arrives.
        knowledge: routes of the knowledge base.
        console: routes of the agents' console.
        checks: what `/readyz` asks, by name ("database", "index", "slack:T024").
        lifespan: starts and stops the rest with the server.
    """
    front = _Front(site, checks)
    routes: list[BaseRoute] = [
        Route("/", front.start_page),
        Route("/healthz", front.alive),
        Route("/readyz", front.ready),
        Route("/metrics", front.figures),
        Route("/favicon.ico", front.icon),
        Mount(pages.STATIC_PATH, _Assets(directory=pages.STATIC)),
        *(route for channel in channels for route in channel.routes(accept)),
        *knowledge,
        *console,
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(_Guard, too_large=front.too_large, failed=front.failed)],
        exception_handlers={HTTPException: front.refused},
        lifespan=lifespan,
    )


class _Front:
    """The pages that belong to nobody else."""

    def __init__(self, site: Site, checks: Mapping[str, Check]) -> None:
        self._site = site
        self._checks = checks

    async def start_page(self, request: Request) -> Response:
        known = self._site.languages()
        asked = request.query_params.get("lang", "")
        if asked in known:
            response: Response = RedirectResponse("/", status_code=303)
            languages.keep(response, request, asked)
            return response
        language = languages.preferred(request, known)
        return pages.page(
            "landing.html",
            say=pages.sayer(self._site.phrases(), language),
            language=language,
            others=[each for each in known if each != language],
            name=self._site.name(),
            desks=[{"id": desk.id, "name": desk.name.get(language, desk.id)} for desk in self._site.desks()],
            knowledge=self._site.knowledge,
            console=self._site.console,
            demo=self._site.demo,
            platforms=[_shown(platform) for platform in self._site.platforms()],
        )

    async def alive(self, request: Request) -> Response:
        """The process answers; nothing else is asked, so that a slow database does not get it killed."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether messages can be taken and answered; 503 with the reasons when not."""
        found = await asyncio.gather(*(_run(check) for check in self._checks.values()))
        named = zip(self._checks, found, strict=True)
        reasons = {name: reason for name, reason in named if reason is not None}
        body = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return JSONResponse(body, status_code=503 if reasons else 200)

    async def figures(self, request: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def icon(self, request: Request) -> Response:
        return RedirectResponse(pages.asset("relais.svg"))

    async def refused(self, request: Request, exc: Exception) -> Response:
        """Unknown addresses and methods."""
        assert isinstance(exc, HTTPException)
        words = {404: "not_found", 405: "method", 413: "large"}.get(exc.status_code, "failure")
        return self._problem(request, exc.status_code, words, headers=exc.headers)

    async def failed(self, request: Request) -> Response:
        """A fault of ours; the reader gets no traceback."""
        return self._problem(request, 500, "failure")

    async def too_large(self, request: Request) -> Response:
        return self._problem(request, 413, "large")

    def _problem(
        self, request: Request, status: int, words: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            code = {"large": "too_large"}.get(words, words)
            return JSONResponse({"error": code}, status_code=status, headers=dict(headers or {}))
        language = languages.preferred(request, self._site.languages())
        say = pages.sayer(self._site.phrases(), language)
        response = pages.page(
            "problem.html",
            status=status,
            say=say,
            language=language,
            title=say(f"error.{words}_title"),
            text=say(f"error.{words}"),
            link=("/", say("error.to_home")),
        )
        response.headers.update(headers or {})
        return response


async def _run(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_S):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_S:.0f} s"
    except Exception as exc:
        logger.warning("check failed", extra={"error": type(exc).__name__})
        return type(exc).__name__


def _shown(platform: Platform) -> dict[str, object]:
    names = Markup(", ").join(Markup("<code>{}</code>").format(name) for name in platform.settings)
    return {"name": platform.name, "state": platform.state, "settings": names, "detail": platform.detail}


class _Assets(StaticFiles):
    """Static files; an address with the content's hash in it never changes what it means."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        named = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = f"public, max-age={_YEAR_S}, immutable" if named else "no-cache"
        return response


Answer = Callable[[Request], Awaitable[Response]]


class _Guard:
    """Security headers on everything, no body without bounds, no traceback for the reader.

    Endpoints that count for themselves answer in their own words first; this is the wall behind them.
    """

    def __init__(self, app: ASGIApp, too_large: Answer, failed: Answer) -> None:
        self._app = app
        self._too_large = too_large
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        takes_files = _takes_files(scope)
        body = _Bounded(receive, MAX_UPLOAD_BYTES if takes_files else MAX_BODY_BYTES)
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        announced = Headers(scope=scope).get("content-length", "")
        if not takes_files and announced.isdecimal() and int(announced[:20]) > body.limit:
            await (await self._too_large(Request(scope)))(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, body, send_guarded)
        except Exception as exc:
            if started:
                raise
            if body.exceeded:  # whatever the endpoint made of it, that is the reason
                answer = self._too_large
            else:
                logger.error(
                    "page failed", extra={"path": scope["path"], "error": type(exc).__name__}, exc_info=True
                )
                answer = self._failed
            await (await answer(Request(scope)))(scope, receive, send_guarded)


class _Bounded:
    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self.limit = limit
        self._read = 0
        self.exceeded = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self.limit:
                self.exceeded = True
                raise HTTPException(413)
        return message


def _takes_files(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/chat/") and path.endswith("/messages")
