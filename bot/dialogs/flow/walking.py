"""Walking through a flow: from one question to the next, back, and to an earlier one. Says nothing itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.dialogs.flow.model import DONT_KNOW, END, NO, SOLVED, YES, Choice, Flow, FlowStep, Texts
from bot.dialogs.matching.matching import Offer, full_match
from bot.dialogs.state.state import FlowPosition, StepVisit
from bot.domain.case import Urgency

_SENSES = {YES: "yes", NO: "no"}


class WalkOutcome(StrEnum):
    """How a walk ended."""

    ASKS = "asks"
    ENDED = "ended"
    SOLVED = "solved"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class WalkResult:
    """Where a walk ended.

    Args:
        position: with the path walked; its step is the one that waits, or the last one.
        says: what the steps on the way say, in order; a question comes last.
        reason: what the agent reads, by language, when a person takes over.
        urgency: of the case, when a person takes over.
        noted: what was named before, and so was not asked on the way.
    """

    outcome: WalkOutcome
    position: FlowPosition
    says: tuple[Texts, ...] = ()
    reason: Texts | None = None
    urgency: Urgency = Urgency.NORMAL
    noted: tuple[str, ...] = ()


def start(flow: Flow, *, turn_no: int, named: Mapping[str, str]) -> WalkResult:
    """Begins a flow; `named` as in `DialogueState`."""
    first = flow.steps[0].id
    return _go(flow, FlowPosition(flow=flow.id, step=first), first, turn_no=turn_no, kept={}, named=named)


def answer(
    flow: Flow,
    position: FlowPosition,
    value: str,
    to: str,
    *,
    turn_no: int,
    named: Mapping[str, str],
    kept: Mapping[str, str] | None = None,
) -> WalkResult:
    """Goes on from the step that waits.

    Args:
        flow: the flow.
        position: where the person stands.
        value: the answer, as it is kept.
        to: the step that it leads to.
        turn_no: of this turn.
        named: values by entity, as in `DialogueState`.
        kept: later answers that still hold, by step id; their questions are not put again.
    """
    walked = replace(position, path=(*position.path, StepVisit(step=position.step, value=value)))
    return _go(flow, walked, to, turn_no=turn_no, kept=dict(kept or {}), named=named)


def back(flow: Flow, position: FlowPosition, *, turn_no: int) -> WalkResult | None:
    """Puts the question before this one again; None when this is the first."""
    asked = [number for number, visit in enumerate(position.path) if visit.value is not None]
    if not asked:
        return None
    return rewind(flow, position, asked[-1], turn_no=turn_no)


def rewind(flow: Flow, position: FlowPosition, visit: int, *, turn_no: int) -> WalkResult:
    """Goes back to a step passed earlier; `visit` is its place in the path."""
    step = position.path[visit].step
    earlier = replace(position, step=step, path=position.path[:visit], turn_no=turn_no, misses=0)
    return WalkResult(outcome=WalkOutcome.ASKS, position=earlier, says=question(flow, earlier))


def question(flow: Flow, position: FlowPosition) -> tuple[Texts, ...]:
    """The question that waits, after the instructions that lead to it."""
    said: list[Texts] = []
    for visit in reversed(position.path):
        move = flow.by_id[visit.step].enter({}) if visit.value is None else None
        if move is None or move.says is None:
            break
        said.insert(0, move.says)
    return (*said, *_only_question(flow, position))


def offers(step: FlowStep, words: Mapping[str, Texts]) -> tuple[Offer, ...]:
    """The choices of a step as they are matched, in all languages at once.

    Args:
        step: that waits.
        words: the product's own labels, by value, for choices that the author did not word.
    """
    return tuple(_offer(choice, words) for choice in step.choices)


def label(choice: Choice, language: str, words: Mapping[str, Texts]) -> str:
    """What a choice's button says."""
    return (choice.label or words[choice.value])[language]


def _offer(choice: Choice, words: Mapping[str, Texts]) -> Offer:
    labels = choice.label or words.get(choice.value, {})
    also = [text for texts in choice.also.values() for text in texts]
    value = [] if choice.value.isdecimal() else [choice.value]
    return Offer((*labels.values(), *also, *value), None if choice.label else _SENSES.get(choice.value))


def _only_question(flow: Flow, position: FlowPosition) -> Sequence[Texts]:
    says = flow.by_id[position.step].enter(position.answers()).says
    return [] if says is None else [says]


def _go(
    flow: Flow,
    position: FlowPosition,
    to: str,
    *,
    turn_no: int,
    kept: dict[str, str],
    named: Mapping[str, str],
) -> WalkResult:
    """Enters step after step until one waits. Ends: a loop holds a step that waits (`flow_check`), and
    each kept answer is used once, as is what was named."""
    said: list[Texts] = []
    noted: list[str] = []
    while to not in (END, SOLVED):
        step = flow.by_id[to]
        position = replace(position, step=to, turn_no=turn_no, misses=0)
        move = step.enter(position.answers())
        if step.waits and to in kept:
            said = []  # The instructions before a question that is answered have been followed.
            value = kept.pop(to)
            to = leads_to(step, value)
            position = replace(position, path=(*position.path, StepVisit(step=step.id, value=value)))
            continue
        known = None if to in position.answers() else value_of(step, named)
        if known is not None and step.entity is not None:
            noted.append(named[step.entity])
            to = leads_to(step, known)
            position = replace(position, path=(*position.path, StepVisit(step=step.id, value=known)))
            continue
        said += [move.says] if move.says else []
        if move.to is None:
            outcome = WalkOutcome.PERSON if move.reason else WalkOutcome.ASKS
            return WalkResult(
                outcome=outcome,
                position=position,
                says=tuple(said),
                reason=move.reason,
                urgency=move.urgency,
                noted=tuple(noted),
            )
        position = replace(position, path=(*position.path, StepVisit(step=to)))
        to = move.to
    outcome = WalkOutcome.SOLVED if to == SOLVED else WalkOutcome.ENDED
    return WalkResult(outcome=outcome, position=position, says=tuple(said), noted=tuple(noted))


def value_of(step: FlowStep, named: Mapping[str, str]) -> str | None:
    """The answer to a step, as it is kept, in what was named; None when it is not there."""
    value = named.get(step.entity) if step.entity else None
    if value is None or not step.choices:
        return value
    number = full_match(value, offers(step, {}))
    return None if number is None else step.choices[number].value


def leads_to(step: FlowStep, value: str) -> str:
    """Where an answer leads, given as it is kept."""
    if value == DONT_KNOW and step.dont_know:
        return step.dont_know.step
    for choice in step.choices:
        if choice.value == value:
            return choice.next.step
    return END if step.any_text is None else step.any_text.step
