"""The tables. Migrations under `migrations/` make them; a test compares the two."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out; SQLite keeps it as text in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a naive time: it would mean something else on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without time zone reached the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of Relais."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        str: Text(),
    }


def table(row: type[Base]) -> Table:
    """The table of a row class, for statements that are built once."""
    made = row.__table__
    assert isinstance(made, Table)
    return made


class PersonRow(Base):
    """A person who writes; what is erased on request refers to it."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    created_at: Mapped[datetime]


class IdentityRow(Base):
    """A person's account on one channel account."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("account", "user_key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    account: Mapped[str]
    user_key: Mapped[str]


# Partial indexes serve only queries that say the same in the text itself, not in a parameter.
IS_CURRENT = text("conversation.is_current")
IS_PENDING = text("inbox.status = 'pending'")
IS_OPEN = text("outbox.status IN ('pending', 'sending')")
IS_RUNNING = text("conversation.parked IS NULL")
IS_PARKED = text("conversation.parked IS NOT NULL")
_CURRENT, _PENDING, _OPEN, _RUNNING, _PARKED = (
    text(c.text.partition(".")[2]) for c in (IS_CURRENT, IS_PENDING, IS_OPEN, IS_RUNNING, IS_PARKED)
)


class ConversationRow(Base):
    """See `bot.domain.conversation.Conversation`."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index(
            "conversation_current",
            "account",
            "chat",
            "user_key",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index("conversation_due", "next_at", "id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("conversation_parked", "parked", "id", sqlite_where=_PARKED, postgresql_where=_PARKED),
        Index("conversation_owner", "desk", "owner"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    chat: Mapped[str]
    user_key: Mapped[str]
    user_name: Mapped[str | None]
    is_current: Mapped[bool]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    desk: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    language_chosen: Mapped[bool]
    owner: Mapped[str]
    epoch: Mapped[int]
    claimed_epoch: Mapped[int]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    case_id: Mapped[int | None]
    release_id: Mapped[int | None]
    turn_no: Mapped[int]
    state: Mapped[dict[str, Any]]
    fence: Mapped[int]
    next_at: Mapped[datetime | None]
    """When it needs attention: the beginning of time while a message waits, else its earliest timer."""
    tries: Mapped[int]
    """Failures of its handling since the last success."""
    retry_at: Mapped[datetime | None]
    """Not handled before this time, after a failure."""
    parked: Mapped[str | None]
    """See `bot.domain.conversation.ParkedReason`; None while it is handled."""
    parked_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class InboxRow(Base):
    """An inbound message, stored before it is acknowledged."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("account", "kind", "message_key"),
        Index(
            "inbox_pending",
            "conversation_id",
            "id",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    account: Mapped[str]
    kind: Mapped[str]
    message_key: Mapped[str]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    status: Mapped[str]
    """pending, done, set_aside"""
    tries: Mapped[int]
    retry_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class EntryRow(Base):
    """A line of a transcript."""

    __tablename__ = "entry"
    __table_args__ = (Index("entry_conversation", "conversation_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"))
    turn_no: Mapped[int | None]
    author: Mapped[str]
    author_name: Mapped[str | None]
    title: Mapped[str | None]
    body: Mapped[str]
    buttons: Mapped[list[Any]]
    source_title: Mapped[str | None]
    source_url: Mapped[str | None]
    created_at: Mapped[datetime]


class AttachmentRow(Base):
    """The bytes that came with a message."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    problem: Mapped[str | None]


class OutboxRow(Base):
    """A transcript line that is to be sent, and what became of it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "outbox_open",
            "conversation_id",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "outbox_due",
            "next_at",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), unique=True)
    owner: Mapped[str]
    epoch: Mapped[int]
    status: Mapped[str]
    """pending, sending, sent, superseded, undelivered"""
    tries: Mapped[int]
    in_doubt: Mapped[bool]
    """An attempt may have gone through without our knowing."""
    next_at: Mapped[datetime]
    """When it may be sent; while sending, when the lease ends."""
    holder: Mapped[str | None]
    external_id: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class TurnRow(Base):
    """What the bot decided about a message, and why."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("conversation_id", "turn_no"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    turn_no: Mapped[int]
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id"))
    decision: Mapped[str]
    why: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class FeedbackRow(Base):
    """Whether an answer helped."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("conversation_id", "turn_no"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    turn_no: Mapped[int]
    helped: Mapped[bool]
    created_at: Mapped[datetime]


class CaseRow(Base):
    """See `bot.domain.case.Case`."""

    __tablename__ = "support_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    desk: Mapped[str]
    level: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    summary: Mapped[str]
    tried: Mapped[list[Any]]
    category: Mapped[str | None]
    impact: Mapped[str]
    urgency: Mapped[str]
    priority: Mapped[str]
    opened_at: Mapped[datetime]
    first_response_due: Mapped[datetime | None]
    resolution_due: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    first_reply_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))


class CaseEventRow(Base):
    """A line of a case's history."""

    __tablename__ = "case_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("support_case.id"), index=True)
    event: Mapped[str]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    created_at: Mapped[datetime]


class TimerRow(Base):
    """Something to do in a conversation at a time."""

    __tablename__ = "timer"
    __table_args__ = (UniqueConstraint("conversation_id", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[str]
    due_at: Mapped[datetime]
    epoch: Mapped[int]


class AgentRow(Base):
    """A person who answers."""

    __tablename__ = "agent"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    desks: Mapped[list[Any]]
    active: Mapped[bool]
    password_hash: Mapped[str]


class AgentSessionRow(Base):
    """A login to the console; only the hash of its token is kept."""

    __tablename__ = "agent_session"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    expires_at: Mapped[datetime]


class ReleaseRow(Base):
    """An immutable snapshot of a workspace's content."""

    __tablename__ = "release"
    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str]
    files: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ArticleVersionRow(Base):
    """In which release an article changed."""

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("desk", "article", "language", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    desk: Mapped[str]
    article: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    version: Mapped[int]
    content_hash: Mapped[str]
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))


class LeaseRow(Base):
    """What only one process may do at a time."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class OnceRow(Base):
    """Idempotency keys of the console's posts."""

    __tablename__ = "once"
    key: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
