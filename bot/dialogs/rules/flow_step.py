"""Words while a step of a flow waits: its answer, a question beside it, or something not understood."""

from collections.abc import Sequence
from dataclasses import replace

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.model import SOLVED, FlowStep
from bot.dialogs.matching.matching import full_match, partial_match
from bot.dialogs.matching.phrasing import is_question, without_cue
from bot.dialogs.reading.clauses import answers_by_clause
from bot.dialogs.replies import brief, correcting, flow_replies, later_needs, searching
from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.sense import sense
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult
from bot.text.folding import fold_label

_TALK = frozenset({"greet", "thank", "goodbye", "bot_challenge", "help", "frustration", "urgent"})
"""Small talk that is no answer even where any text is one."""


def full_answer(turn: TurnContext) -> TurnResult | None:
    """The words are a choice's label, synonym or number: no model is needed."""
    step = _waiting(turn)
    if step is None or step.entity:
        return None  # Where an entity is asked for, what is named counts as well.
    number = full_match(turn.text, flow_replies.offers(turn))
    return None if number is None else flow_replies.choose(turn, number, "step_answered")


def free_text(turn: TurnContext) -> TurnResult | None:
    """The step takes any text; a question is answered beside it."""
    step = _waiting(turn)
    if step is None or step.any_text is None:
        return None
    if done := _by_name(turn, step):
        return done
    if turn.intent in _TALK:
        return None
    if is_question(turn.text):
        miss = correcting.miss
        return searching.aside(turn) or miss(turn, "step_not_understood", turn.say("step.text_expected"))
    return flow_replies.take_answer(turn, turn.text, step.any_text.step, "text_answered")


def corrected_answer(turn: TurnContext) -> TurnResult | None:
    """The words are a choice after "en fait" or the like."""
    if _waiting(turn) is None:
        return None
    number = full_match(without_cue(turn.text), flow_replies.offers(turn))
    return None if number is None else flow_replies.choose(turn, number, "step_answered")


def named_answer(turn: TurnContext) -> TurnResult | None:
    """The words name a value of the entity that the step asks for, and ask nothing."""
    step = _waiting(turn)
    return None if step is None or is_question(turn.text) else _by_name(turn, step)


def partial_answer(turn: TurnContext) -> TurnResult | None:
    """The words name a choice among other words, or say yes or no, or a number."""
    step = _waiting(turn)
    if step is None:
        return None
    said = sense(turn, asked_if_solved=any(choice.next.step == SOLVED for choice in step.choices))
    offers = flow_replies.offers(turn)
    number = partial_match(turn.text, offers, sense=said, number=turn.choice)
    if number is None and len(by_clause := answers_by_clause(turn.text, offers)) == 1:
        (number,) = by_clause
    if number is None:
        return None
    return flow_replies.choose(later_needs.after_answer(turn), number, "step_answered")


def solved(turn: TurnContext) -> TurnResult | None:
    """It works again before the flow has come to its end."""
    if _waiting(turn) is None:
        return None
    why = turn.why("solved_meanwhile")
    settled = replace(turn, state=turn.state.settled())
    helped = Feedback(turn_no=turn.turn_no, helped=True)
    return settled.result(Decision.FLOW, why, Reply(text=turn.say("flow.solved")), feedback=helped)


def unclear_yes_or_no(turn: TurnContext) -> TurnResult | None:
    """Yes or no where the choices are others: which one?"""
    if _waiting(turn) is None:
        return None
    return correcting.miss(turn, "step_not_understood", turn.say("step.which"))


def earlier_answer(turn: TurnContext) -> TurnResult | None:
    """A remark that gives another answer to an earlier step."""
    return correcting.correct_choice(turn, turn.text) if _remarks(turn) else None


def similar_answer(turn: TurnContext) -> TurnResult | None:
    """A remark that means the same as a choice's label; the choice is named, so that a mistake is seen."""
    step = _waiting(turn)
    if step is None or not _remarks(turn):
        return None
    scores = [turn.query.similarity(offer.texts) for offer in walk.offers(step, {})]
    best, *others = sorted(scores, reverse=True) or [0.0]
    lead_over_next = best - max(others, default=0.0)
    if best < turn.thresholds.similar or lead_over_next < turn.thresholds.similar_margin:
        return None
    number = scores.index(best)
    lead = _understood_as(turn, step, step.choices[number].value)
    return flow_replies.choose(turn, number, "step_meant", lead=lead)


def aside(turn: TurnContext) -> TurnResult | None:
    """A question that an article answers, or that another flow is for."""
    return searching.aside(turn) if _waiting(turn) else None


def named_in_question(turn: TurnContext) -> TurnResult | None:
    """A question that names a value of the entity that the step asks for."""
    step = _waiting(turn)
    return _by_name(turn, step) if step else None


def not_understood(turn: TurnContext) -> TurnResult | None:
    """Help and the question again; the next time a person."""
    if _waiting(turn) is None:
        return None
    lead = "mood.sorry" if turn.has_intent("frustration") else "step.not_understood"
    return correcting.miss(turn, "step_not_understood", turn.say(lead))


def _waiting(turn: TurnContext) -> FlowStep | None:
    """The step that waits, unless a question outside the flow is open."""
    return None if turn.state.pending else turn.step


def _remarks(turn: TurnContext) -> bool:
    """Whether the message is a statement of no known intent, at a step that waits."""
    return _waiting(turn) is not None and turn.intent is None and not is_question(turn.text)


def _by_name(turn: TurnContext, step: FlowStep) -> TurnResult | None:
    """The value of the entity that the step asks for; it is repeated, as it may be a synonym's."""
    value = flow_replies.named_answer(turn, step)
    if value is None:
        return None
    lead = _understood_as(turn, step, value)
    return flow_replies.take_answer(turn, value, walk.leads_to(step, value), "step_named", lead=lead)


def _understood_as(turn: TurnContext, step: FlowStep, value: str) -> Sequence[str]:
    """How an answer was understood, unless that is what was said."""
    label = brief.answer_text(turn, step, value)
    return () if fold_label(label) == fold_label(turn.text) else (turn.say("step.meant", label=label),)
