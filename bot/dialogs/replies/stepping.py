"""A flow's side of a turn: beginning it, taking answers, putting questions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.model import Flow
from bot.dialogs.flow.step import DONT_KNOW, Step, Texts
from bot.dialogs.flow.walking import Outcome, Rest
from bot.dialogs.matching.matching import Offer
from bot.dialogs.replies import brief
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import MAX_ANSWER_CHARS
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.messages import Button, ButtonStyle, Reply
from bot.domain.turn import Decision, Feedback, TurnResult, Why


def begin(scene: Scene, flow: Flow, why: Why, *, lead: Sequence[str] = ()) -> TurnResult:
    """Starts a flow; one that runs is left, and what was done in it goes into the brief."""
    scene = leave(scene)
    rest = walk.start(flow, turn_no=scene.turn_no, named=scene.state.named)
    return arrive(scene, flow, rest, why, lead=(*lead, scene.say("flow.start")))


def leave(scene: Scene) -> Scene:
    """Ends the flow that runs, if one does, unfinished."""
    if scene.running is None:
        return scene.remember(pending=None)
    need = scene.state.need.and_tried(*brief.flow_lines(scene, scene.running.flow, scene.running.at))
    return scene.remember(flow=None, pending=None, need=need)


def choose(scene: Scene, number: int, rule: str, *, lead: Sequence[str] = ()) -> TurnResult:
    """Takes the choice of that index at the step that waits."""
    assert scene.running
    choice = scene.running.step.choices[number]
    return take(scene, choice.value, choice.next.step, rule, lead=lead)


def take(
    scene: Scene,
    value: str,
    to: str,
    rule: str,
    *,
    kept: Mapping[str, str] | None = None,
    lead: Sequence[str] = (),
) -> TurnResult:
    """Takes an answer at the step that waits, and goes on."""
    running = scene.running
    assert running
    given = value[:MAX_ANSWER_CHARS]
    scene = _answered(scene, running.step, given)
    rest = walk.answer(
        running.flow, running.at, given, to, turn_no=scene.turn_no, named=scene.state.named, kept=kept
    )
    return arrive(scene, running.flow, rest, scene.why(rule), lead=lead)


def arrive(
    scene: Scene,
    flow: Flow,
    rest: Rest,
    why: Why,
    *,
    lead: Sequence[str] = (),
    decision: Decision = Decision.FLOW,
) -> TurnResult:
    """Says what a walk came to."""
    scene = scene.remember(flow=rest.position, pending=None)
    why = replace(why, flow=flow.id, step=rest.position.step)
    said = [*lead, *_noted(scene, rest), *(text[scene.language] for text in rest.says)]
    if rest.outcome is Outcome.PERSON:
        return _to_person(scene, rest, why, said)
    if rest.outcome is Outcome.ASKS:
        return scene.result(decision, why, Reply(text=_joined(said), buttons=buttons(scene)))
    solved = rest.outcome is Outcome.SOLVED
    said.append(scene.say("flow.solved" if solved else "flow.ended"))
    after = replace(scene, state=scene.state.settled()) if solved else leave(scene)
    offered = () if solved else (person_button(scene),)
    word = Feedback(turn_no=scene.turn_no, helped=True) if solved else None
    return after.result(decision, why, Reply(text=_joined(said), buttons=offered), feedback=word)


def again(scene: Scene, *lead: str, person: bool = False, whole: bool = False) -> Reply:
    """The question that waits, once more.

    Args:
        scene: this turn.
        lead: said before it.
        person: with a button for a person.
        whole: with the instructions that led to it.
    """
    assert scene.running
    said = walk.question(scene.running.flow, scene.running.at)
    shown = [text[scene.language] for text in (said if whole else said[-1:])]
    more = (person_button(scene),) if person else ()
    return Reply(text=_joined([*lead, *shown]), buttons=(*buttons(scene), *more))


def missed(scene: Scene) -> Scene:
    """One more answer at this step that led nowhere."""
    at = scene.state.flow
    assert at
    return scene.remember(flow=replace(at, misses=at.misses + 1))


def buttons(scene: Scene) -> tuple[Button, ...]:
    """The choices of the step that waits, and "I do not know" where the author has an answer to it."""
    assert scene.running
    at, step, labels = scene.running.at, scene.running.step, scene.own_labels()
    shown = [
        Button(label=walk.label(choice, scene.language, labels), value=f"step:{at.turn_no}:{number}")
        for number, choice in enumerate(step.choices, start=1)
    ]
    if step.dont_know:
        label, value = scene.say("button.dont_know"), f"dontknow:{at.turn_no}"
        shown.append(Button(label=label, value=value, style=ButtonStyle.QUIET))
    return tuple(shown)


def person_button(scene: Scene) -> Button:
    """The offer of a person."""
    return Button(label=scene.say("button.human"), value="human", style=ButtonStyle.QUIET)


def offers(scene: Scene) -> tuple[Offer, ...]:
    """The choices of the step that waits, as they are matched."""
    step = scene.step
    return walk.offers(step, scene.own_labels()) if step else ()


def named(scene: Scene, step: Step, *, but: str | None = None) -> str | None:
    """The answer to a step, as it is kept, that this message names; None when it names none, or several.

    Args:
        but: an answer that is being corrected, which the message may name as well.
    """
    heard = scene.understanding
    values = heard.entities.get(step.entity, ()) if heard and step.entity else ()
    found = {walk.value_of(step, {step.entity: value}) for value in values if step.entity} - {None, but}
    return found.pop() if len(found) == 1 else None


def _answered(scene: Scene, step: Step, given: str) -> Scene:
    """What was named gives way to an answer that says otherwise; a choice's short name is no such value."""
    if step.entity is None or walk.value_of(step, scene.state.named) == given:
        return scene
    values = () if step.choices or given == DONT_KNOW else (given,)
    return replace(scene, state=scene.state.naming({step.entity: values}))


def _noted(scene: Scene, rest: Rest) -> Sequence[str]:
    """What was taken from earlier words, so that it can be corrected."""
    if not rest.noted:
        return ()
    noted = scene.say("step.noted", named=", ".join(dict.fromkeys(rest.noted)))
    way_back = scene.say("step.noted_back") if rest.outcome is Outcome.ASKS else ""
    return (f"{noted} {way_back}".rstrip(),)


def _to_person(scene: Scene, rest: Rest, why: Why, said: Sequence[str]) -> TurnResult:
    reason: Texts = rest.reason or {}
    text = _joined([*said, scene.say("person.flow")])
    return hand_over(
        scene,
        HandoffReason.FLOW,
        why,
        text,
        urgency=rest.urgency,
        last_line=reason.get(scene.language),
    )


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if text)
