"""Words of danger: safety advice first, then a person at once."""

from dataclasses import replace

from bot.dialogs.replies.handover import hand_over
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason, Urgency
from bot.domain.turn import TurnResult

DANGERS = ("danger_injury", "danger_fire", "danger_electric", "danger_data")
"""Intents, the most urgent first."""


def danger(turn: TurnContext) -> TurnResult | None:
    """Says what to do now, with the desk's emergency number, and hands over with high urgency."""
    intent = next((name for name in DANGERS if turn.has_intent(name)), None)
    if intent is None:
        return None
    kind = intent.removeprefix("danger_")
    emergency = turn.desk.emergency.get(turn.language) or turn.say("danger.no_number")
    text = f"{turn.say(f'danger.{kind}', emergency=emergency)}\n\n{turn.say('danger.person')}"
    before = turn.state.need.question
    turn = turn.with_state(need=replace(turn.state.need, question=turn.question))
    return hand_over(
        turn,
        HandoffReason.DANGER,
        turn.why(intent),
        text,
        urgency=Urgency.HIGH,
        last_line=turn.say("brief.before", question=before) if before else None,
    )
