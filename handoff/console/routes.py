"""The console's addresses."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.domain.errors import NotFoundError
from handoff.console.accounts import Accounts
from handoff.console.actions import Actions
from handoff.console.articles import Articles
from handoff.console.cases import CasePages
from handoff.console.deps import ConsoleDeps
from handoff.console.files import Files
from handoff.console.live import HEARTBEAT_S, Live
from handoff.console.site import STATIC, Site, Visit

MAX_BODY_BYTES = 1_000_000
"""Of a post: far above the longest reply, so that one too long is refused in words and not lost."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def console_routes(deps: ConsoleDeps, *, heartbeat_s: float = HEARTBEAT_S) -> list[BaseRoute]:
    """Everything under the console's address; the composition root mounts it, usually at /console.

    Args:
        heartbeat_s: seconds between signs of life of a live page.
    """
    site = Site(deps)
    accounts, pages = Accounts(site), CasePages(site)
    actions, files, live = Actions(site, pages), Files(site), Live(site, heartbeat_s=heartbeat_s)
    routes: Sequence[BaseRoute] = [
        Route("/login", accounts.form),
        Route("/login", accounts.login, methods=["POST"]),
        Route("/logout", site.guarded(accounts.logout), methods=["POST"]),
        Route("/language/{language}", accounts.language),
        Route("/", site.guarded(pages.index)),
        Route("/cases/{case_id:int}", site.guarded(pages.case)),
        Route("/cases/{case_id:int}/{action}", site.guarded(actions.act), methods=["POST"]),
        Route("/cases/{case_id:int}/{action}", site.guarded(actions.look)),
        Route("/files/{attachment_id:int}", site.guarded(files.download)),
        Route("/articles/{desk}/{article}", site.guarded(Articles(site).version)),
        Route("/events", site.guarded(live.events)),
        Mount("/static", _Assets(directory=STATIC), middleware=[Middleware(GZipMiddleware)]),
        Route("/{rest:path}", site.guarded(_nothing_here)),
    ]
    return [Mount("", routes=routes, middleware=[Middleware(_Headers)], max_body_size=MAX_BODY_BYTES)]


async def _nothing_here(visit: Visit) -> Response:
    raise NotFoundError(visit.request.url.path)


class _Assets(StaticFiles):
    """Stylesheet, scripts and icon; their address holds their version, so browsers keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class _Headers:
    """Sends the safety headers with every response that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
