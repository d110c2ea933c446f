"""How long calls of Telegram's may take, and how long to wait between them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timeouts:
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
