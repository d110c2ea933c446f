"""How long things may take, and when the next message may leave."""

import asyncio
import time
from dataclasses import dataclass

from bot.domain.errors import RetryLaterError


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long things may take; waiting for a turn and for an answer fit in the outbox's ten seconds.

    Args:
        connect_s: seconds to wait for a connection.
        read_s: seconds to wait for an answer.
        poll_s: seconds that Telegram holds a poll open when nothing happens.
        backoff_s: wait after a first failure; doubles up to `backoff_max_s`.
        backoff_max_s: longest wait between two polls.
        conflict_s: wait when somebody else polls the same bot.
        queue_s: longest wait of a send for its turn under the overall limit.
    """

    connect_s: float = 5.0
    read_s: float = 8.0
    poll_s: int = 25
    backoff_s: float = 1.0
    backoff_max_s: float = 30.0
    conflict_s: float = 10.0
    queue_s: float = 1.5


class Turns:
    """Spreads messages over time, for all chats together.

    As many as a second takes may leave at once; after that each waits for its turn. Who would wait
    too long is sent away with a time of its own to come back, one after the other, so that a long
    backlog neither holds leases nor uses up its attempts.

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

    async def take(self) -> None:
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
