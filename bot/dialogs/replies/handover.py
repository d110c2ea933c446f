"""Handing over to a person: what the user is told, and the request that the desk gets."""

from dataclasses import replace

from bot.dialogs.replies import brief
from bot.dialogs.state.state import TriedLine
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason, HandoffRequest, Urgency
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult, Why


def hand_over(
    turn: TurnContext,
    reason: HandoffReason,
    why: Why,
    text: str,
    *,
    urgency: Urgency = Urgency.NORMAL,
    last_line: str | None = None,
    feedback: Feedback | None = None,
) -> TurnResult:
    """Ends the bot's part of the conversation; a person takes over.

    Args:
        turn: this turn.
        reason: why.
        why: the record.
        text: said before the desk's own acknowledgement.
        urgency: of the flow or of the danger; urgent words raise it.
        last_line: one more line for the agent.
        feedback: on an earlier answer.
    """
    need, running = turn.state.need, turn.running
    if running:
        need = need.and_tried(*brief.flow_lines(turn, running.flow, running.at))
    later = [TriedLine(text=turn.say("brief.also", question=question)) for question in turn.state.later]
    need = need.and_tried(*later)
    if last_line:
        need = need.and_tried(TriedLine(text=last_line))
    request = HandoffRequest(
        reason=reason,
        summary=brief.summary(turn, need),
        tried=brief.tried_lines(turn, need),
        category=running.flow.category if running else None,
        is_known=bool(need.question or running),
        urgency=Urgency.HIGH if need.urgent and urgency is Urgency.NORMAL else urgency,
    )
    done = replace(turn, state=replace(turn.state.settled(), later=()))
    said = Reply(text=text, is_safety=reason is HandoffReason.DANGER)
    return done.result(Decision.HANDOFF, why, said, handoff=request, feedback=feedback)


def fetch_person(turn: TurnContext, rule: str = "person_asked") -> TurnResult:
    """Hands over because the user asks for a person."""
    return hand_over(turn, HandoffReason.ASKED, turn.why(rule), turn.say("person.asked"))
