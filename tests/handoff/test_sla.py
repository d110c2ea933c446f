"""The time limits of a case: which runs out next, and how each stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.case import Case, CaseStatus, HandoffReason, Impact, Level, Priority, Urgency
from handoff.clock.sla import SlaStatus, next_due, sla_clocks

OPENED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASE = Case(
    id=1,
    conversation_id=1,
    person_id=1,
    desk="it",
    level=Level.N1,
    status=CaseStatus.WAITING,
    reason=HandoffReason.ASKED,
    summary="",
    tried=(),
    category=None,
    impact=Impact.PERSON,
    urgency=Urgency.NORMAL,
    priority=Priority.NORMAL,
    opened_at=OPENED,
    first_response_due=OPENED + 4 * HOUR,
    resolution_due=OPENED + 8 * HOUR,
)


@pytest.mark.parametrize(
    ("hours", "status", "left", "percent"),
    [
        (0, SlaStatus.FINE, 4 * HOUR, 0),
        (2, SlaStatus.FINE, 2 * HOUR, 50),
        (3, SlaStatus.SOON, HOUR, 75),
        (4, SlaStatus.OVERDUE, timedelta(), 100),
        (5, SlaStatus.OVERDUE, -HOUR, 100),
    ],
)
def test_a_running_limit_tells_what_is_left(
    hours: int, status: SlaStatus, left: timedelta, percent: int
) -> None:
    first, _ = sla_clocks(CASE, OPENED + hours * HOUR)
    assert (first.status, first.span, first.percent, first.is_running) == (status, left, percent, True)


def test_half_an_hour_is_soon_even_when_it_is_most_of_the_time() -> None:
    short = replace(CASE, first_response_due=OPENED + HOUR / 2)
    assert sla_clocks(short, OPENED)[0].status is SlaStatus.SOON


@pytest.mark.parametrize(("hours", "status"), [(4, SlaStatus.MET), (5, SlaStatus.MISSED)])
def test_a_stopped_limit_tells_how_long_it_took(hours: int, status: SlaStatus) -> None:
    replied = replace(CASE, first_reply_at=OPENED + hours * HOUR)
    first, resolution = sla_clocks(replied, OPENED + 6 * HOUR)
    assert (first.status, first.span, first.is_running) == (status, hours * HOUR, False)
    assert resolution.is_running


def test_the_next_limit_is_the_first_that_still_runs() -> None:
    replied = replace(CASE, first_reply_at=OPENED + HOUR)
    resolved = replace(CASE, status=CaseStatus.RESOLVED, resolved_at=OPENED + HOUR)
    assert [next_due(each) for each in (CASE, replied, resolved)] == [
        CASE.first_response_due,
        CASE.resolution_due,
        None,
    ]
    assert not any(clock.is_running for clock in sla_clocks(resolved, OPENED + 2 * HOUR))


def test_what_the_desk_does_not_promise_has_no_limit() -> None:
    assert sla_clocks(replace(CASE, first_response_due=None, resolution_due=None), OPENED) == ()
