"""The clocks of a case's service level, as pages show them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.case import Case, CaseStatus
from handoff.console.words import ConsoleWords

SOON = timedelta(minutes=30)
"""From here on a clock that still runs asks for attention."""
_SOON_SHARE = 0.25


class Pace(StrEnum):
    """How a clock stands."""

    FINE = "fine"
    SOON = "soon"
    OVERDUE = "overdue"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True)
class SlaClock:
    """The time until something should have happened.

    Args:
        name: "first_response" or "resolution".
        span: what is left, or by how much it is overdue, or how long it took.
        due: when, in words.
        due_exact: when, in full.
        percent: of the time that has gone, 0 to 100.
    """

    name: str
    pace: Pace
    span: str
    due: str
    due_exact: str
    percent: int

    @property
    def is_running(self) -> bool:
        """Whether something can still be done about it."""
        return self.pace in (Pace.FINE, Pace.SOON, Pace.OVERDUE)


def next_due(case: Case) -> datetime | None:
    """When the next promise of a case runs out; None when none does."""
    if case.status is CaseStatus.RESOLVED:
        return None
    if case.first_reply_at is None and case.first_response_due is not None:
        return case.first_response_due
    return case.resolution_due


def clocks(case: Case, words: ConsoleWords, zone: ZoneInfo) -> tuple[SlaClock, ...]:
    """First response, then resolution; without those that the desk does not promise."""
    pairs = (
        ("first_response", case.first_response_due, case.first_reply_at),
        ("resolution", case.resolution_due, case.resolved_at),
    )
    return tuple(
        _clock(name, case.opened_at, due, done or _stopped(case), words, zone)
        for name, due, done in pairs
        if due is not None
    )


def _stopped(case: Case) -> datetime | None:
    """A case that is resolved without a first reply has no clock left to run."""
    return case.resolved_at if case.status is CaseStatus.RESOLVED else None


def _clock(
    name: str, opened: datetime, due: datetime, done: datetime | None, words: ConsoleWords, zone: ZoneInfo
) -> SlaClock:
    total = max(due - opened, timedelta(minutes=1))
    if done is not None:
        pace, span, at = (Pace.MET if done <= due else Pace.MISSED), done - opened, done
    else:
        span, at = due - words.now, words.now
        pace = _running_pace(span, total)
    return SlaClock(
        name=name,
        pace=pace,
        span=words.span(span),
        due=words.when(due, zone),
        due_exact=words.exact(due, zone),
        percent=max(0, min(100, round(100 * ((at - opened) / total)))),
    )


def _running_pace(left: timedelta, total: timedelta) -> Pace:
    if left <= timedelta(0):
        return Pace.OVERDUE
    return Pace.SOON if left <= SOON or left / total <= _SOON_SHARE else Pace.FINE
