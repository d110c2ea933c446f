"""Words while a question outside a flow is open: one of these, none of these, a person or not."""

from dataclasses import replace

from bot.dialogs.matching.matching import full_match, partial_match
from bot.dialogs.replies import asking, feedback, later_needs, open_question
from bot.dialogs.retrieval.policy import MAX_ROUNDS
from bot.dialogs.state.state import Pending
from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.sense import sense
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult


def full_answer(turn: TurnContext) -> TurnResult | None:
    """The words are a button's label or number: no model is needed."""
    number = full_match(turn.text, asking.offers(turn))
    return None if number is None else later_needs.pick(turn, number)


def partial_answer(turn: TurnContext) -> TurnResult | None:
    """The words name one of the answers among other words."""
    if turn.state.pending is None:
        return None
    said = sense(turn, asked_if_solved=False)
    number = partial_match(turn.text, asking.offers(turn), sense=said, number=turn.choice)
    return None if number is None else later_needs.pick(later_needs.after_answer(turn), number)


def affirmed(turn: TurnContext) -> TurnResult | None:
    """Yes to "which of these?": the only one, else asks which. Once, then a person."""
    pending = _clarification(turn)
    if pending is None:
        return None
    if len(pending.topics) == 1:
        return later_needs.pick(turn, 0)
    if pending.rounds >= MAX_ROUNDS:
        return asking.none_of_these(turn)
    turn = turn.with_state(pending=replace(pending, rounds=pending.rounds + 1))
    key = "clarify.which" if pending.topics else "clarify.go_on"
    return turn.result(Decision.CLARIFY, turn.why("which_one"), open_question.ask_again(turn, turn.say(key)))


def solved(turn: TurnContext) -> TurnResult | None:
    """It works again before the question was answered."""
    if _clarification(turn) is None:
        return None
    latest = turn.state.latest
    turn = turn.with_state(pending=None)
    if latest:
        return feedback.take(turn, latest.turn_no, helped=True)
    return turn.result(Decision.SMALLTALK, turn.why("resolved"), Reply(text=turn.say("feedback.helped")))


def refused(turn: TurnContext) -> TurnResult | None:
    """None of these: a person."""
    return asking.none_of_these(turn) if _clarification(turn) else None


def drop_optional(turn: TurnContext) -> TurnContext:
    """The same turn without an open question that this message leaves unanswered."""
    pending = turn.state.pending
    return turn.with_state(pending=None) if pending and not pending.is_clarification else turn


def _clarification(turn: TurnContext) -> Pending | None:
    """The open question, if it is one that a message may not leave unanswered."""
    pending = turn.state.pending
    return pending if pending and pending.is_clarification else None
