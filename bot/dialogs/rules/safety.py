"""Words of danger: safety first, then a person at once."""

from dataclasses import replace

from bot.dialogs.replies.handover import hand_over
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason, Urgency
from bot.domain.turn import TurnResult

DANGERS = ("danger_injury", "danger_fire", "danger_electric", "danger_data")
"""Intents, the most pressing first."""


def danger(scene: Scene) -> TurnResult | None:
    """What to do now, in one breath, and the desk's emergency number."""
    heard = next((name for name in DANGERS if scene.hears(name)), None)
    if heard is None:
        return None
    kind = heard.removeprefix("danger_")
    whom = scene.desk.emergency.get(scene.language) or scene.say("danger.no_number")
    text = f"{scene.say(f'danger.{kind}', emergency=whom)}\n\n{scene.say('danger.person')}"
    before = scene.state.need.question
    scene = scene.remember(need=replace(scene.state.need, question=scene.gist))
    return hand_over(
        scene,
        HandoffReason.DANGER,
        scene.why(heard),
        text,
        urgency=Urgency.HIGH,
        last_line=scene.say("brief.before", question=before) if before else None,
    )
