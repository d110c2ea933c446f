"""What people say around a problem: hello, thanks, yes, I am fed up, it is urgent, are you a robot."""

from dataclasses import replace

from bot.dialogs.reading.polarity import is_well
from bot.dialogs.replies import feedback, open_question, searching, welcome
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult

MAX_FRUSTRATIONS = 2
"""How often somebody sounds fed up until a person takes over."""
_LONG_WORDS = 4
"""A message longer than this may hold a question beside its mood."""


def greet(turn: TurnContext) -> TurnResult:
    """The welcome, the first time; else a hello and the open question."""
    if not turn.state.greeted and not open_question.is_open(turn):
        return welcome.welcome(turn)
    return _reply(turn, "greet", *welcome.lead(turn), *_what_else(turn))


def thank(turn: TurnContext) -> TurnResult:
    """You are welcome."""
    return _reply(turn, "thank", turn.say("thank.reply"))


def goodbye(turn: TurnContext) -> TurnResult:
    """Closes the conversation."""
    settled = replace(turn, state=turn.state.settled())
    reply = Reply(text=turn.say("goodbye.reply"))
    return settled.result(Decision.SMALLTALK, turn.why("goodbye"), reply, close=True)


def how_to(turn: TurnContext) -> TurnResult:
    """What can be said here."""
    return welcome.how_to(turn)


def bot_challenge(turn: TurnContext) -> TurnResult:
    """Says that it is a bot, and offers a person."""
    text = turn.say("robot.reply", bot=turn.desk.bot_name)
    reply = open_question.ask_again(turn, text, person=True)
    return turn.result(Decision.SMALLTALK, turn.why("bot_challenge"), reply)


def frustration(turn: TurnContext) -> TurnResult:
    """Answers the question in it, else offers a person; the second time a person takes over."""
    if turn.state.need.grumbles >= MAX_FRUSTRATIONS:
        why = turn.why("frustrated_again")
        return hand_over(turn, HandoffReason.NOT_HELPED, why, turn.say("person.frustrated"))
    if answered := _answer_if_sure(turn):
        return answered
    if not open_question.is_open(turn):
        turn = turn.with_state(pending=Pending(kind=PendingKind.PERSON, turn_no=turn.turn_no))
    reply = open_question.ask_again(turn, turn.say("mood.sorry"), person=True)
    return turn.result(Decision.SMALLTALK, turn.why("frustrated"), reply)


def urgent(turn: TurnContext) -> TurnResult:
    """Answers what it asks beside saying so, else asks what is wrong."""
    if answered := _answer_if_sure(turn):
        return answered
    reply = open_question.ask_again(turn, turn.say("mood.urgent"), *_what_else(turn), person=True)
    return turn.result(Decision.SMALLTALK, turn.why("urgent"), reply)


def praise(turn: TurnContext) -> TurnResult:
    """Praises: thanks for it."""
    return _reply(turn, "praise", turn.say("praise.reply"))


def laugh(turn: TurnContext) -> TurnResult:
    """Laughs: goes on in good humour."""
    return _reply(turn, "laugh", turn.say("laugh.reply"), *_what_else(turn))


def not_urgent(turn: TurnContext) -> TurnResult:
    """Says that there is no hurry; answers what it asks beside saying so."""
    turn = turn.with_state(need=replace(turn.state.need, urgent=False))
    return _answer_if_sure(turn) or _reply(turn, "not_urgent", turn.say("mood.not_urgent"), *_what_else(turn))


def no_human(turn: TurnContext) -> TurnResult:
    """Wants no person; answers what it asks beside saying so."""
    return _answer_if_sure(turn) or _reply(turn, "no_human", turn.say("ask.go_on"), *_what_else(turn))


def yes(turn: TurnContext) -> TurnResult | None:
    """The latest answer helped; without one, goes on. Left to the next rules where a step waits."""
    latest = turn.state.latest
    if turn.flow and not turn.state.pending:
        return None
    if latest and not open_question.is_open(turn) and turn.state.need.question:
        return feedback.take(turn, latest.turn_no, helped=True)
    return _reply(turn, "affirm", _go_on(turn))


def no(turn: TurnContext) -> TurnResult | None:
    """The latest answer did not help; without one, goes on. Left to the next rules where a step waits."""
    latest = turn.state.latest
    if turn.flow and not turn.state.pending:
        return None
    if latest and not open_question.is_open(turn) and turn.state.need.question:
        return feedback.take(turn, latest.turn_no, helped=False)
    if turn.intent == "not_resolved":
        return None  # "Mon imprimante ne marche toujours pas" is a question.
    return _reply(turn, "deny", _go_on(turn))


def all_well(turn: TurnContext) -> TurnResult | None:
    """Says that something works: is glad of it."""
    if not turn.says_opposite or not is_well(turn.question, turn.language):
        return None
    return _reply(turn, "all_well", turn.say("mood.glad"))


def _what_else(turn: TurnContext) -> tuple[str, ...]:
    return () if open_question.is_open(turn) else (turn.say("ask.what"),)


def _go_on(turn: TurnContext) -> str:
    return turn.say("ask.go_on" if open_question.is_open(turn) else "ask.what")


def _answer_if_sure(turn: TurnContext) -> TurnResult | None:
    """The answer to what a longer message asks, as a whole or in a part; None while a question is open."""
    if open_question.is_open(turn) or len(turn.text.split()) <= _LONG_WORDS:
        return None
    parts = turn.reading.parts if len(turn.reading.parts) > 1 else ()
    asked = (turn, *(turn.about(part) for part in reversed(parts)))
    answers = (searching.ask_if_sure(each, lead=welcome.lead(each)) for each in asked)
    return next((answer for answer in answers if answer is not None), None)


def _reply(turn: TurnContext, rule: str, *text: str) -> TurnResult:
    reply = open_question.ask_again(turn, " ".join(text))
    return turn.result(Decision.SMALLTALK, turn.why(rule), reply)
