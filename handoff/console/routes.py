"""The console's addresses."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from bot.domain.errors import NotFoundError
from bot.http.shared.headers import SECURITY_HEADERS, DefaultHeaders
from handoff.console.agents.accounts import Accounts
from handoff.console.agents.actions import Actions
from handoff.console.agents.articles import Articles
from handoff.console.agents.cases import CasePages
from handoff.console.agents.files import Files
from handoff.console.agents.live import HEARTBEAT_S, Live
from handoff.console.agents.parked import ParkedPages
from handoff.console.base import Console, Visit
from handoff.console.deps import ConsoleDeps

MAX_BODY_BYTES = 1_000_000
"""Of a post: far above the longest reply, so that one too long is refused in words and not lost."""

_HEADERS = {"cache-control": "no-store", "cross-origin-resource-policy": "same-origin"}
"""Beside the headers of every page."""


def console_routes(deps: ConsoleDeps, *, heartbeat_s: float = HEARTBEAT_S) -> list[BaseRoute]:
    """Everything under the console's address; the composition root mounts it, usually at /console.

    Args:
        heartbeat_s: seconds between signs of life of a live page.
    """
    console = Console(deps)
    accounts, pages = Accounts(console), CasePages(console)
    actions, files, live = Actions(console, pages), Files(console), Live(console, heartbeat_s=heartbeat_s)
    parked = ParkedPages(console)
    routes: Sequence[BaseRoute] = [
        Route("/login", accounts.form),
        Route("/login", accounts.login, methods=["POST"]),
        Route("/logout", console.guarded(accounts.logout), methods=["POST"]),
        Route("/language/{language}", accounts.language),
        Route("/", console.guarded(pages.index)),
        Route("/cases/{case_id:int}", console.guarded(pages.case)),
        Route("/cases/{case_id:int}/{action}", console.guarded(actions.act), methods=["POST"]),
        Route("/cases/{case_id:int}/{action}", console.guarded(actions.look)),
        Route("/files/{attachment_id:int}", console.guarded(files.download)),
        Route("/articles/{desk}/{article}", console.guarded(Articles(console).version)),
        Route("/parked", console.guarded(parked.show)),
        Route("/parked/retry", console.guarded(parked.retry), methods=["POST"]),
        Route("/events", console.guarded(live.events)),
        Mount(console.assets.path, console.assets, middleware=[Middleware(GZipMiddleware)]),
        Route("/{rest:path}", console.guarded(_nothing_here)),
    ]
    return [
        Mount(
            "",
            routes=routes,
            middleware=[Middleware(DefaultHeaders, headers=SECURITY_HEADERS | _HEADERS)],
            max_body_size=MAX_BODY_BYTES,
        )
    ]


async def _nothing_here(visit: Visit) -> Response:
    raise NotFoundError(visit.request.url.path)
