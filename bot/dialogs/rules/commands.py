"""Commands of a chat platform: /start, /human, /help."""

from bot.dialogs.replies import welcome
from bot.dialogs.replies.handover import fetch_person
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import Command, InboundKind
from bot.domain.turn import TurnResult


def start(turn: TurnContext) -> TurnResult | None:
    """The welcome."""
    return welcome.welcome(turn) if _command(turn) == Command.START else None


def human(turn: TurnContext) -> TurnResult | None:
    """A person takes over."""
    return fetch_person(turn) if _command(turn) == Command.HUMAN else None


def how_to(turn: TurnContext) -> TurnResult | None:
    """What can be said here; "/aide mon VPN ne marche pas" is a question, and goes on to the next rules."""
    if turn.message.kind is not InboundKind.COMMAND:
        return None
    if any(char.isalnum() for char in turn.text) and not turn.text.startswith("/"):
        return None
    return welcome.how_to(turn)


def _command(turn: TurnContext) -> str | None:
    return turn.message.value if turn.message.kind is InboundKind.COMMAND else None
