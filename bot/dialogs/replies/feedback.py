"""Feedback on an answer: thanks, or one more clarification, or a person."""

from dataclasses import replace

from bot.dialogs.replies import asking, open_question
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import GivenAnswer, Pending, PendingKind
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult

ASK_BACK = 1
"""Complaints about answers to one need that lead to a clarification; the next one to a person."""


def take(turn: TurnContext, turn_no: int, *, helped: bool) -> TurnResult:
    """Feedback on the answer given in that turn, which need not be the latest."""
    word = Feedback(turn_no=turn_no, helped=helped)
    given, latest = turn.state.answer(turn_no), turn.state.latest
    turn = turn.with_state(need=turn.state.need.judged(turn_no, helped=helped))
    if open_question.is_open(turn) or given is None or given != latest:
        why = turn.why("feedback_on_earlier_answer")
        reply = open_question.ask_again(turn, turn.say("feedback.noted"))
        return turn.result(Decision.SMALLTALK, why, reply, feedback=word)
    return _thank(turn, word) if helped else not_helped(turn, given)


def not_helped(turn: TurnContext, given: GivenAnswer) -> TurnResult:
    """The latest answer did not help."""
    word = Feedback(turn_no=given.turn_no, helped=False)
    need = turn.state.need.judged(given.turn_no, helped=False)
    need = replace(need.named(given.question), complaints=need.complaints + 1)
    turn = turn.with_state(need=need)
    if need.complaints > ASK_BACK:
        why = turn.why("twice_not_helped")
        text = turn.say("person.not_helped")
        return hand_over(turn, HandoffReason.NOT_HELPED, why, text, feedback=word)
    pending = Pending(
        kind=PendingKind.CHOICES if given.others else PendingKind.REPHRASE,
        question=given.question,
        topics=given.others,
        turn_no=turn.turn_no,
        rounds=1,
        complaint=True,
    )
    turn = turn.with_state(pending=pending)
    return turn.result(Decision.CLARIFY, turn.why("not_helped"), asking.ask(turn), feedback=word)


def _thank(turn: TurnContext, word: Feedback) -> TurnResult:
    settled = replace(turn, state=turn.state.settled())
    reply = Reply(text=turn.say("feedback.helped"))
    return settled.result(Decision.SMALLTALK, turn.why("helped"), reply, feedback=word)
