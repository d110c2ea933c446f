"""Live pages: server-sent events that follow a visitor's transcript from a cursor."""

import asyncio
import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from bot.channels.web.backend import Snapshot

HEARTBEAT_S = 15.0
"""Proxies cut silent connections, usually after 30 to 60 s; a page that slept also catches up here."""
MAX_STREAMS = 4
"""Of one visitor; the oldest makes room. Browsers open six connections a server (HTTP/1.1) at most,
so more would leave none for sending."""
MAX_STREAMS_PER_NETWORK = 200
"""Of all visitors of one network address: an office behind one address has as many people at once."""
MAX_STREAMS_IN_ALL = 4000
"""Of all desks, in one process."""
_RETRY_MS = 2000


class StreamsFullError(Exception):
    """No place for one more stream.

    Args:
        of_network: whether one network address has them all.
    """

    def __init__(self, *, of_network: bool) -> None:
        super().__init__("too many streams")
        self.of_network = of_network


class StreamPlaces:
    """Counts the streams of all desks.

    Args:
        per_network: of one network address.
        in_all: of all.
    """

    def __init__(
        self, *, per_network: int = MAX_STREAMS_PER_NETWORK, in_all: int = MAX_STREAMS_IN_ALL
    ) -> None:
        self._per_network = per_network
        self._in_all = in_all
        self._taken: Counter[str] = Counter()

    def check(self, network: str) -> None:
        """Raises `StreamsFullError` when there is no place."""
        if self._taken[network] >= self._per_network:
            raise StreamsFullError(of_network=True)
        if self._taken.total() >= self._in_all:
            raise StreamsFullError(of_network=False)

    @contextmanager
    def take(self, network: str) -> Iterator[None]:
        """Takes a place for as long as the block runs."""
        self._taken[network] += 1
        try:
            yield
        finally:
            self._taken[network] -= 1
            if not self._taken[network]:
                del self._taken[network]


class Streams:
    """The open event streams of one desk."""

    def __init__(self) -> None:
        self._open: dict[str, list[_Stream]] = defaultdict(list)
        self._closed = False

    def poke(self, visitor: str) -> None:
        """The visitor did something: their pages look again, whatever conversation it went to."""
        for stream in self._open.get(visitor, ()):
            stream.event.set()

    def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        self._closed = True
        for streams in self._open.values():
            for stream in streams:
                stream.end()

    @contextmanager
    def open(self, visitor: str) -> Iterator["_Stream"]:
        """A place for one more stream of this visitor."""
        streams = self._open[visitor]
        while len(streams) >= MAX_STREAMS:
            streams.pop(0).end()
        stream = _Stream()
        if self._closed:
            stream.end()
        streams.append(stream)
        try:
            yield stream
        finally:
            if stream in streams:
                streams.remove(stream)
            if not streams:
                self._open.pop(visitor, None)


class _Stream:
    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.ended = False

    def end(self) -> None:
        self.ended = True
        self.event.set()

    async def wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                await self.event.wait()


async def follow(
    stream: _Stream,
    *,
    after: int,
    read: Callable[[int], Awaitable[Snapshot]],
    watch: Callable[[int], AbstractContextManager[asyncio.Event]],
    show: Callable[[Snapshot], dict[str, object]],
) -> AsyncIterator[str]:
    """The events of one page, until it goes or must make room.

    Args:
        stream: from `Streams.open`.
        after: cursor, the id of the last entry that the page has.
        read: what came after a cursor.
        watch: wakes at each change of a conversation.
        show: what the page needs to know of it.
    """
    yield f"retry: {_RETRY_MS}\n\n"
    shown: dict[str, object] = {}
    conversation: int | None = None
    while not stream.ended:
        # Watching begins before reading: what changes in between is not missed.
        with nullcontext(stream.event) if conversation is None else watch(conversation) as stream.event:
            while not stream.ended:
                stream.event.clear()
                snapshot = await read(after)
                state = show(snapshot)
                if snapshot.entries or state != shown:
                    after = max((after, *(entry.id for entry in snapshot.entries)))
                    yield _event("chat", state, after)
                    shown = {**state, "html": ""}
                else:
                    yield ":\n\n"
                current = snapshot.conversation.id if snapshot.conversation else None
                if current != conversation:
                    conversation = current
                    break
                await stream.wait()
    yield _event("rest", {}, after)


def _event(name: str, data: dict[str, object], cursor: int) -> str:
    # JSON has no line ends of its own, so one data line holds it all.
    return f"id: {cursor}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
