"""The outermost middleware: no body without bounds, no traceback for the reader."""

import logging
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.http.shared.bodies import announced_bytes

MAX_BODY_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 12_000_000
"""Above the chat's own limit of ten megabytes of files, which answers in better words."""

logger = logging.getLogger(__name__)

ErrorPage = Callable[[Request], Awaitable[Response]]


class Guard:
    """Bounds each body and answers what an endpoint raises.

    Endpoints that bound their bodies themselves answer first, in words of their own.

    Args:
        app: what answers.
        too_large: the answer to a body that is too large.
        failed: the answer when `app` raised.
    """

    def __init__(self, app: ASGIApp, too_large: ErrorPage, failed: ErrorPage) -> None:
        self._app = app
        self._too_large = too_large
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        takes_files = _takes_files(scope)
        body = _BoundedReceive(receive, MAX_UPLOAD_BYTES if takes_files else MAX_BODY_BYTES)
        started = False

        async def send_noticing_start(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        if not takes_files and announced_bytes(Headers(scope=scope)) > body.max_bytes:
            await (await self._too_large(Request(scope)))(scope, receive, send)
            return
        try:
            await self._app(scope, body, send_noticing_start)
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
            await (await answer(Request(scope)))(scope, receive, send)


class _BoundedReceive:
    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self.max_bytes = max_bytes
        self._read = 0
        self.exceeded = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self.max_bytes:
                self.exceeded = True
                raise HTTPException(413)
        return message


def _takes_files(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/chat/") and path.endswith("/messages")
