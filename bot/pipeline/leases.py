"""Leases: what only one process may do at a time, held for as long as it lives."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.pipeline.ports import Clock, Store

log = logging.getLogger(__name__)

_LENGTH = timedelta(seconds=15)
_RENEW_S = 5.0


async def hold(
    store: Store, clock: Clock, *, name: str, holder: str, work: Callable[[], Awaitable[None]]
) -> None:
    """Runs `work` whenever this process has the lease, until cancelled.

    The work is cancelled when the lease cannot be renewed, and starts again once it is had again. Work
    that ends or fails is started again after a pause.
    """

    async def take() -> bool:
        now = clock.now()
        return await store.write(lambda unit: unit.leases.take(name, holder, now=now, until=now + _LENGTH))

    try:
        while True:
            if await _safely(take):
                await _work_under_lease(take, work, name)
            await asyncio.sleep(_RENEW_S)
    finally:
        with contextlib.suppress(Exception):
            await store.write(lambda unit: unit.leases.drop(name, holder))


async def _work_under_lease(
    take: Callable[[], Awaitable[bool]], work: Callable[[], Awaitable[None]], name: str
) -> None:
    task = asyncio.ensure_future(work())
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=_RENEW_S)
            if done:
                if (exc := task.exception()) is not None:
                    log.warning("leased work failed", extra={"lease": name, "error": repr(exc)[:300]})
                return
            if not await _safely(take):
                log.warning("lease lost", extra={"lease": name})
                return
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _safely(take: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await take()
    except Exception as exc:
        log.warning("lease not reached", extra={"error": type(exc).__name__})
        return False
