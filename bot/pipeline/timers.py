"""Timers: what happens in a conversation at a time, when no message waits in it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.case import HandoffReason, HandoffRequest
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.messages import Author
from bot.pipeline.ports import HandoffDesk
from bot.storage.unit_of_work import UnitOfWork

IDLE_TIMER = "idle"
"""Closes a conversation that the bot holds after a long silence."""
UNDELIVERED_TIMER = "undelivered"
"""Shows a conversation of the bot to people, because something never reached the person."""


_SILENCE_WITHOUT_DESK = timedelta(hours=24)
"""After which a conversation is closed whose desk the workspace has no more."""


class TimerRunner:
    """Does what is due by the clock.

    Args:
        agent_desk: takes over a conversation that the bot cannot go on with.
        desks: of the newest content, by id.
    """

    def __init__(self, agent_desk: HandoffDesk, desks: Callable[[], Mapping[str, Desk]]) -> None:
        self._agent_desk = agent_desk
        self._desks = desks

    def run(self, unit: UnitOfWork, conversation_id: int, now: datetime) -> None:
        """Runs the timers of a conversation that are due, unless a message waits: that one goes first."""
        conversation = unit.conversations.lock(conversation_id)
        if unit.inbox.next(conversation_id) is not None:
            return
        while (timer := unit.timers.take(conversation_id, now)) is not None:
            if timer.kind == IDLE_TIMER:
                conversation = self._close_if_idle(unit, conversation, now)
            elif timer.kind == UNDELIVERED_TIMER:
                conversation = self._show_undelivered(unit, conversation, now)
        unit.conversations.reschedule(conversation_id)
        if conversation.tries:
            unit.conversations.set_back(conversation_id, tries=0, retry_at=None, problem=None)

    def _show_undelivered(self, unit: UnitOfWork, conversation: Conversation, now: datetime) -> Conversation:
        """A reply of the bot never arrived: people see it in their queue."""
        if conversation.owner is not Owner.BOT:
            return conversation
        said = [line.text for line in unit.transcripts.read(conversation.id) if line.author is Author.USER]
        request = HandoffRequest(reason=HandoffReason.FAILURE, summary=(said[-1] if said else "")[:200])
        queued = self._agent_desk.receive(unit, conversation, request, now=now)
        unit.conversations.save(queued)
        unit.changed(conversation.id)
        unit.wake(conversation.id)
        return replace(queued, fence=queued.fence + 1)

    def _close_if_idle(self, unit: UnitOfWork, conversation: Conversation, now: datetime) -> Conversation:
        if conversation.owner is not Owner.BOT:
            return conversation
        desk = self._desks().get(conversation.desk)
        silence = _SILENCE_WITHOUT_DESK if desk is None else desk.idle_close
        last = unit.inbox.latest(conversation.id)
        if last is not None and last + silence > now:
            unit.timers.set(conversation, IDLE_TIMER, last + silence)
            return conversation
        closed = replace(conversation.handed_to(Owner.CLOSED, now=now), state={}, release_id=None)
        unit.conversations.save(closed)
        unit.changed(conversation.id)
        return replace(closed, fence=closed.fence + 1)
