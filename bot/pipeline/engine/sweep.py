"""The sweep: finds what no wake-up reached (retries, timers, what a dead process left)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.pipeline.ports import Clock, Store
from bot.storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

PERIOD_S = 0.5
_AT_ONCE = 200


async def sweep_forever(store: Store, clock: Clock, wake: Callable[[Sequence[int]], Awaitable[None]]) -> None:
    """Wakes every conversation that is due, until cancelled; survives a database that is away.

    Args:
        wake: called with the ids of conversations that need attention.
    """
    while True:
        try:
            due = await store.read(lambda unit: _due(unit, clock))
            if due:
                await wake(due)
        except Exception as exc:
            log.warning("sweep failed", extra={"error": type(exc).__name__})
        await asyncio.sleep(PERIOD_S)


def _due(unit: UnitOfWork, clock: Clock) -> Sequence[int]:
    now = clock.now()
    found = [*unit.conversations.due(now, limit=_AT_ONCE), *unit.outbox.due(now, limit=_AT_ONCE)]
    return list(dict.fromkeys(found))
