"""Changes of messages already answered."""

from dataclasses import replace

from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.edits import is_edit_of_last
from bot.domain.messages import InboundKind
from bot.domain.turn import Decision, TurnResult


def deleted(turn: TurnContext) -> TurnResult | None:
    """A deleted message changes nothing."""
    return _silent(turn, "message_taken_back") if turn.message.kind is InboundKind.DELETE else None


def edit_without_effect(turn: TurnContext) -> TurnResult | None:
    """An edit that changes no words, or of a message that is not the last."""
    if turn.message.kind is not InboundKind.EDIT or is_edit_of_last(turn.state, turn.message, turn.text):
        return None
    return _silent(turn, "edit_of_no_matter")


def _silent(turn: TurnContext, rule: str) -> TurnResult:
    result = turn.result(Decision.COMMAND, turn.why(rule))
    return replace(result, state=turn.state.to_json())
