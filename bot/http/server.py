"""The HTTP server: one application on one address; calls back when it answers and when it begins to stop."""

import socket
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

from bot.http.protocol import BoundedProtocol, raise_open_files

_GRACE_S = 5


def serve_http(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[], None],
    leaving: Callable[[], Awaitable[None]],
) -> None:
    """Serves until the process is told to stop.

    Args:
        app: what answers; its lifespan starts and stops the rest.
        host: address to bind to.
        port: of the server.
        ready: called once the server answers.
        leaving: called first when it stops: live pages end here, as a server waits for its connections.
    """
    raise_open_files()
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        proxy_headers=True,
    )
    _Uvicorn(config, ready=ready, leaving=leaving).run()


class _Uvicorn(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], leaving: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._leaving()
        await super().shutdown(sockets)
