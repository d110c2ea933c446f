"""Edits of the last message: they take its place when nothing was done since."""

from bot.dialogs.state.state import DialogueState
from bot.domain.messages import InboundKind, InboundMessage
from bot.text.folding import fold_label


def is_edit_of_last(state: DialogueState, message: InboundMessage, text: str) -> bool:
    """Whether an edit changes the words of the last message, with nothing done since."""
    if message.kind is not InboundKind.EDIT or state.last is None:
        return False
    return message.reference == state.last.reference and fold_label(text) != fold_label(state.last.text)
