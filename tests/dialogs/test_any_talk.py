"""Whatever anybody says, in any order: it never breaks, never loops, and its buttons fit everywhere."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dialogs.state.state import DialogueState
from bot.domain.messages import Button, Command, InboundKind, Reply
from bot.domain.turn import Decision, TurnResult
from tests.dialogs.world import FOUND, INTENTS, Chat, chat

WORDS = st.sampled_from(
    [*INTENTS, *FOUND, "Chez moi", "au bureau", "1", "2", "9", "la dernière", "blabla", "c'est quoi ?",
     "je me suis trompé, au bureau", "bonjour, mon vpn ne marche pas", "i forgot my password", "", "🙂",
     "mon colis MB-123456", "la CX-125", "je voulais dire la Caféa M2"]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["human", "step:1:1", "pick:2:1", "helped:1", "unhelped:2", "why:1", "dontknow:1"]),
    st.text(max_size=12),
)
ACTIONS = st.one_of(
    st.tuples(st.just("say"), WORDS | st.text(max_size=40)),
    st.tuples(st.just("press"), st.integers(0, 30).map(str)),
    st.tuples(st.just("value"), VALUES),
    st.tuples(st.just("command"), st.sampled_from([*Command])),
    st.tuples(st.just("edit"), WORDS),
    st.tuples(st.just("delete"), st.just("")),
    st.tuples(st.just("file"), WORDS),
)
UNCLEAR = st.sampled_from(
    ["blabla", "encore blabla", "je ne sais pas", "non", "oui", "qu'est-ce que c'est ?", "bof 9"]
)


def act(talk: Chat, kind: str, text: str) -> TurnResult:
    match kind:
        case "press" if talk.buttons:
            return talk.press_value(talk.buttons[-1 - int(text) % len(talk.buttons)].value)
        case "value":
            return talk.press_value(text)
        case "command":
            return talk.send(InboundKind.COMMAND, value=text)
        case "edit":
            return talk.send(InboundKind.EDIT, text=text, reference=f"m{talk.count}")
        case "delete":
            return talk.send(InboundKind.DELETE, reference=f"m{talk.count}")
        case _:
            return talk.say(text, reference=f"m{talk.count + 1}", file="a.jpg" if kind == "file" else None)


def check(result: TurnResult) -> None:
    assert result.why.rule
    assert (result.decision is Decision.HANDOFF) == (result.handoff is not None)
    assert all(reply.text.strip() for reply in result.replies)
    assert all(_fits(button) for reply in result.replies for button in reply.buttons)
    assert all(_distinct(reply) for reply in result.replies)
    state = DialogueState.from_json(json.loads(json.dumps(dict(result.state))))
    assert dict(state.to_json()) == dict(result.state)
    assert result.in_flow == (state.flow is not None)
    if result.decision in (Decision.ANSWER, Decision.CLARIFY, Decision.FLOW, Decision.SMALLTALK):
        assert result.replies


def _fits(button: Button) -> bool:
    return button.value.isascii() and 0 < len(button.value) <= 64 and 0 < len(button.label) <= 60


def _distinct(reply: Reply) -> bool:
    values = [button.value for button in reply.buttons]
    return len(values) <= 10 and len(values) == len(set(values))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=14))
def test_any_talk(actions: list[tuple[str, str]]) -> None:
    talk = chat()
    for kind, text in actions:
        calls = talk.encode.calls
        check(act(talk, kind, text))
        assert talk.encode.calls <= calls + 1


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["blabla", "flou", "perdu", "mon vpn ne marche pas"]),
    st.lists(UNCLEAR, min_size=9, max_size=9),
)
def test_somebody_who_is_never_clear_reaches_a_person_or_an_answer(start: str, words: list[str]) -> None:
    """Within nine turns: a flow of four questions, each missed once, is the longest way."""
    talk = chat()
    for text in [start, *words]:
        result = talk.say(text)
        ended = result.decision is Decision.FLOW and not result.in_flow
        if result.decision in (Decision.HANDOFF, Decision.ANSWER) or ended:
            return
    raise AssertionError("no end")
