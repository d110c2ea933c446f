"""The desk: how a conversation reaches people, and all that an agent does with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.agent import Agent
from bot.domain.case import (
    Case,
    CaseStatus,
    HandoffReason,
    HandoffRequest,
    Impact,
    Level,
    Priority,
    Urgency,
    WaitingRequest,
)
from bot.domain.content import CurrentContent
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.errors import ConflictError
from bot.domain.messages import Author, InboundMessage, Reply
from bot.i18n.formats import moment_in_text
from bot.storage.unit_of_work import UnitOfWork
from handoff.clock.hours import add_business_time, is_open, next_opening
from handoff.clock.priority import priority_of


class AgentDesk:
    """Everything between the bot and the people.

    Each method works inside the unit of work that it is given; nothing is sent before its commit.

    Args:
        current: desks and phrases.
    """

    def __init__(self, current: CurrentContent) -> None:
        self._current = current

    # What the dialogue asks for -----------------------------------------------------------------

    def receive(
        self,
        unit: UnitOfWork,
        conversation: Conversation,
        request: HandoffRequest,
        *,
        replies: Sequence[Reply] = (),
        now: datetime,
    ) -> Conversation:
        """See `bot.pipeline.ports.HandoffDesk.receive`."""
        case = self._open_case(unit, conversation, request, now)
        queued = replace(conversation.handed_to(Owner.QUEUE), case_id=case.id, state={}, release_id=None)
        for reply in replies:
            unit.outbox.add(queued, reply, turn_no=conversation.turn_no, now=now)
        self._tell(unit, queued, self._acknowledgement(queued, case, now), now)
        return queued

    def relay(
        self, unit: UnitOfWork, conversation: Conversation, message: InboundMessage, *, now: datetime
    ) -> None:
        """See `bot.pipeline.ports.HandoffDesk.relay`: says that files were passed on."""
        if message.attachments:
            self._tell(unit, conversation, self._say(conversation, "handoff.file_passed_on"), now)

    def alarm(
        self, unit: UnitOfWork, conversation: Conversation, request: HandoffRequest, *, now: datetime
    ) -> None:
        """See `bot.pipeline.ports.HandoffDesk.alarm`."""
        case = self._alarmed(self._case(unit, conversation), request, now)
        unit.cases.save(case, event="danger", agent_id=None, now=now)

    def attend(
        self, unit: UnitOfWork, conversation: Conversation, request: WaitingRequest, *, now: datetime
    ) -> Conversation:
        """See `bot.pipeline.ports.HandoffDesk.attend`."""
        case = self._case(unit, conversation)
        match request:
            case WaitingRequest.ADDED:
                text = self._say(conversation, "handoff.added", number=case.number)
            case WaitingRequest.STATUS:
                text = self._status(unit, conversation, case, now)
            case WaitingRequest.WITHDRAW:
                withdrawn = replace(case, status=CaseStatus.RESOLVED, resolved_at=now)
                unit.cases.save(withdrawn, event="withdrawn", agent_id=None, now=now)
                conversation = replace(conversation.handed_to(Owner.CLOSED, now=now), state={})
                text = self._say(conversation, "handoff.withdrawn", number=case.number)
            case WaitingRequest.BOT:
                returned = replace(case, status=CaseStatus.RETURNED)
                unit.cases.save(returned, event="returned_by_person", agent_id=None, now=now)
                conversation = replace(conversation.handed_to(Owner.BOT), state={})
                text = self._say(conversation, "handoff.bot_again", number=case.number)
        self._tell(unit, conversation, text, now)
        return conversation

    def reopens(self, conversation: Conversation, now: datetime) -> bool:
        """See `bot.pipeline.ports.HandoffDesk.reopens`."""
        desk = self._current.desks.get(conversation.desk)
        if desk is None or conversation.case_id is None or conversation.closed_at is None:
            return False
        return now < conversation.closed_at + desk.reopen_after

    def reopen(self, unit: UnitOfWork, conversation: Conversation, *, now: datetime) -> Conversation:
        """See `bot.pipeline.ports.HandoffDesk.reopen`."""
        assert conversation.case_id is not None
        case = unit.cases.get(conversation.case_id)
        again = replace(case, status=CaseStatus.WAITING, agent_id=None, resolved_at=None)
        unit.cases.save(again, event="reopened", agent_id=None, now=now)
        queued = conversation.handed_to(Owner.QUEUE)
        self._tell(unit, queued, self._acknowledgement(queued, again, now, key="handoff.reopened"), now)
        return queued

    # What agents do -----------------------------------------------------------------------------

    def claim(self, unit: UnitOfWork, conversation_id: int, agent: Agent, *, now: datetime) -> None:
        """The agent takes the conversation; claiming one's own again changes nothing.

        Raises:
            ConflictError: "already_claimed" by another, "closed", or the bot has it ("illegal_move").
        """
        conversation = unit.conversations.lock(conversation_id)
        if conversation.owner is Owner.AGENT:
            if conversation.agent_id == agent.id:
                return
            raise ConflictError("already_claimed", self._holder(unit, conversation))
        if conversation.owner is not Owner.QUEUE:
            raise ConflictError("closed" if conversation.owner is Owner.CLOSED else "illegal_move")
        claimed = replace(conversation.handed_to(Owner.AGENT, agent_id=agent.id), state={})
        case = self._case(unit, conversation)
        unit.cases.save(
            replace(case, status=CaseStatus.CLAIMED, agent_id=agent.id, claimed_at=case.claimed_at or now),
            event="claimed",
            agent_id=agent.id,
            now=now,
        )
        self._tell(unit, claimed, self._say(claimed, "handoff.claimed", agent=agent.name), now)
        self._save(unit, claimed)

    def reply(
        self, unit: UnitOfWork, conversation_id: int, agent: Agent, text: str, *, now: datetime
    ) -> None:
        """The agent says something to the person.

        Raises:
            ConflictError: see `_held_by`.
        """
        conversation = self._held_by(unit, conversation_id, agent)
        case = self._case(unit, conversation)
        if case.first_reply_at is None:
            unit.cases.save(replace(case, first_reply_at=now), event="replied", agent_id=agent.id, now=now)
        reply = Reply(text=text, author=Author.AGENT, author_name=agent.name)
        unit.outbox.add(conversation, reply, turn_no=None, now=now)
        self._save(unit, conversation)

    def note(self, unit: UnitOfWork, conversation_id: int, agent: Agent, text: str, *, now: datetime) -> None:
        """An internal note, whoever has the conversation; it never leaves the console."""
        conversation = unit.conversations.lock(conversation_id)
        unit.transcripts.add(conversation, Author.NOTE, text, author_name=agent.name, now=now)
        unit.changed(conversation_id)

    def release(self, unit: UnitOfWork, conversation_id: int, agent: Agent, *, now: datetime) -> None:
        """The agent puts the conversation back in the queue.

        Raises:
            ConflictError: see `_held_by`.
        """
        conversation = self._held_by(unit, conversation_id, agent)
        self._set_case(unit, conversation, CaseStatus.WAITING, "released", agent, now)
        queued = conversation.handed_to(Owner.QUEUE)
        self._tell(unit, queued, self._say(queued, "handoff.released"), now)
        self._save(unit, queued)

    def give_back(self, unit: UnitOfWork, conversation_id: int, agent: Agent, *, now: datetime) -> None:
        """The bot has the conversation again, and the person is told.

        Raises:
            ConflictError: see `_held_by`.
        """
        conversation = self._held_by(unit, conversation_id, agent)
        self._set_case(unit, conversation, CaseStatus.RETURNED, "returned", agent, now)
        back = replace(conversation.handed_to(Owner.BOT), state={})
        self._tell(unit, back, self._say(back, "handoff.returned"), now)
        self._save(unit, back)

    def resolve(self, unit: UnitOfWork, conversation_id: int, agent: Agent, *, now: datetime) -> None:
        """The case is resolved and the conversation closed, and the person is told.

        Raises:
            ConflictError: see `_held_by`.
        """
        conversation = self._held_by(unit, conversation_id, agent)
        case = self._case(unit, conversation)
        resolved = replace(case, status=CaseStatus.RESOLVED, resolved_at=now)
        unit.cases.save(resolved, event="resolved", agent_id=agent.id, now=now)
        closed = conversation.handed_to(Owner.CLOSED, now=now)
        self._tell(unit, closed, self._say(closed, "handoff.resolved", number=case.number), now)
        self._save(unit, closed)

    # Shared -------------------------------------------------------------------------------------

    def _held_by(self, unit: UnitOfWork, conversation_id: int, agent: Agent) -> Conversation:
        """The conversation, locked.

        Raises:
            ConflictError: "not_yours" (with its holder), or "closed".
        """
        conversation = unit.conversations.lock(conversation_id)
        if conversation.owner is Owner.CLOSED:
            raise ConflictError("closed")
        if conversation.owner is not Owner.AGENT or conversation.agent_id != agent.id:
            raise ConflictError("not_yours", self._holder(unit, conversation))
        return conversation

    @staticmethod
    def _holder(unit: UnitOfWork, conversation: Conversation) -> str | None:
        return None if conversation.agent_id is None else unit.agents.get(conversation.agent_id).name

    @staticmethod
    def _case(unit: UnitOfWork, conversation: Conversation) -> Case:
        assert conversation.case_id is not None, "people only have conversations with a case"
        return unit.cases.get(conversation.case_id)

    def _set_case(
        self,
        unit: UnitOfWork,
        conversation: Conversation,
        status: CaseStatus,
        event: str,
        agent: Agent,
        now: datetime,
    ) -> None:
        case = replace(self._case(unit, conversation), status=status, agent_id=None)
        unit.cases.save(case, event=event, agent_id=agent.id, now=now)

    @staticmethod
    def _save(unit: UnitOfWork, conversation: Conversation) -> None:
        if not unit.conversations.save(conversation):
            raise ConflictError("moved_on")
        unit.wake(conversation.id)
        unit.changed(conversation.id)

    def _open_case(
        self, unit: UnitOfWork, conversation: Conversation, request: HandoffRequest, now: datetime
    ) -> Case:
        """A new case, or the one that was given back to the bot, open again."""
        if conversation.case_id is not None:
            case = unit.cases.get(conversation.case_id)
            if case.status is CaseStatus.RETURNED:
                again = replace(
                    case,
                    status=CaseStatus.WAITING,
                    reason=request.reason,
                    summary=request.summary if request.is_known else case.summary,
                    tried=(*case.tried, *request.tried),
                )
                if request.reason is HandoffReason.DANGER:
                    again = self._alarmed(again, request, now)
                unit.cases.save(again, event="handed_over_again", agent_id=None, now=now)
                return again
        desk = self._current.desks[conversation.desk]
        danger = request.reason is HandoffReason.DANGER
        priority = priority_of(request.urgency, Impact.PERSON, danger=danger)
        first_response, resolution = _due(desk, priority, now)
        return unit.cases.open(
            Case(
                id=0,
                conversation_id=conversation.id,
                person_id=conversation.person_id,
                desk=desk.id,
                level=Level.N1,
                status=CaseStatus.WAITING,
                reason=request.reason,
                summary=request.summary,
                tried=request.tried,
                category=request.category,
                impact=Impact.PERSON,
                urgency=request.urgency,
                priority=priority,
                opened_at=now,
                first_response_due=first_response,
                resolution_due=resolution,
            )
        )

    def _alarmed(self, case: Case, request: HandoffRequest, now: datetime) -> Case:
        """A case in which danger was named: critical, due as if opened now unless it was due earlier."""
        desk = self._current.desks.get(case.desk)
        alarmed = replace(
            case,
            reason=HandoffReason.DANGER,
            summary=request.summary,
            urgency=Urgency.HIGH,
            priority=Priority.CRITICAL,
        )
        if desk is None or case.priority is Priority.CRITICAL:
            return alarmed
        first_response, resolution = _due(desk, Priority.CRITICAL, now)
        return replace(
            alarmed,
            first_response_due=_nearer(case.first_response_due, first_response),
            resolution_due=_nearer(case.resolution_due, resolution),
        )

    def _status(self, unit: UnitOfWork, conversation: Conversation, case: Case, now: datetime) -> str:
        """The place in the queue and when an answer is due; outside hours when the team is back."""
        desk = self._current.desks[conversation.desk]
        if not is_open(desk, now):
            return self._acknowledgement(conversation, case, now)
        ahead = unit.cases.ahead(case)
        key = "handoff.place" if ahead else "handoff.next"
        place = self._say(conversation, key, number=case.number, n=ahead + 1)
        due = case.first_response_due
        if due is None or case.first_reply_at is not None:
            return place
        if due < now:
            return f"{place} {self._say(conversation, 'handoff.late')}"
        when = moment_in_text(due, now, desk.timezone, conversation.language)
        return f"{place} {self._say(conversation, 'handoff.due', when=when)}"

    def _acknowledgement(
        self, conversation: Conversation, case: Case, now: datetime, *, key: str = "handoff.acknowledged"
    ) -> str:
        """The case's number and, truthfully, what happens next."""
        desk = self._current.desks[conversation.desk]
        received = self._say(conversation, key, number=case.number)
        if is_open(desk, now):
            return f"{received} {self._say(conversation, 'handoff.somebody_is_coming')}"
        opening = next_opening(desk, now)
        if opening is None:
            return f"{received} {self._say(conversation, 'handoff.closed')}"
        when = moment_in_text(opening, now, desk.timezone, conversation.language)
        return f"{received} {self._say(conversation, 'handoff.back_at', when=when)}"

    def _say(self, conversation: Conversation, key: str, **values: object) -> str:
        return self._current.phrases.say(conversation.language, key, **values)

    @staticmethod
    def _tell(unit: UnitOfWork, conversation: Conversation, text: str, now: datetime) -> None:
        unit.outbox.add(conversation, Reply(text=text, author=Author.SYSTEM), turn_no=None, now=now)


def _due(desk: Desk, priority: Priority, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When a case of that priority, opened now, should have its first response, and be resolved."""
    return (
        add_business_time(desk, now, desk.first_response[priority]),
        add_business_time(desk, now, desk.resolution[priority]),
    )


def _nearer(before: datetime | None, now: datetime | None) -> datetime | None:
    """The earlier of two due times; None is never."""
    times = [time for time in (before, now) if time is not None]
    return min(times, default=None)
