"""Delivery: sends what is committed, in order for each conversation, and gives up visibly."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.channels.base import Channel
from bot.domain.conversation import Owner
from bot.domain.errors import ChatMovedError, RejectedError, RetryLaterError, UncertainError
from bot.domain.messages import LeasedMessage
from bot.pipeline.ports import Clock, Store
from bot.pipeline.timers import UNDELIVERED_TIMER
from bot.storage.conversations import AT_ONCE
from bot.storage.outbox import LEASE, LONGEST_WAIT
from bot.storage.unit_of_work import UnitOfWork, is_database_trouble
from bot.telemetry import metrics

log = logging.getLogger(__name__)

SEND_TIMEOUT_S = 10.0
"""Well under the lease of an outbox row, so that a send never outlives it."""

_TRIES = 12
_WRITE_AGAIN_AFTER_S = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_LONGEST_WAIT_S = 300.0

RecordOutcome = Callable[[UnitOfWork], None]
"""Writes down what became of a send."""


class Delivery:
    """Sends the outbox of conversations through their channels.

    Args:
        store: the database.
        channel: finds the channel of an account; None when this process has none.
        holder: names this process in leases.
        clock: tells the time.
    """

    def __init__(
        self, *, store: Store, channel: Callable[[str], Channel | None], holder: str, clock: Clock
    ) -> None:
        self._store = store
        self._channel = channel
        self._holder = holder
        self._clock = clock

    async def deliver(self, conversation_id: int) -> None:
        """Sends what is due in a conversation; returns when nothing is, or when it must wait.

        Whatever fails is tried again later, and given up visibly in the end; only the database's own
        troubles are raised.
        """
        try:
            await self._deliver(conversation_id)
        except Exception as exc:
            if is_database_trouble(exc):
                raise
            problem = type(exc).__name__
            log.exception("delivery failed", extra={"conversation": conversation_id})
            await self._store.write(lambda unit: self._set_back(unit, conversation_id, problem))

    async def _deliver(self, conversation_id: int) -> None:
        leased = await self._store.write(lambda unit: self._lease(unit, conversation_id))
        while leased is not None:
            record = await self._send(leased)
            leased = await self._written(self._recorded(record, conversation_id))

    def _set_back(self, unit: UnitOfWork, conversation_id: int, problem: str) -> None:
        now = self._clock.now()
        if unit.outbox.set_back(conversation_id, now=now, most_tries=_TRIES, problem=problem):
            self._show_undelivered(unit, conversation_id)
        unit.changed(conversation_id)

    @staticmethod
    def _show_undelivered(unit: UnitOfWork, conversation_id: int) -> None:
        conversation = unit.conversations.lock(conversation_id)
        if conversation.owner is Owner.BOT:  # else people look at it already
            unit.timers.set(conversation, UNDELIVERED_TIMER, AT_ONCE)
            unit.conversations.schedule(conversation.id)
            unit.wake(conversation.id)

    @metrics.stage("lease")
    def _lease(self, unit: UnitOfWork, conversation_id: int) -> LeasedMessage | None:
        return unit.outbox.lease(conversation_id, holder=self._holder, now=self._clock.now())

    def _recorded(
        self, record: RecordOutcome, conversation_id: int
    ) -> Callable[[UnitOfWork], LeasedMessage | None]:
        def job(unit: UnitOfWork) -> LeasedMessage | None:
            record(unit)
            unit.changed(conversation_id)
            return self._lease(unit, conversation_id)

        return job

    async def _written(self, job: Callable[[UnitOfWork], LeasedMessage | None]) -> LeasedMessage | None:
        """Writes down what became of a send, also when the database is away for a while.

        Unwritten it would be in doubt, and sent again.
        """
        for wait_s in _WRITE_AGAIN_AFTER_S:
            try:
                return await self._store.write(job)
            except Exception as exc:
                log.warning("outcome of a send not written yet", extra={"error": type(exc).__name__})
            await asyncio.sleep(wait_s)
        return await self._store.write(job)

    async def _send(self, leased: LeasedMessage) -> RecordOutcome:
        """Sends one message and says what to write down about it."""
        if self._clock.now() >= leased.deadline or time.monotonic() - leased.taken_s > LEASE.total_seconds():
            return lambda unit: None  # this process slept through its lease: the row is anybody's now
        channel = self._channel(leased.account)
        if channel is None:
            # It may be opening still, or another process has it: soon again, then less and less often.
            return self._later(leased, "no channel is open for this account")
        try:
            with metrics.stage("send"):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    external_id = await channel.send(leased.message)
        except RetryLaterError as exc:
            return self._later(leased, str(exc), wait_s=exc.wait_s)
        except (UncertainError, TimeoutError) as exc:
            return self._later(leased, f"no answer: {exc}", in_doubt=True)
        except ChatMovedError as exc:
            return self._moved(leased, exc.new_chat)
        except RejectedError as exc:
            return self._given_up(leased, exc.reason)
        except Exception as exc:
            log.exception("send failed", extra={"account": leased.account, "outbox": leased.id})
            return self._later(leased, f"{type(exc).__name__}", in_doubt=True)
        return self._sent(leased, external_id)

    def _sent(self, leased: LeasedMessage, external_id: str) -> RecordOutcome:
        metrics.OUTBOUND.labels(account=leased.account, outcome="sent").inc()
        now = self._clock.now()
        return lambda unit: unit.outbox.sent(leased, external_id, now)

    def _later(
        self, leased: LeasedMessage, problem: str, *, wait_s: float | None = None, in_doubt: bool = False
    ) -> RecordOutcome:
        if leased.tries + 1 >= _TRIES:
            return self._given_up(leased, problem)
        metrics.OUTBOUND.labels(account=leased.account, outcome="again").inc()
        backoff_s = min(2.0**leased.tries, _LONGEST_WAIT_S) * random.uniform(0.8, 1.2)
        at = self._after(min(wait_s if wait_s is not None else backoff_s, LONGEST_WAIT.total_seconds()))
        return lambda unit: unit.outbox.again(leased, at=at, problem=problem, in_doubt=in_doubt)

    def _moved(self, leased: LeasedMessage, new_chat: str) -> RecordOutcome:
        def record(unit: UnitOfWork) -> None:
            unit.conversations.move_chat(leased.conversation_id, new_chat)
            unit.outbox.again(leased, at=self._clock.now(), problem="the chat has moved", in_doubt=False)

        return record

    def _given_up(self, leased: LeasedMessage, problem: str) -> RecordOutcome:
        metrics.OUTBOUND.labels(account=leased.account, outcome="undelivered").inc()
        log.warning("message undelivered", extra={"account": leased.account, "outbox": leased.id})

        def record(unit: UnitOfWork) -> None:
            unit.outbox.undeliverable(leased, problem=problem)
            self._show_undelivered(unit, leased.conversation_id)

        return record

    def _after(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)
