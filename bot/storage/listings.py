"""Cases as the console lists them: queries that read, and change nothing."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select

from bot.domain.case import Case, CaseStatus, HandoffReason, Impact, Level, Priority, QueueItem, Urgency
from bot.domain.messages import Author
from bot.storage.conversations import CONVERSATION_COLUMNS, conversation_of
from bot.storage.tables import AgentRow, CaseEventRow, CaseRow, ConversationRow, EntryRow, OutboxRow

CASE_FIELDS = tuple(field.name for field in fields(Case))
CASE_COLUMNS = tuple(getattr(CaseRow, name).label(f"of_case_{name}") for name in CASE_FIELDS)

_SAID_BY = (Author.USER, Author.BOT, Author.AGENT)
_RANK = case({priority.value: rank for rank, priority in enumerate(Priority)}, value=CaseRow.priority)
"""`Priority` is declared from the most to the least pressing."""


class CaseListings:
    """The reading half of `bot.pipeline.ports.Cases`."""

    _connection: Connection

    def listing(
        self, desks: Sequence[str], *, resolved: bool = False, limit: int = 200
    ) -> Sequence[QueueItem]:
        """Open cases by priority, then waiting time; or the latest resolved ones."""
        if not desks:
            return []
        if resolved:
            shown = CaseRow.status == CaseStatus.RESOLVED
            order: tuple[Any, ...] = (CaseRow.resolved_at.desc(), CaseRow.id.desc())
        else:
            # Named one by one, so that an index on the status serves.
            shown = CaseRow.status.in_([status for status in CaseStatus if status is not CaseStatus.RESOLVED])
            order = (_RANK, CaseRow.opened_at, CaseRow.id)
        # First which ones, then what is known of them: the lines of thousands of cases are not looked at.
        chosen = (
            select(CaseRow.id).where(CaseRow.desk.in_(desks), shown).order_by(*order).limit(limit).subquery()
        )
        statement = _items().join(chosen, chosen.c.id == CaseRow.id).order_by(*order)
        return [_item(row) for row in self._connection.execute(statement)]

    def history(self, case_id: int) -> Sequence[tuple[datetime, str, str | None]]:
        """What happened to it: when, the event, the agent's name."""
        statement = (
            select(CaseEventRow.created_at, CaseEventRow.event, AgentRow.name)
            .outerjoin(AgentRow, AgentRow.id == CaseEventRow.agent_id)
            .where(CaseEventRow.case_id == case_id)
            .order_by(CaseEventRow.id)
        )
        return [(row.created_at, row.event, row.name) for row in self._connection.execute(statement)]

    def of_person(self, person_id: int) -> Sequence[Case]:
        """All of a person's cases, newest first."""
        statement = select(*CASE_COLUMNS).where(CaseRow.person_id == person_id).order_by(CaseRow.id.desc())
        return [case_of(row) for row in self._connection.execute(statement)]


def case_of(row: Row[Any]) -> Case:
    """The case in a row that begins with `CASE_COLUMNS`."""
    values: dict[str, Any] = dict(zip(CASE_FIELDS, row, strict=False))
    return Case(
        **values
        | {
            "level": Level(values["level"]),
            "status": CaseStatus(values["status"]),
            "reason": HandoffReason(values["reason"]),
            "impact": Impact(values["impact"]),
            "urgency": Urgency(values["urgency"]),
            "priority": Priority(values["priority"]),
            "tried": tuple(values["tried"]),
        }
    )


def _items() -> Select[Any]:
    """Each case with its conversation, its agent and the last line that somebody said."""
    last_said = (
        select(func.max(EntryRow.id))
        .where(EntryRow.conversation_id == ConversationRow.id, EntryRow.author.in_(_SAID_BY))
        .correlate(ConversationRow)
        .scalar_subquery()
    )
    undelivered = (
        select(OutboxRow.id)
        .join(EntryRow, EntryRow.id == OutboxRow.entry_id)
        .where(EntryRow.conversation_id == ConversationRow.id, OutboxRow.status == "undelivered")
        .correlate(ConversationRow)
        .exists()
    )
    return (
        select(
            *CASE_COLUMNS,
            *CONVERSATION_COLUMNS,
            AgentRow.name.label("agent_name"),
            EntryRow.body.label("last_text"),
            EntryRow.author.label("last_author"),
            EntryRow.created_at.label("last_at"),
            undelivered.label("undelivered"),
        )
        .join(ConversationRow, ConversationRow.id == CaseRow.conversation_id)
        .outerjoin(AgentRow, AgentRow.id == CaseRow.agent_id)
        .outerjoin(EntryRow, EntryRow.id == last_said)
    )


def _item(row: Row[Any]) -> QueueItem:
    found = case_of(row)
    return QueueItem(
        case=found,
        conversation=conversation_of(row),
        agent_name=row.agent_name,
        last_text=row.last_text or "",
        last_author=Author(row.last_author) if row.last_author else Author.SYSTEM,
        last_at=row.last_at or found.opened_at,
        undelivered=bool(row.undelivered),
    )
