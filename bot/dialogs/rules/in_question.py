"""Words while a question outside a flow is open: one of these, none of these, a person or not."""

from dataclasses import replace

from bot.dialogs.matching.matching import loosely, plainly
from bot.dialogs.replies import asking, feedback, standing
from bot.dialogs.retrieval.policy import MAX_ROUNDS
from bot.dialogs.state.state import PendingKind
from bot.dialogs.turn.scene import Scene
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult

_LIGHT = frozenset({PendingKind.MENU, PendingKind.PERSON, PendingKind.SWITCH})
"""Questions that somebody may pass over without a word."""


def plain_answer(scene: Scene) -> TurnResult | None:
    """The words are a button's label or number: nothing needs to be understood."""
    number = plainly(scene.words, asking.offers(scene))
    return None if number is None else asking.pick(scene, number)


def answer(scene: Scene) -> TurnResult | None:
    """The words pick one, or refuse them all."""
    pending = scene.state.pending
    if pending is None or scene.understanding is None:
        return None
    sense = {"affirm": "yes", "deny": "no"}.get(scene.intent or "")
    choice = scene.understanding.choice
    number = loosely(scene.words, asking.offers(scene), sense=sense, number=choice)
    if number is not None:
        return asking.pick(scene, number)
    if pending.kind in _LIGHT:
        return None
    if scene.intent == "affirm":
        return _yes(scene)
    if scene.intent == "resolved":
        return _resolved(scene)
    return asking.none_of_these(scene) if scene.intent in ("deny", "not_resolved") else None


def passed_over(scene: Scene) -> Scene:
    """The same scene without a question that the message has passed over."""
    pending = scene.state.pending
    return scene.remember(pending=None) if pending and pending.kind in _LIGHT else scene


def _yes(scene: Scene) -> TurnResult:
    """Yes to "which of these?": to the only one, else: which? Once, then a person."""
    pending = scene.state.pending
    assert pending
    if len(pending.topics) == 1:
        return asking.pick(scene, 0)
    if pending.rounds >= MAX_ROUNDS:
        return asking.none_of_these(scene)
    scene = scene.remember(pending=replace(pending, rounds=pending.rounds + 1))
    key = "clarify.which" if pending.topics else "clarify.go_on"
    return scene.result(Decision.CLARIFY, scene.why("which_one"), standing.put(scene, scene.say(key)))


def _resolved(scene: Scene) -> TurnResult:
    """It works again before the question was answered."""
    latest = scene.state.latest
    scene = scene.remember(pending=None)
    if latest:
        return feedback.take(scene, latest.turn_no, helped=True)
    return scene.result(Decision.SMALLTALK, scene.why("resolved"), Reply(text=scene.say("feedback.helped")))
