"""Repair, at any moment and in any flow: back, cancel, repeat, wait, "I do not know", "I meant ..."."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.step import DONT_KNOW, SOLVED, Step
from bot.dialogs.matching.matching import loosely, plainly, weighty
from bot.dialogs.replies import answering, asking, explain, standing, stepping
from bot.dialogs.replies import searching as knowledge
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import PendingKind
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult
from bot.text.folding import fold_label

MISSES = 2
"""Answers at one step that led nowhere, until a person takes over."""
_SLIP = re.compile(
    r"\b(je me suis (?:tromp|gour)\w*|j ?ai fait une erreur|erreur de ma part|je voulais dire|je corrige"
    r"|correction|i was wrong|i meant|my mistake|i made a mistake|i misspoke)\b"
)
_ON_SECOND_THOUGHT = re.compile(r"\b(en fait|finalement|enfin|pardon|oups|actually|in fact|oops|sorry)\b")
_LEAD = re.compile(r"^(?:(?:non|no|ah|euh|mais|but|si|c est|it s|it is|que|that) )+")


def repair(scene: Scene) -> TurnResult | None:
    """Does what the message asks of the conversation itself; None when it asks nothing of the kind."""
    if scene.hears("language_fr") or scene.hears("language_en"):
        return _speak(scene, "fr" if scene.hears("language_fr") else "en")
    if scene.intent == "correct" or _slipped(scene):
        return _correct(scene)
    handler = _COMMANDS.get(scene.intent or "")
    return handler(scene) if handler else None


def dont_know(scene: Scene) -> TurnResult | None:
    """The way the flow's author gives; else help and the question again; else a person."""
    pending, step = scene.state.pending, scene.step
    if pending and pending.kind in (PendingKind.CHOICES, PendingKind.REPHRASE):
        return asking.none_of_these(scene)
    if step is None or pending:
        return _nothing(scene.remember(pending=None), "ask.go_on" if step else "repair.start_over")
    if step.dont_know:
        return stepping.take(scene, DONT_KNOW, step.dont_know.step, "dont_know")
    return miss(scene, "dont_know", scene.say("step.dont_know"))


def miss(scene: Scene, rule: str, lead: str) -> TurnResult:
    """An answer that leads nowhere: help and the question again, the next time a person."""
    scene = stepping.missed(scene)
    running = scene.running
    assert running
    if running.at.misses >= MISSES:
        reason = HandoffReason.FLOW if rule == "dont_know" else HandoffReason.LOW_CONFIDENCE
        return hand_over(scene, reason, scene.why(f"{rule}_again"), scene.say("person.stuck"))
    hint = running.step.help[scene.language] if running.step.help else ""
    return scene.result(Decision.FLOW, scene.why(rule), stepping.again(scene, lead, hint, person=True))


def correct(scene: Scene, words: str) -> TurnResult | None:
    """An earlier answer of the flow is changed, and what followed from it; None when the words fit none."""
    if scene.running is None:
        return None
    flow, at = scene.running.flow, scene.running.at
    for number in range(len(at.path) - 1, -1, -1):
        visit = at.path[number]
        step = flow.by_id[visit.step]
        value = _other_value(scene, step, words, now=visit.value)
        if visit.value is None or value is None or value == visit.value:
            continue
        return _change(scene, number, value)
    return None


def _change(scene: Scene, visit: int, value: str) -> TurnResult:
    assert scene.running
    flow, at = scene.running.flow, scene.running.at
    rest = walk.rewind(flow, at, visit, turn_no=scene.turn_no)
    kept = {
        later.step: later.value
        for later in at.path[visit + 1 :]
        if later.value is not None and not _may_end(flow.by_id[later.step])
    }
    scene = scene.remember(flow=rest.position, pending=None)
    to = walk.leads_to(flow.by_id[rest.position.step], value)
    lead = [scene.say("repair.corrected")]
    return stepping.take(scene, value, to, "answer_corrected", kept=kept, lead=lead)


def _correct(scene: Scene) -> TurnResult | None:
    words = without_cue(scene.words)
    if scene.flow is None:
        return knowledge.ask_if_sure(scene)
    if not _slipped(scene) and words and _answers(scene, words):
        return None  # "En fait oui" answers the question that is open.
    if not words:
        return _back(scene)
    return correct(scene, words) or _correct_text(scene, words) or _unclear(scene, words)


def _answers(scene: Scene, words: str) -> bool:
    """Whether they answer the step that waits."""
    if plainly(words, stepping.offers(scene)) is not None:
        return True
    return scene.step is not None and stepping.named(scene, scene.step) is not None


def _unclear(scene: Scene, words: str) -> TurnResult | None:
    """They were wrong somewhere, and we do not see where; without such words they meant something else."""
    if not _slipped(scene):
        return None
    assert scene.running
    flow, at = scene.running.flow, scene.running.at
    known = any(_other_value(scene, flow.by_id[step], words) == value for step, value in at.answers().items())
    lead = scene.say("repair.known_already" if known else "repair.unclear")
    return scene.result(Decision.COMMAND, scene.why("correction_unclear"), stepping.again(scene, lead))


def _correct_text(scene: Scene, words: str) -> TurnResult | None:
    """The last answer was free text, and these are other words for it."""
    assert scene.running
    flow, at = scene.running.flow, scene.running.at
    answered = [number for number, visit in enumerate(at.path) if visit.value is not None]
    if not words or not answered or flow.by_id[at.path[answered[-1]].step].choices:
        return None
    return _change(scene, answered[-1], words)


def _other_value(scene: Scene, step: Step, words: str, *, now: str | None = None) -> str | None:
    """The answer to a step that the words give, `now` being the one that it has."""
    named = stepping.named(scene, step, but=now)
    if named is not None:
        return named
    offers = walk.offers(step, scene.own_labels())
    found = plainly(words, offers)
    found = loosely(words, offers) if found is None else found
    return None if found is None else step.choices[found].value


def _may_end(step: Step) -> bool:
    return any(choice.next.step == SOLVED for choice in step.choices)


def _slipped(scene: Scene) -> bool:
    return _SLIP.search(fold_label(scene.words)) is not None


def without_cue(text: str) -> str:
    """What remains of "non, je me suis trompé, c'est la box": "la box"."""
    folded = fold_label(text)
    rest = _ON_SECOND_THOUGHT.sub(" ", _SLIP.sub(" ", folded))
    rest = " ".join(rest.split())
    return _LEAD.sub("", rest + " ").strip() if rest != folded else rest


def _back(scene: Scene) -> TurnResult | None:
    running = scene.running
    if running is None:
        return _nothing(scene, "repair.nothing_before")
    if scene.state.pending:
        scene = scene.remember(pending=None)
        return scene.result(Decision.COMMAND, scene.why("back"), stepping.again(scene))
    flow = running.flow
    rest = walk.back(flow, running.at, turn_no=scene.turn_no)
    if rest is None:
        first = stepping.again(scene, scene.say("repair.first_question"))
        return scene.result(Decision.COMMAND, scene.why("back_at_first"), first)
    lead = [scene.say("repair.back")]
    return stepping.arrive(scene, flow, rest, scene.why("back"), lead=lead, decision=Decision.COMMAND)


def _cancel(scene: Scene) -> TurnResult | None:
    if not standing.waits(scene):
        return _nothing(scene, "repair.nothing_to_cancel")
    why = scene.why("cancelled")
    scene = stepping.leave(scene)
    scene = scene.remember(need=replace(scene.state.need, question=""))
    reply = Reply(text=scene.say("repair.cancelled"), buttons=(stepping.person_button(scene),))
    return scene.result(Decision.COMMAND, why, reply)


def _repeat(scene: Scene) -> TurnResult | None:
    latest = scene.state.latest
    if scene.state.pending:
        reply = asking.put(scene)
    elif scene.flow:
        reply = stepping.again(scene, whole=True)
    elif latest and scene.content.article(scene.desk.id, latest.topic.id, latest.language):
        reply = answering.shown(scene, latest)
    else:
        return _nothing(scene, "repair.nothing_to_repeat")
    return scene.result(Decision.COMMAND, scene.why("repeated"), reply)


def _wait(scene: Scene) -> TurnResult | None:
    return scene.result(Decision.COMMAND, scene.why("waiting"), Reply(text=scene.say("repair.wait")))


def _nothing(scene: Scene, key: str) -> TurnResult | None:
    """The command does not apply here; its words may be a question ("annuler ma commande")."""
    sure = knowledge.ask_if_sure(scene) if len(weighty(scene.words)) > 1 else None
    if sure:
        return sure
    reply = standing.put(scene, scene.say(key))
    return scene.result(Decision.COMMAND, scene.why("nothing_to_repair"), reply)


def _speak(scene: Scene, language: str) -> TurnResult | None:
    if language not in scene.desk.languages:
        return None
    scene = replace(scene, language=language)
    reply = standing.put(scene, scene.say("repair.language"))
    result = scene.result(Decision.COMMAND, scene.why(f"language_{language}"), reply)
    return replace(result, language=language, language_chosen=True)


_COMMANDS: Mapping[str, Callable[[Scene], TurnResult | None]] = {
    "back": _back,
    "cancel": _cancel,
    "repeat": _repeat,
    "wait": _wait,
    "dont_know": dont_know,
    "why": explain.why,
}
