"""Replies of a flow: starting it, taking answers, putting questions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.model import DONT_KNOW, Flow, FlowStep, Texts
from bot.dialogs.flow.walking import WalkOutcome, WalkResult
from bot.dialogs.matching.matching import Offer
from bot.dialogs.replies import brief
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import MAX_ANSWER_CHARS
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.messages import Button, ButtonStyle, Reply
from bot.domain.turn import Decision, Feedback, TurnResult, Why


def begin(turn: TurnContext, flow: Flow, why: Why, *, lead: Sequence[str] = ()) -> TurnResult:
    """Starts a flow; one that runs is left, and what was done in it goes into the brief."""
    turn = leave(turn)
    rest = walk.start(flow, turn_no=turn.turn_no, named=turn.state.named)
    return arrive(turn, flow, rest, why, lead=(*lead, turn.say("flow.start")))


def leave(turn: TurnContext) -> TurnContext:
    """Ends the flow that runs, if one does, unfinished."""
    if turn.running is None:
        return turn.with_state(pending=None)
    need = turn.state.need.and_tried(*brief.flow_lines(turn, turn.running.flow, turn.running.at))
    return turn.with_state(flow=None, pending=None, need=need)


def choose(turn: TurnContext, number: int, rule: str, *, lead: Sequence[str] = ()) -> TurnResult:
    """Takes the choice of that index at the step that waits."""
    assert turn.running
    choice = turn.running.step.choices[number]
    return take_answer(turn, choice.value, choice.next.step, rule, lead=lead)


def take_answer(
    turn: TurnContext,
    value: str,
    to: str,
    rule: str,
    *,
    kept: Mapping[str, str] | None = None,
    lead: Sequence[str] = (),
) -> TurnResult:
    """Takes an answer at the step that waits, and goes on."""
    running = turn.running
    assert running
    given = value[:MAX_ANSWER_CHARS]
    turn = _answered(turn, running.step, given)
    rest = walk.answer(
        running.flow, running.at, given, to, turn_no=turn.turn_no, named=turn.state.named, kept=kept
    )
    return arrive(turn, running.flow, rest, turn.why(rule), lead=lead)


def arrive(
    turn: TurnContext,
    flow: Flow,
    rest: WalkResult,
    why: Why,
    *,
    lead: Sequence[str] = (),
    decision: Decision = Decision.FLOW,
) -> TurnResult:
    """The result of a walk: a question, an end, or a handover."""
    turn = turn.with_state(flow=rest.position, pending=None)
    why = replace(why, flow=flow.id, step=rest.position.step)
    said = [*lead, *_noted(turn, rest), *(text[turn.language] for text in rest.says)]
    if rest.outcome is WalkOutcome.PERSON:
        return _to_person(turn, rest, why, said)
    if rest.outcome is WalkOutcome.ASKS:
        return turn.result(decision, why, Reply(text=_joined(said), buttons=buttons(turn)))
    solved = rest.outcome is WalkOutcome.SOLVED
    said.append(turn.say("flow.solved" if solved else "flow.ended"))
    after = replace(turn, state=turn.state.settled()) if solved else leave(turn)
    offered = () if solved else (person_button(turn),)
    word = Feedback(turn_no=turn.turn_no, helped=True) if solved else None
    return after.result(decision, why, Reply(text=_joined(said), buttons=offered), feedback=word)


def repeat_question(turn: TurnContext, *lead: str, person: bool = False, whole: bool = False) -> Reply:
    """The question that waits, once more.

    Args:
        turn: this turn.
        lead: said before it.
        person: with a button for a person.
        whole: with the instructions that led to it.
    """
    assert turn.running
    said = walk.question(turn.running.flow, turn.running.at)
    shown = [text[turn.language] for text in (said if whole else said[-1:])]
    more = (person_button(turn),) if person else ()
    return Reply(text=_joined([*lead, *shown]), buttons=(*buttons(turn), *more))


def missed(turn: TurnContext) -> TurnContext:
    """The turn with one more answer at this step that was not understood or not known."""
    at = turn.state.flow
    assert at
    return turn.with_state(flow=replace(at, misses=at.misses + 1))


def buttons(turn: TurnContext) -> tuple[Button, ...]:
    """The choices of the step that waits, and "I do not know" where the author has an answer to it."""
    assert turn.running
    at, step, labels = turn.running.at, turn.running.step, turn.built_in_labels()
    shown = [
        Button(label=walk.label(choice, turn.language, labels), value=f"step:{at.turn_no}:{number}")
        for number, choice in enumerate(step.choices, start=1)
    ]
    if step.dont_know:
        label, value = turn.say("button.dont_know"), f"dontknow:{at.turn_no}"
        shown.append(Button(label=label, value=value, style=ButtonStyle.QUIET))
    return tuple(shown)


def person_button(turn: TurnContext) -> Button:
    """The button for a person."""
    return Button(label=turn.say("button.human"), value="human", style=ButtonStyle.QUIET)


def offers(turn: TurnContext) -> tuple[Offer, ...]:
    """The choices of the step that waits, as they are matched."""
    step = turn.step
    return walk.offers(step, turn.built_in_labels()) if step else ()


def named_answer(turn: TurnContext, step: FlowStep, *, but: str | None = None) -> str | None:
    """The answer to a step, as it is kept, that this message names; None when it names none, or several.

    Args:
        but: an answer that is being corrected, which the message may name as well.
    """
    heard = turn.understanding
    values = heard.entities.get(step.entity, ()) if heard and step.entity else ()
    found = {walk.value_of(step, {step.entity: value}) for value in values if step.entity} - {None, but}
    return found.pop() if len(found) == 1 else None


def _answered(turn: TurnContext, step: FlowStep, given: str) -> TurnContext:
    """The turn after an answer: the entity's named value is replaced by it, or dropped for a choice."""
    if step.entity is None or walk.value_of(step, turn.state.named) == given:
        return turn
    values = () if step.choices or given == DONT_KNOW else (given,)
    return replace(turn, state=turn.state.naming({step.entity: values}))


def _noted(turn: TurnContext, rest: WalkResult) -> Sequence[str]:
    """Names the values taken from earlier messages, so that they can be corrected."""
    if not rest.noted:
        return ()
    noted = turn.say("step.noted", named=", ".join(dict.fromkeys(rest.noted)))
    way_back = turn.say("step.noted_back") if rest.outcome is WalkOutcome.ASKS else ""
    return (f"{noted} {way_back}".rstrip(),)


def _to_person(turn: TurnContext, rest: WalkResult, why: Why, said: Sequence[str]) -> TurnResult:
    reason: Texts = rest.reason or {}
    text = _joined([*said, turn.say("person.flow")])
    return hand_over(
        turn,
        HandoffReason.FLOW,
        why,
        text,
        urgency=rest.urgency,
        last_line=reason.get(turn.language),
    )


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if text)
