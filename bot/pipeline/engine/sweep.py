"""The sweep: finds what no wake-up reached (retries, timers, what a dead process left)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.pipeline.ports import Clock, Store
from bot.storage.unit_of_work import UnitOfWork
from bot.telemetry import metrics

log = logging.getLogger(__name__)

PERIOD_S = 0.5
PAGE = 200

_Position = tuple[datetime, int]


class Sweep:
    """Goes through all that is due, a page of conversations and a page of the outbox at a time.

    Each page begins where the one before ended, and the first follows the last: however many of the
    oldest cannot go on, the others have their turn.

    Args:
        store: the database.
        clock: tells the time.
        desks: the ids of those of the newest content.
    """

    def __init__(self, store: Store, clock: Clock, desks: Callable[[], Sequence[str]]) -> None:
        self._store = store
        self._clock = clock
        self._desks = desks
        self._conversation: _Position | None = None
        self._row: _Position | None = None

    async def page(self) -> Sequence[int]:
        """The conversations that need attention, by their ids."""
        resumable, due = await self._store.read(self._look)
        if resumable:
            await self._store.write(lambda unit: unit.conversations.resume(resumable))
            log.info("conversations go on: their desk is there", extra={"conversations": len(resumable)})
        return list(dict.fromkeys([*resumable, *due]))

    def _look(self, unit: UnitOfWork) -> tuple[Sequence[int], Sequence[int]]:
        """The conversations whose desk is there again, and those that need attention."""
        now = self._clock.now()
        resumable = unit.conversations.resumable(self._desks(), limit=PAGE)
        due = unit.conversations.due(now, limit=PAGE, after=self._conversation)
        self._conversation = due[-1] if len(due) == PAGE else None
        rows = unit.outbox.due(now, limit=PAGE, after=self._row)
        self._row = rows[-1][:2] if len(rows) == PAGE else None
        for reason, count in unit.conversations.parked_counts().items():
            metrics.PARKED.labels(reason=reason).set(count)
        return resumable, [*(found for _, found in due), *(found for _, _, found in rows)]


async def sweep_forever(sweep: Sweep, wake: Callable[[Sequence[int]], Awaitable[None]]) -> None:
    """Wakes every conversation that is due, until cancelled; survives a database that is away.

    Args:
        wake: called with the ids of conversations that need attention.
    """
    while True:
        try:
            due = await sweep.page()
            if due:
                await wake(due)
        except Exception as exc:
            log.warning("sweep failed", extra={"error": type(exc).__name__})
        await asyncio.sleep(PERIOD_S)
