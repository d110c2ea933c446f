"""Opening hours, business time and moments in words."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.case import Impact, Priority, Urgency
from bot.i18n.formats import moment_in_text
from handoff.clock.hours import add_business_time, is_open, next_opening
from handoff.clock.priority import priority_of
from tests.pipeline.office import DESK

PARIS = ZoneInfo("Europe/Paris")
MOMENTS = st.timedeltas(timedelta(), timedelta(days=700)).map(lambda since: paris(2026, 1, 1) + since)


def paris(*parts: int) -> datetime:
    """A moment by the desk's clock."""
    return datetime(*parts, tzinfo=PARIS).astimezone(UTC)  # type: ignore[misc,arg-type]  # the fields are in order


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (paris(2026, 11, 23, 8, 29), paris(2026, 11, 23, 8, 30)),
        (paris(2026, 11, 23, 9, 0), paris(2026, 11, 23, 9, 0)),
        (paris(2026, 11, 20, 18, 0), paris(2026, 11, 23, 8, 30)),
        (paris(2026, 12, 24, 20, 0), paris(2026, 12, 28, 8, 30)),
    ],
)
def test_the_next_opening_skips_nights_week_ends_and_holidays(at: datetime, opens: datetime) -> None:
    desk = replace(DESK, holidays=frozenset({date(2026, 12, 25)}))
    assert next_opening(desk, at) == opens
    assert is_open(desk, at) == (at == opens)


def test_a_desk_that_never_opens_says_so() -> None:
    desk = replace(DESK, hours={})
    assert next_opening(desk, paris(2026, 11, 23, 9, 0)) is None
    assert add_business_time(desk, paris(2026, 11, 23, 9, 0), timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (paris(2026, 11, 23, 9, 0), 2, paris(2026, 11, 23, 11, 0)),
        (paris(2026, 11, 23, 17, 0), 2, paris(2026, 11, 24, 9, 30)),
        (paris(2026, 11, 20, 17, 30), 1, paris(2026, 11, 23, 9, 0)),
        (paris(2026, 11, 21, 12, 0), 9.5, paris(2026, 11, 23, 18, 0)),
    ],
)
def test_business_time_runs_only_while_the_desk_is_open(start: datetime, hours: float, end: datetime) -> None:
    assert add_business_time(DESK, start, timedelta(hours=hours)) == end


def test_a_night_on_which_the_clocks_change_counts_right() -> None:
    all_night = replace(DESK, hours={day: ((time(0, 0), time(23, 59)),) for day in range(7)})
    start = paris(2026, 10, 25, 0, 0)
    end = add_business_time(all_night, start, timedelta(hours=5))
    assert end is not None
    assert end.astimezone(PARIS).hour == 4, "the hour between two and three comes twice"


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(days=5)))
def test_business_time_never_ends_outside_opening_hours(start: datetime, duration: timedelta) -> None:
    end = add_business_time(DESK, start, duration)
    assert end is not None
    assert end >= start + duration
    assert is_open(DESK, end - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("moment", "language", "words"),
    [
        (paris(2026, 11, 22, 14, 0), "fr", "aujourd'hui à 14\u00a0h"),
        (paris(2026, 11, 23, 8, 30), "fr", "demain à 8\u00a0h\u00a030"),
        (paris(2026, 12, 1, 9, 0), "fr", "mardi 1er décembre à 9\u00a0h"),
        (paris(2026, 11, 23, 8, 30), "en", "tomorrow at 8:30 am"),
        (paris(2026, 12, 1, 13, 5), "en", "on Tuesday 1 December at 1:05 pm"),
    ],
)
def test_moments_are_said_as_people_say_them(moment: datetime, language: str, words: str) -> None:
    assert moment_in_text(moment, paris(2026, 11, 22, 10, 0), PARIS, language) == words


def test_priority_rises_with_urgency_and_with_impact() -> None:
    order = [Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.CRITICAL]
    ranks = {
        (urgency, impact): order.index(priority_of(urgency, impact))
        for urgency in Urgency
        for impact in Impact
    }
    for impact in Impact:
        assert ranks[Urgency.LOW, impact] < ranks[Urgency.HIGH, impact]
    for urgency in Urgency:
        assert ranks[urgency, Impact.PERSON] < ranks[urgency, Impact.ORGANISATION]
    assert priority_of(Urgency.LOW, Impact.PERSON, danger=True) is Priority.CRITICAL
