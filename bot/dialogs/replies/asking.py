"""What the bot asks outside a flow: which of these, could you say it otherwise, shall a person come."""

from collections.abc import Sequence

from bot.dialogs.flow.step import MAX_LABEL_CHARS
from bot.dialogs.matching.matching import Offer
from bot.dialogs.replies import answering, stepping
from bot.dialogs.replies.answering import Chosen
from bot.dialogs.replies.handover import fetch_person, hand_over
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.turn.content import Topic
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.messages import Button, Reply
from bot.domain.turn import Decision, TurnResult, Why

_LAST = {PendingKind.CHOICES: ("button.none_of_these",)}
_ANSWERS = {
    PendingKind.SWITCH: ("button.switch", "button.stay"),
    PendingKind.PERSON: ("button.person_please", "button.no_person"),
}


def put(scene: Scene, *lead: str) -> Reply:
    """The question that is open, with its buttons."""
    pending = scene.state.pending
    assert pending
    text = _text(scene, pending)
    labels = [_short(label) for label in _labels(scene, pending)]
    buttons = tuple(
        Button(label=label, value=f"pick:{pending.turn_no}:{number}")
        for number, label in enumerate(labels, start=1)
    )
    if pending.kind is PendingKind.REPHRASE:
        buttons = (stepping.person_button(scene),)
    return Reply(text="\n\n".join([*filter(None, lead), text]), buttons=buttons)


def offers(scene: Scene) -> tuple[Offer, ...]:
    """Its answers, as they are matched, in all languages."""
    pending = scene.state.pending
    if pending is None:
        return ()
    titles = [Offer(tuple(_titles(scene, topic))) for topic in pending.topics if pending.kind not in _ANSWERS]
    own = [Offer(tuple(scene.everywhere(key).values()), "no") for key in _LAST.get(pending.kind, ())]
    senses = zip(_ANSWERS.get(pending.kind, ()), ("yes", "no"), strict=False)
    return (*titles, *own, *(Offer(tuple(scene.everywhere(key).values()), sense) for key, sense in senses))


def pick(scene: Scene, number: int) -> TurnResult:
    """Takes the answer of that index."""
    pending = scene.state.pending
    assert pending
    match pending.kind:
        case PendingKind.PERSON:
            return fetch_person(scene, "person_offer_taken") if number == 0 else _dropped(scene)
        case PendingKind.SWITCH:
            return _switch(scene, pending) if number == 0 else _stay(scene)
        case _ if number >= len(pending.topics):
            return none_of_these(scene)
        case _:
            return _give(scene, pending, pending.topics[number])


def none_of_these(scene: Scene) -> TurnResult:
    """Asking back has not helped: a person."""
    return let_go(scene, scene.why("none_of_these"))


def let_go(scene: Scene, why: Why) -> TurnResult:
    """Asking back has not helped, with whatever record: a person."""
    if scene.state.pending and scene.state.pending.complaint:
        return hand_over(scene, HandoffReason.NOT_HELPED, why, scene.say("person.not_helped"))
    return hand_over(scene, HandoffReason.LOW_CONFIDENCE, why, scene.say("person.unsure"))


def _give(scene: Scene, pending: Pending, topic: Topic) -> TurnResult:
    question = pending.question or scene.title(topic)
    need = scene.state.need.named(question)
    why = scene.why("choice_picked")
    flow = scene.content.flows.get((scene.desk.id, topic.id)) if topic.kind == "flow" else None
    if flow:
        return stepping.begin(scene.remember(need=need), flow, why)
    others = tuple(other for other in pending.topics if other != topic)
    chosen = Chosen(topic=topic, question=question, matched=scene.title(topic), others=others, need=need)
    return answering.give(scene, chosen, why)


def _switch(scene: Scene, pending: Pending) -> TurnResult:
    flow = scene.content.flows[scene.desk.id, pending.topics[0].id]
    return stepping.begin(scene, flow, scene.why("flow_switched"))


def _stay(scene: Scene) -> TurnResult:
    scene = scene.remember(pending=None)
    reply = stepping.again(scene, scene.say("flow.back_to"))
    return scene.result(Decision.FLOW, scene.why("flow_kept"), reply)


def _dropped(scene: Scene) -> TurnResult:
    scene = scene.remember(pending=None)
    reply = Reply(text=scene.say("ask.what"))
    return scene.result(Decision.SMALLTALK, scene.why("person_offer_declined"), reply)


def _text(scene: Scene, pending: Pending) -> str:
    if pending.kind is PendingKind.SWITCH and scene.flow:
        new, current = scene.title(pending.topics[0]), scene.flow.title[scene.language]
        return scene.say("flow.switch", new=new, current=current)
    one = pending.kind is PendingKind.CHOICES and len(pending.topics) == 1
    return scene.say(f"{'not_helped' if pending.complaint else 'clarify'}.{'one' if one else pending.kind}")


def _labels(scene: Scene, pending: Pending) -> Sequence[str]:
    if pending.kind in _ANSWERS:
        return [scene.say(key) for key in _ANSWERS[pending.kind]]
    return [*map(scene.title, pending.topics), *(scene.say(key) for key in _LAST.get(pending.kind, ()))]


def _titles(scene: Scene, topic: Topic) -> Sequence[str]:
    """Whole and as the buttons show them."""
    found = [scene.content.title(scene.desk.id, topic, each) for each in scene.desk.languages]
    titles = [title for title in found if title]
    return [*titles, *map(_short, titles)]


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL_CHARS else label[: MAX_LABEL_CHARS - 1].rstrip() + "…"
