"""A rate limiter for logins: it makes guessing passwords slow."""

import math
from collections import OrderedDict
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
PER_PAIR = 5
"""Failures of one email from one address within the window."""
PER_ADDRESS = 50
"""Failures from one address within the window, whatever the email: many agents may share an office's."""

_REMEMBERED = 10_000

_Key = tuple[str, ...]


class LoginRateLimiter:
    """Counts tries in memory, at most so many: the longest untouched are forgotten first."""

    def __init__(self) -> None:
        self._tries: OrderedDict[_Key, tuple[datetime, ...]] = OrderedDict()

    def attempt(self, email: str, address: str, now: datetime) -> int:
        """Counts a try before its password is looked at, so that many at once do not slip through.

        Returns:
            0 when it may go on, else the whole minutes to wait; then it was not counted.
        """
        limits = {(email, address): PER_PAIR, (address,): PER_ADDRESS}
        free_at = max(self._free_at(key, limit, now) for key, limit in limits.items())
        if free_at > now:
            return math.ceil((free_at - now) / timedelta(minutes=1))
        for key, limit in limits.items():
            self._tries[key] = (*self._recent(key, now), now)[-limit:]
            self._tries.move_to_end(key)
        while len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return 0

    def succeeded(self, email: str, address: str) -> None:
        """The password was right: resets the attempts at this account from this address."""
        self._tries.pop((email, address), None)
        self._tries[(address,)] = self._tries.get((address,), ())[:-1]

    def _free_at(self, key: _Key, limit: int, now: datetime) -> datetime:
        recent = self._recent(key, now)
        return now if len(recent) < limit else recent[-limit] + WINDOW

    def _recent(self, key: _Key, now: datetime) -> tuple[datetime, ...]:
        # A try that lies far ahead was counted before the clock was set back.
        return tuple(moment for moment in self._tries.get(key, ()) if abs(now - moment) < WINDOW)
