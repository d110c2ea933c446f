"""The engine of a single process: a dispatcher that runs each conversation once at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

Handler = Callable[[int], Awaitable[None]]
"""Drains and delivers one conversation."""


class LocalEngine:
    """Runs the handler for every conversation that is woken.

    A wake-up during a run makes one more run after it, so none is lost; two runs of one conversation
    never overlap.

    Args:
        handler: called with a conversation id.
        concurrency: conversations handled at once.
    """

    def __init__(self, handler: Handler, *, concurrency: int = 32) -> None:
        self._handler = handler
        self._slots = asyncio.Semaphore(concurrency)
        self._again: set[int] = set()
        self._running: dict[int, asyncio.Task[None]] = {}

    def wake(self, conversation_id: int) -> None:
        """Looks at a conversation soon; must be called on the event loop."""
        if conversation_id in self._running:
            self._again.add(conversation_id)
        else:
            self._running[conversation_id] = asyncio.create_task(self._run(conversation_id))

    async def stop(self) -> None:
        """Waits for what runs; what is woken meanwhile stays stored for the next start."""
        self._again.clear()
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _run(self, conversation_id: int) -> None:
        try:
            async with self._slots:
                self._again.discard(conversation_id)
                await self._handler(conversation_id)
        except Exception as exc:
            # The database is away: what waits is still stored, and the sweep comes back to it.
            extra = {"conversation": conversation_id, "error": type(exc).__name__}
            log.warning("conversation waits for the database", extra=extra)
        finally:
            del self._running[conversation_id]
            if conversation_id in self._again:
                self._again.discard(conversation_id)
                self.wake(conversation_id)
