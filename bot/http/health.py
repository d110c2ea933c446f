"""Health and figures: whether the process lives, whether it can work, and Prometheus metrics."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

CHECK_S = 3.0
"""How long one check may take."""

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Says what is wrong, None when nothing is."""


def health_routes(checks: Mapping[str, Check], notices: Mapping[str, Check] | None = None) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`.

    Args:
        checks: what `/readyz` asks, by name ("database", "index", "slack:T024").
        notices: what it says beside, for an administrator, and which leaves it ready.
    """
    return [
        Route("/healthz", _alive),
        Route("/readyz", partial(_ready, checks, notices or {})),
        Route("/metrics", _figures),
    ]


async def _alive(request: Request) -> Response:
    """The process answers; nothing else is asked, so that a slow database does not get it killed."""
    return JSONResponse({"status": "ok"})


async def _ready(checks: Mapping[str, Check], notices: Mapping[str, Check], request: Request) -> Response:
    """Whether messages can be taken and answered; 503 with the reasons when not."""
    reasons, said = await asyncio.gather(_run_all(checks), _run_all(notices))
    body: dict[str, object] = {"status": "not ready" if reasons else "ready", "reasons": reasons}
    if said:
        body["notices"] = said
    return JSONResponse(body, status_code=503 if reasons else 200)


async def _run_all(checks: Mapping[str, Check]) -> dict[str, str]:
    found = await asyncio.gather(*(_run(check) for check in checks.values()))
    return {name: reason for name, reason in zip(checks, found, strict=True) if reason is not None}


async def _figures(request: Request) -> Response:
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _run(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_S):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_S:.0f} s"
    except Exception as exc:
        logger.warning("check failed", extra={"error": type(exc).__name__})
        return type(exc).__name__
