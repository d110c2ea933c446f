"""Limits how many messages leave a second."""

import asyncio
import time

from bot.domain.errors import RetryLaterError


class RateLimiter:
    """Spreads messages over time, for all chats together.

    As many as a second takes may leave at once; after that each waits for its turn. A message that would
    wait too long is refused with a retry time of its own, each later than the one before, so that a long
    backlog neither holds leases nor uses up its attempts. aiolimiter lets every caller wait, however long.

    Args:
        per_s: turns a second, at least 1.
        queue_s: longest wait for a turn.
    """

    def __init__(self, per_s: float, queue_s: float) -> None:
        self._interval_s = 1 / per_s
        self._queue_s = queue_s
        self._next = 0.0
        self._next_return = 0.0

    def is_free(self) -> bool:
        """Whether a message could leave at once."""
        return self._next <= time.monotonic()

    async def acquire(self) -> None:
        """Waits for a turn.

        Raises:
            RetryLaterError: it would take longer than `queue_s`.
        """
        now = time.monotonic()
        turn = max(self._next, now - 1 + self._interval_s)
        if turn - now > self._queue_s:
            self._next_return = max(self._next_return, turn) + self._interval_s
            raise RetryLaterError(self._next_return - now, "too many messages at once")
        self._next = turn + self._interval_s
        if turn > now:
            await asyncio.sleep(turn - now)
