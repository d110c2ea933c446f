"""Messages that say nothing in words: a file, nothing, signs, a number."""

from dataclasses import replace

from bot.dialogs.replies.handover import hand_over
from bot.dialogs.replies.open_question import ask_again, is_open
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.turn import Decision, TurnResult


def only_a_file(turn: TurnContext) -> TurnResult | None:
    """A file without words is for a person to look at."""
    if not turn.message.attachments or _has_words(turn):
        return None
    bare = replace(turn, message=replace(turn.message, attachments=()))
    text = turn.say("attachment.passed_on")
    return hand_over(bare, HandoffReason.ATTACHMENT, turn.why("file_without_words"), text)


def empty(turn: TurnContext) -> TurnResult | None:
    """Nothing at all: asks for words."""
    return None if turn.text else _ask_for_words(turn)


def only_a_number(turn: TurnContext) -> TurnResult | None:
    """A number when nothing was asked: asks for words."""
    return _ask_for_words(turn) if turn.choice and not is_open(turn) else None


def only_signs(turn: TurnContext) -> TurnResult | None:
    """Signs that were not understood as an intent: asks for words."""
    return None if _has_words(turn) or turn.intent is not None else _ask_for_words(turn)


def _ask_for_words(turn: TurnContext) -> TurnResult:
    reply = ask_again(turn, turn.say("ask.words"))
    return turn.result(Decision.SMALLTALK, turn.why("no_words"), reply)


def _has_words(turn: TurnContext) -> bool:
    return any(char.isalnum() for char in turn.text)
