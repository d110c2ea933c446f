"""Questions outside a flow: which of these, please rephrase, another flow, a person."""

from collections.abc import Sequence

from bot.dialogs.flow.model import MAX_LABEL_CHARS
from bot.dialogs.matching.matching import Offer
from bot.dialogs.replies import answering, flow_replies
from bot.dialogs.replies.answering import ChosenArticle
from bot.dialogs.replies.handover import fetch_person, hand_over
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.messages import Button, Reply
from bot.domain.turn import Decision, TurnResult, Why

_LAST = {PendingKind.CHOICES: ("button.none_of_these",)}
_ANSWERS = {
    PendingKind.SWITCH: ("button.switch", "button.stay"),
    PendingKind.PERSON: ("button.person_please", "button.no_person"),
    PendingKind.WITHDRAW: ("button.withdraw", "button.keep_waiting"),
    PendingKind.NEXT: ("button.next", "button.not_next"),
}


def ask(turn: TurnContext, *lead: str) -> Reply:
    """The question that is open, with its buttons."""
    pending = turn.state.pending
    assert pending
    text = _text(turn, pending)
    labels = [_short(label) for label in _labels(turn, pending)]
    buttons = tuple(
        Button(label=label, value=f"pick:{pending.turn_no}:{number}")
        for number, label in enumerate(labels, start=1)
    )
    if pending.kind is PendingKind.REPHRASE:
        buttons = (flow_replies.person_button(turn),)
    return Reply(text="\n\n".join([*filter(None, lead), text]), buttons=buttons)


def offers(turn: TurnContext) -> tuple[Offer, ...]:
    """Its answers, as they are matched, in all languages."""
    pending = turn.state.pending
    if pending is None:
        return ()
    titles = [Offer(tuple(_titles(turn, topic))) for topic in pending.topics if pending.kind not in _ANSWERS]
    own = [Offer(tuple(turn.in_all_languages(key).values()), "no") for key in _LAST.get(pending.kind, ())]
    senses = zip(_ANSWERS.get(pending.kind, ()), ("yes", "no"), strict=False)
    return (
        *titles,
        *own,
        *(Offer(tuple(turn.in_all_languages(key).values()), sense) for key, sense in senses),
    )


def pick(turn: TurnContext, number: int) -> TurnResult:
    """Takes the answer of that index, 0-based."""
    pending = turn.state.pending
    assert pending
    match pending.kind:
        case PendingKind.PERSON:
            return fetch_person(turn, "person_offer_taken") if number == 0 else _dropped(turn)
        case PendingKind.SWITCH:
            return _switch(turn, pending) if number == 0 else _stay(turn)
        case _ if number >= len(pending.topics):
            return none_of_these(turn)
        case _:
            return _give(turn, pending, pending.topics[number])


def none_of_these(turn: TurnContext) -> TurnResult:
    """The clarification has not helped: a person takes over."""
    return let_go(turn, turn.why("none_of_these"))


def let_go(turn: TurnContext, why: Why) -> TurnResult:
    """The same, with another why-record."""
    if turn.state.pending and turn.state.pending.complaint:
        return hand_over(turn, HandoffReason.NOT_HELPED, why, turn.say("person.not_helped"))
    return hand_over(turn, HandoffReason.LOW_CONFIDENCE, why, turn.say("person.unsure"))


def _give(turn: TurnContext, pending: Pending, topic: Topic) -> TurnResult:
    question = pending.question or turn.title(topic)
    need = turn.state.need.named(question)
    why = turn.why("choice_picked")
    flow = turn.content.flows.get((turn.desk.id, topic.id)) if topic.kind == "flow" else None
    if flow:
        return flow_replies.begin(turn.with_state(need=need), flow, why)
    others = tuple(other for other in pending.topics if other != topic)
    chosen = ChosenArticle(
        topic=topic, question=question, matched=turn.title(topic), others=others, need=need
    )
    return answering.give(turn, chosen, why)


def _switch(turn: TurnContext, pending: Pending) -> TurnResult:
    flow = turn.content.flows[turn.desk.id, pending.topics[0].id]
    return flow_replies.begin(turn, flow, turn.why("flow_switched"))


def _stay(turn: TurnContext) -> TurnResult:
    turn = turn.with_state(pending=None)
    reply = flow_replies.repeat_question(turn, turn.say("flow.back_to"))
    return turn.result(Decision.FLOW, turn.why("flow_kept"), reply)


def _dropped(turn: TurnContext) -> TurnResult:
    turn = turn.with_state(pending=None)
    reply = Reply(text=turn.say("ask.what"))
    return turn.result(Decision.SMALLTALK, turn.why("person_offer_declined"), reply)


def _text(turn: TurnContext, pending: Pending) -> str:
    if pending.kind is PendingKind.SWITCH and turn.flow:
        new, current = turn.title(pending.topics[0]), turn.flow.title[turn.language]
        return turn.say("flow.switch", new=new, current=current)
    if pending.kind is PendingKind.WITHDRAW:
        return turn.say("waiting.withdraw")
    if pending.kind is PendingKind.NEXT:
        also = turn.title(pending.topics[0]) if pending.topics else pending.question
        return turn.say("later.offer", also=also)
    one = pending.kind is PendingKind.CHOICES and len(pending.topics) == 1
    return turn.say(f"{'not_helped' if pending.complaint else 'clarify'}.{'one' if one else pending.kind}")


def _labels(turn: TurnContext, pending: Pending) -> Sequence[str]:
    if pending.kind in _ANSWERS:
        return [turn.say(key) for key in _ANSWERS[pending.kind]]
    return [*map(turn.title, pending.topics), *(turn.say(key) for key in _LAST.get(pending.kind, ()))]


def _titles(turn: TurnContext, topic: Topic) -> Sequence[str]:
    """Titles in all languages, whole and as the buttons show them."""
    found = [turn.content.title(turn.desk.id, topic, each) for each in turn.desk.languages]
    titles = [title for title in found if title]
    return [*titles, *map(_short, titles)]


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL_CHARS else label[: MAX_LABEL_CHARS - 1].rstrip() + "…"
