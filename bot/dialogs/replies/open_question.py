"""The question that waits for an answer, put again after something else was said."""

from bot.dialogs.replies import asking, flow_replies
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import Reply


def is_open(turn: TurnContext) -> bool:
    """Whether the bot has asked something that is not answered yet."""
    return turn.state.is_open


def ask_again(turn: TurnContext, *lead: str, person: bool = False) -> Reply:
    """Says something and puts the open question again, if there is one.

    Args:
        turn: this turn.
        lead: said first.
        person: with a button for a person, unless the question is outside a flow.
    """
    if turn.state.pending:
        return asking.ask(turn, *lead)
    if turn.state.flow:
        return flow_replies.repeat_question(turn, *lead, person=person)
    return Reply(text="\n\n".join(lead), buttons=(flow_replies.person_button(turn),) if person else ())
