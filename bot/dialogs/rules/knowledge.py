"""Everything else is a question for the knowledge base."""

from bot.dialogs.replies import later_needs, welcome
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import TurnResult


def search(turn: TurnContext) -> TurnResult:
    """Answers, starts a flow, asks back or hands over, as `bot.dialogs.retrieval.policy` decides."""
    return later_needs.ask(turn, lead=welcome.lead(turn))
