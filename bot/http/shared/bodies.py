"""Request bodies with an upper bound: read no further than that, whatever length a client announces."""

from collections.abc import AsyncGenerator

from starlette.datastructures import Headers
from starlette.requests import Request


class BodyTooLargeError(Exception):
    """A body longer than it may be."""


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: it is longer than `max_bytes`, or is announced to be.
        ClientDisconnect: the client went away.
    """
    return b"".join([chunk async for chunk in stream_body(request, max_bytes)])


async def stream_body(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes.

    Raises:
        BodyTooLargeError: it is longer than `max_bytes`, or is announced to be.
        ClientDisconnect: the client went away.
    """
    if announced_bytes(request.headers) > max_bytes:
        raise BodyTooLargeError
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > max_bytes:
            raise BodyTooLargeError
        yield chunk


def announced_bytes(headers: Headers) -> int:
    """What Content-Length says; 0 without one, or with one that is no number."""
    announced = headers.get("content-length", "")
    return int(announced[:20]) if announced.isascii() and announced.isdecimal() else 0
