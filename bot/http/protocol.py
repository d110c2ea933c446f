"""One connection to the web server, with bounds on what a client may leave unfinished."""

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64_000
"""Of a request's headers, trailers and chunk marks beyond its body; what one read brings is never refused."""
HEAD_S = 20.0
"""From the connection, or from the first byte of a later request, to the end of the headers."""
BODY_S = 300.0
"""From there to the end of the body: 12 MB at 40 kB/s."""
SPARE_FILES = 200
"""Open files that are left to the database, the index and calls to platforms."""
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n\r\nbusy"
)


def raise_open_files() -> None:
    """Lets the process open as many files as the system allows it, 65,536 at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def max_connections() -> int:
    """How many connections fit into the files that the process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 65_536 if soft == resource.RLIM_INFINITY else max(soft - SPARE_FILES, 50)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which alone keeps headers without end and waits for a request for ever."""

    _unfinished_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > max_connections():
            transport.write(_BUSY)
            transport.close()
        self._end_within(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_within(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unfinished_bytes = 0
        self._end_within(HEAD_S)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._unfinished_bytes = 0
        self._end_within(BODY_S)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        # A chunk's marks may be as long as the chunk.
        self._unfinished_bytes = max(self._unfinished_bytes - 2 * len(body), -MAX_HEAD_BYTES * 5)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._unfinished_bytes = 0
        self._end_within(None)

    def _end_within(self, seconds: float | None) -> None:
        """Closes the connection after that time, unless it is called again."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.close)
