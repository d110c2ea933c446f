"""What the dialogue remembers survives storage, and damage."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogs.state.state import (
    DialogueState,
    FlowPosition,
    GivenAnswer,
    LastWords,
    Need,
    Pending,
    PendingKind,
    StepVisit,
    TriedLine,
)
from bot.dialogs.state.topic import Topic

FULL = DialogueState(
    flow=FlowPosition(
        flow="f", step="s", path=(StepVisit(step="a", value="x"), StepVisit(step="b")), turn_no=3, misses=1
    ),
    pending=Pending(kind=PendingKind.SWITCH, question="q", topics=(Topic(kind="flow", id="g"),), turn_no=4),
    given=(
        GivenAnswer(topic=Topic(kind="article", id="a"), language="fr", question="q", matched="m", rule="r"),
    ),
    need=Need(question="q", tried=(TriedLine(text="t", turn_no=2, helped=False),), urgent=True, grumbles=1),
    last=LastWords(reference="m1", text="q", before=DialogueState(greeted=True)),
    greeted=True,
    named={"order_number": "MB-123456"},
)


@pytest.mark.parametrize("state", [DialogueState(), FULL])
def test_it_survives_json(state: DialogueState) -> None:
    assert DialogueState.from_json(json.loads(json.dumps(state.to_json()))) == state


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"version": 0, "greeted": True},
        {"version": 1, "flow": 3},
        {"version": 1, "flow": {"flow": "f"}},
        {"version": 1, "pending": {"kind": "unheard of"}},
        {"version": "1", "greeted": True},
    ],
)
def test_what_is_unknown_or_damaged_starts_afresh(stored: dict[str, object]) -> None:
    assert DialogueState.from_json(stored) == DialogueState()


def test_a_field_of_a_later_version_is_passed_over() -> None:
    stored = {**FULL.to_json(), "mood": "sunny"}

    assert DialogueState.from_json(stored) == FULL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["version", "flow", "pending", "given", "need", "last"]), JSON))
def test_nothing_that_is_stored_breaks_it(stored: dict[str, object]) -> None:
    assert isinstance(DialogueState.from_json({**stored, "version": 1}), DialogueState)


def test_the_brief_keeps_a_bounded_number_of_lines() -> None:
    need = Need()
    for number in range(40):
        need = need.and_tried(TriedLine(text=str(number)))

    assert [line.text for line in need.tried] == [str(number) for number in range(28, 40)]
