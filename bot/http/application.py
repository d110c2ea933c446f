"""The web application: all channels' endpoints, the console, the start page, health and figures."""

from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Lifespan

from bot.http.error_pages import ErrorPages
from bot.http.guard import Guard
from bot.http.health import Check, health_routes
from bot.http.shared.assets import Assets
from bot.http.shared.headers import DefaultHeaders
from bot.http.shared.templates import ASSETS
from bot.http.start_page import TEMPLATES, StartPage


def build_web(
    start_page: StartPage,
    *,
    static: Assets,
    channels: Sequence[BaseRoute],
    knowledge: Sequence[BaseRoute] = (),
    console: Sequence[BaseRoute] = (),
    checks: Mapping[str, Check],
    notices: Mapping[str, Check] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Puts everything that is served over HTTP into one application.

    Args:
        start_page: the page at "/"; errors are shown in the phrases of its content.
        static: the files that pages link to.
        channels: routes of all channels.
        knowledge: routes of the knowledge base.
        console: routes of the agents' console.
        checks: what `/readyz` asks, by name ("database", "index", "slack:T024").
        notices: what it says beside; see `health_routes`.
        lifespan: starts and stops the rest with the server.
    """
    errors = ErrorPages(start_page.current, TEMPLATES)
    routes: list[BaseRoute] = [
        Route("/", start_page.show),
        *health_routes(checks, notices),
        Route("/favicon.ico", _icon),
        Mount(static.path, static),
        *channels,
        *knowledge,
        *console,
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(DefaultHeaders),
            Middleware(Guard, too_large=errors.too_large, failed=errors.failed),
        ],
        exception_handlers={HTTPException: errors.refused},
        lifespan=lifespan,
    )


async def _icon(request: Request) -> Response:
    return RedirectResponse(ASSETS.address("relais.svg"))
