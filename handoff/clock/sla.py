"""Service levels (SLA): the two time limits of a case, and how each stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.case import Case, CaseStatus

_SOON = timedelta(minutes=30)
_SOON_SHARE = 0.25


class SlaStatus(StrEnum):
    """How a time limit stands: the first three while it runs, the last two once it has stopped."""

    FINE = "fine"
    SOON = "soon"
    """Half an hour, or a quarter of the time, is left."""
    OVERDUE = "overdue"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, kw_only=True)
class SlaClock:
    """One time limit of a case.

    Args:
        name: "first_response" or "resolution".
        due: when it runs out, aware UTC.
        span: what is left (negative: overdue by that much); how long it took once it has stopped.
        percent: of the time that has gone, 0 to 100.
    """

    name: str
    status: SlaStatus
    due: datetime
    span: timedelta
    percent: int

    @property
    def is_running(self) -> bool:
        """Whether something can still be done about it."""
        return self.status in (SlaStatus.FINE, SlaStatus.SOON, SlaStatus.OVERDUE)


def next_due(case: Case) -> datetime | None:
    """When the next time limit of a case runs out, aware UTC; None when none runs."""
    if case.status is CaseStatus.RESOLVED:
        return None
    if case.first_reply_at is None and case.first_response_due is not None:
        return case.first_response_due
    return case.resolution_due


def sla_clocks(case: Case, now: datetime) -> tuple[SlaClock, ...]:
    """First response, then resolution; without those that the desk does not promise."""
    stopped = case.resolved_at if case.status is CaseStatus.RESOLVED else None
    limits = (
        ("first_response", case.first_response_due, case.first_reply_at or stopped),
        ("resolution", case.resolution_due, case.resolved_at),
    )
    return tuple(
        _clock(name, case.opened_at, due, done, now) for name, due, done in limits if due is not None
    )


def _clock(name: str, opened: datetime, due: datetime, done: datetime | None, now: datetime) -> SlaClock:
    total = max(due - opened, timedelta(minutes=1))
    gone = (done or now) - opened
    if done is not None:
        status, span = (SlaStatus.MET if done <= due else SlaStatus.MISSED), gone
    else:
        status, span = _running_status(due - now, total), due - now
    percent = max(0, min(100, round(100 * (gone / total))))
    return SlaClock(name=name, status=status, due=due, span=span, percent=percent)


def _running_status(left: timedelta, total: timedelta) -> SlaStatus:
    if left <= timedelta(0):
        return SlaStatus.OVERDUE
    return SlaStatus.SOON if left <= _SOON or left / total <= _SOON_SHARE else SlaStatus.FINE
