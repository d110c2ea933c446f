"""Opening hours: is somebody there, when will somebody be, and business time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from bot.domain.desk import Desk

_HORIZON_DAYS = 366


def is_open(desk: Desk, at: datetime) -> bool:
    """Whether people answer at this moment (aware UTC)."""
    return any(start <= at < end for start, end in _spans(desk, at, days=1))


def next_opening(desk: Desk, at: datetime) -> datetime | None:
    """When the desk opens next, aware UTC; `at` itself while it is open; None when it never does."""
    for start, end in _spans(desk, at, days=_HORIZON_DAYS):
        if end > at:
            return max(start, at)
    return None


def add_business_time(desk: Desk, start: datetime, duration: timedelta) -> datetime | None:
    """The moment by which `duration` of opening time has passed since `start`; None when it never has."""
    left = duration
    for opens, closes in _spans(desk, start, days=_HORIZON_DAYS):
        opens = max(opens, start)
        if closes <= opens:
            continue
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    return None


def _spans(desk: Desk, start: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Opening spans from the local day of `start` on, in UTC, so that a change of clocks counts right."""
    first: date = start.astimezone(desk.timezone).date()
    for offset in range(days):
        day = first + timedelta(days=offset)
        if day in desk.holidays:
            continue
        for opens, closes in desk.hours.get(day.weekday(), ()):
            yield (
                datetime.combine(day, opens, desk.timezone).astimezone(UTC),
                datetime.combine(day, closes, desk.timezone).astimezone(UTC),
            )
