"""Somebody asks for a person."""

from bot.dialogs.replies.handover import fetch_person
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import TurnResult
from bot.text.folding import fold_label

_EXTRA_WORDS = 3
"""A request this much longer than the button's label also says what is wrong."""


def person_asked(turn: TurnContext) -> TurnResult:
    """A person takes over; what a longer message says goes into the brief."""
    if len(turn.text.split()) > len(fold_label(turn.say("button.human")).split()) + _EXTRA_WORDS:
        turn = turn.with_state(need=turn.need_with_question())
    return fetch_person(turn)
