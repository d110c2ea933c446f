"""Words while a flow waits: its answer, an aside, or something that was not understood."""

from collections.abc import Sequence
from dataclasses import replace

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.step import SOLVED, Step
from bot.dialogs.matching.matching import loosely, plainly
from bot.dialogs.replies import brief, stepping
from bot.dialogs.replies import searching as knowledge
from bot.dialogs.rules import repair
from bot.dialogs.turn.scene import Scene
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult
from bot.text.folding import fold_label

SAME_MEANING = 0.58
"""Cosine from which words mean the same as a label; measured on answers to the demo's flows."""
CLEARLY = 0.15
"""How much nearer than any other label it must be. Of the demo's own words for choices, each held against the
others, 458 of 758 are taken rightly so, and 22 wrongly."""
_YES_OR_NO = frozenset({"affirm", "deny", "resolved", "not_resolved"})
_TALK = frozenset({"greet", "thank", "goodbye", "bot_challenge", "help", "frustration", "urgent"})
"""Small talk that is no answer even where any text is one."""


def plain_answer(scene: Scene) -> TurnResult | None:
    """The words are a choice's label, synonym or number: nothing needs to be understood."""
    if scene.step is None or scene.step.entity or scene.state.pending:
        return None  # Where an entity is asked for, what is named counts as well.
    number = plainly(scene.words, stepping.offers(scene))
    return None if number is None else stepping.choose(scene, number, "step_answered")


def answer(scene: Scene) -> TurnResult | None:
    """The words answer the step among other words, by yes and no, or freely."""
    step = scene.step
    if step is None or scene.state.pending:
        return None
    if step.any_text:
        return _free_text(scene, step, step.any_text.step)
    offers = stepping.offers(scene)
    number = plainly(repair.without_cue(scene.words), offers)  # "En fait oui"
    if number is None and not _asks(scene) and (done := _by_name(scene, step)):
        return done
    if number is None:
        number = loosely(scene.words, offers, sense=_sense(scene), number=_number(scene))
    if number is not None:
        return stepping.choose(scene, number, "step_answered")
    return _solved_meanwhile(scene) if scene.intent == "resolved" else None


def otherwise(scene: Scene) -> TurnResult | None:
    """The words do not answer: a change of an earlier answer, an aside, another procedure; else once more."""
    if scene.flow is None or scene.state.pending:
        return None
    if scene.intent in _YES_OR_NO:
        return repair.miss(scene, "step_not_understood", scene.say("step.which"))
    remark = scene.intent is None and not _asks(scene)
    return (
        (repair.correct(scene, scene.words) if remark else None)
        or (_by_meaning(scene) if remark else None)
        or knowledge.aside(scene)
        or (_by_name(scene, scene.step) if scene.step else None)
        or repair.miss(scene, "step_not_understood", scene.say("step.not_understood"))
    )


def _by_name(scene: Scene, step: Step) -> TurnResult | None:
    """The value of the entity that the step asks for; it is said, as it may be a synonym's."""
    value = stepping.named(scene, step)
    if value is None:
        return None
    lead = _meant(scene, value)
    return stepping.take(scene, value, walk.leads_to(step, value), "step_named", lead=lead)


def _by_meaning(scene: Scene) -> TurnResult | None:
    """The choice whose label means the same; it is said, so that a mistake is seen."""
    if scene.running is None:
        return None
    nearness = [scene.lookup.likeness(offer.texts) for offer in walk.offers(scene.running.step, {})]
    best, *others = sorted(nearness, reverse=True) or [0.0]
    if best < SAME_MEANING or best - max(others, default=0.0) < CLEARLY:
        return None
    number = nearness.index(best)
    lead = _meant(scene, scene.running.step.choices[number].value)
    return stepping.choose(scene, number, "step_meant", lead=lead)


def _meant(scene: Scene, value: str) -> Sequence[str]:
    """How an answer was understood, unless that is what was said."""
    assert scene.step
    label = brief.answer_text(scene, scene.step, value)
    return () if fold_label(label) == fold_label(scene.words) else (scene.say("step.meant", label=label),)


def _free_text(scene: Scene, step: Step, to: str) -> TurnResult | None:
    if done := _by_name(scene, step):
        return done
    if scene.intent in _TALK:
        return None
    if _asks(scene):
        aside = knowledge.aside(scene)
        return aside or repair.miss(scene, "step_not_understood", scene.say("step.text_expected"))
    return stepping.take(scene, scene.words, to, "text_answered")


def _asks(scene: Scene) -> bool:
    return knowledge.is_question(scene.words)


def _solved_meanwhile(scene: Scene) -> TurnResult:
    why = scene.why("solved_meanwhile")
    settled = replace(scene, state=scene.state.settled())
    word = Feedback(turn_no=scene.turn_no, helped=True)
    return settled.result(Decision.FLOW, why, Reply(text=scene.say("flow.solved")), feedback=word)


def _sense(scene: Scene) -> str | None:
    """Yes or no; "it works" says yes only where that was asked."""
    asked = scene.step is not None and any(choice.next.step == SOLVED for choice in scene.step.choices)
    if scene.intent == "affirm" or (asked and scene.intent == "resolved"):
        return "yes"
    return "no" if scene.intent == "deny" or (asked and scene.intent == "not_resolved") else None


def _number(scene: Scene) -> str | None:
    return scene.understanding.choice if scene.understanding else None
