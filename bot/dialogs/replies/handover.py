"""Letting go: the words that go with a handoff, and what the desk is told."""

from dataclasses import replace

from bot.dialogs.replies import brief
from bot.dialogs.state.state import Tried
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason, HandoffRequest, Urgency
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult, Why


def hand_over(
    scene: Scene,
    reason: HandoffReason,
    why: Why,
    text: str,
    *,
    urgency: Urgency = Urgency.NORMAL,
    last_line: str | None = None,
    feedback: Feedback | None = None,
) -> TurnResult:
    """A person takes over.

    Args:
        scene: this turn.
        reason: why.
        why: the record.
        text: said before the desk's own acknowledgement.
        urgency: of the flow or of the danger; urgent words raise it.
        last_line: one more line for the agent.
        feedback: on an earlier answer.
    """
    need, running = scene.state.need, scene.running
    if running:
        need = need.and_tried(*brief.flow_lines(scene, running.flow, running.at))
    if last_line:
        need = need.and_tried(Tried(text=last_line))
    request = HandoffRequest(
        reason=reason,
        summary=brief.summary(scene, need),
        tried=brief.tried_lines(scene, need),
        category=running.flow.category if running else None,
        urgency=Urgency.HIGH if need.urgent and urgency is Urgency.NORMAL else urgency,
    )
    done = replace(scene, state=scene.state.settled())
    return done.result(Decision.HANDOFF, why, Reply(text=text), handoff=request, feedback=feedback)


def fetch_person(scene: Scene, rule: str = "person_asked") -> TurnResult:
    """Because the person asks for one."""
    return hand_over(scene, HandoffReason.ASKED, scene.why(rule), scene.say("person.asked"))
