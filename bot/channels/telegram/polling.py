"""Long polling: an update is acknowledged, by asking for later ones, only once it is stored."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence

from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.telegram.api import FloodError, UnreadableError, reason
from bot.channels.telegram.parse import MalformedUpdateError, Update
from bot.channels.telegram.timeouts import Timeouts
from bot.domain.messages import InboundMessage

MAX_BATCH = 100
"""Most updates that getUpdates gives (telegram.constants.PollingLimit)."""

logger = logging.getLogger(__name__)


class Poller:
    """Fetches batches of updates and stores them.

    Chats of a batch are stored side by side, the updates of one chat in order. When one cannot be
    stored, the rest of its chat waits and polling goes on from there: what had been stored behind it
    comes again and is known by its key.

    Args:
        fetch: getUpdates with an offset and a limit.
        store: stores one update; raises when it could not.
        remove_webhook: what makes polling possible when a webhook is set.
        timeouts: waits.
    """

    def __init__(
        self,
        fetch: Callable[[int | None, int], Awaitable[Sequence[Update]]],
        store: Callable[[Update], Awaitable[None]],
        remove_webhook: Callable[[], Awaitable[None]],
        timeouts: Timeouts,
    ) -> None:
        self._fetch = fetch
        self._store = store
        self._remove_webhook = remove_webhook
        self._timeouts = timeouts
        self._offset: int | None = None
        self._limit = MAX_BATCH
        self._failures = 0
        self._webhook_in_the_way = True

    async def run(self) -> None:
        """Polls until cancelled."""
        while True:
            try:
                await self._round()
            except TelegramError as exc:
                await asyncio.sleep(self._after(exc))
            except MalformedUpdateError:
                logger.warning("polling failed", extra={"error": "no list of updates"})
                await asyncio.sleep(self._backoff())

    async def _round(self) -> None:
        if self._webhook_in_the_way:
            await self._remove_webhook()
            self._webhook_in_the_way = False
        updates = await self._fetch(self._offset, self._limit)
        if not updates:
            # All up to the offset is acknowledged by now. Asking without one keeps working when
            # Telegram numbers anew from a random, lower id (after a week without updates).
            self._offset = None
        elif await self._store_all(updates):
            self._limit = MAX_BATCH
        else:
            await asyncio.sleep(self._backoff())
            return
        self._failures = 0

    async def _store_all(self, updates: Sequence[Update]) -> bool:
        """Stores a batch and moves the offset behind what is stored; False when something is not."""
        chats: dict[str, list[Update]] = {}
        for update in updates:
            content = update.content
            chats.setdefault(content.chat if isinstance(content, InboundMessage) else "", []).append(update)
        failed: set[int | None] = set()
        await asyncio.gather(*(self._store_chat(each, failed) for each in chats.values()))
        for update in updates:
            if update.update_id in failed:
                self._offset = update.update_id
                return False
            if update.update_id is not None:
                self._offset = update.update_id + 1
        return any(update.update_id is not None for update in updates)

    async def _store_chat(self, updates: Iterable[Update], failed: set[int | None]) -> None:
        for update in updates:
            try:
                await self._store(update)
            except Exception as exc:
                # The error's own text may quote the message, so only its type is logged.
                logger.error("update not stored", extra={"error": type(exc).__name__})
                logger.debug("update not stored", exc_info=True)
                failed.add(update.update_id)
                return

    def _after(self, error: TelegramError) -> float:
        """Logs a failed poll and returns the seconds to wait."""
        match error:
            case FloodError(wait_s=float() as wait_s):
                logger.warning("polling failed", extra={"error": "flood control", "wait_s": wait_s})
                return wait_s
            case Conflict():
                self._webhook_in_the_way = "webhook" in error.message.lower()
                logger.error(
                    "polling conflict: another program receives this bot's messages; stop it, or give this "
                    "installation a bot of its own",
                    extra={"error": reason(error)},
                )
                return self._timeouts.conflict_s
            case InvalidToken():
                logger.error("polling failed: Telegram no longer accepts the token, set a new one")
                return self._timeouts.backoff_max_s
            case UnreadableError(first_update_id=int() as update_id):
                return self._step_over(update_id)
        logger.warning("polling failed", extra={"error": reason(error)})
        return self._backoff()

    def _step_over(self, update_id: int) -> float:
        """Finds the update that makes a batch unreadable, asking for one at a time, and leaves it out."""
        if self._limit == 1:
            logger.error("update ignored", extra={"reason": "unreadable", "update_id": update_id})
            self._offset, self._limit = update_id + 1, MAX_BATCH
        else:
            self._limit = 1
        return 0.0

    def _backoff(self) -> float:
        """Seconds to wait: doubled with each failure, less up to a quarter so that clients spread."""
        longest = min(self._timeouts.backoff_s * 2.0**self._failures, self._timeouts.backoff_max_s)
        self._failures = min(self._failures + 1, 16)
        return longest * random.uniform(0.75, 1.0)
