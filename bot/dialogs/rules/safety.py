"""Words of danger: safety advice first, then a person at once."""

from bot.dialogs.replies.danger import advise
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import TurnResult


def danger(turn: TurnContext) -> TurnResult | None:
    """Says what to do now, and hands over with high urgency."""
    return advise(turn)
