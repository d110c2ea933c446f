"""Transcripts, turns and feedback in the database."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from bot.domain.conversation import Conversation
from bot.domain.errors import NotFoundError
from bot.domain.messages import Author, InboundKind
from bot.domain.transcript import TranscriptLine
from bot.domain.turn import Decision, Feedback, PastTurn, TurnResult
from bot.storage.codec import unpack_buttons
from bot.storage.dialect import insert_or_ignore, is_new
from bot.storage.prepared import Prepared
from bot.storage.tables import (
    AttachmentRow,
    CaseRow,
    ConversationRow,
    EntryRow,
    FeedbackRow,
    InboxRow,
    OutboxRow,
    TurnRow,
    table,
)

_ADD_TURN = Prepared(
    insert(table(TurnRow)).inline(),
    *("conversation_id", "turn_no", "inbox_id", "decision", "why", "created_at"),
)

Attachments = tuple[tuple[int | None, str, str, int], ...]


class TranscriptRepository:
    """What was said, in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        conversation: Conversation,
        author: Author,
        text: str,
        *,
        now: datetime,
        author_name: str | None = None,
    ) -> int:
        """A line that is not sent anywhere (a note)."""
        statement = insert(EntryRow).values(
            conversation_id=conversation.id,
            author=author,
            author_name=author_name,
            body=text,
            buttons=[],
            created_at=now,
        )
        return self._connection.execute(statement.returning(EntryRow.id)).scalar_one()

    def read(self, conversation_id: int, *, after: int = 0, limit: int = 500) -> Sequence[TranscriptLine]:
        """Lines with an id above the cursor, oldest first, at most `limit` of the latest."""
        return self._read(EntryRow.conversation_id == conversation_id, after, limit)

    def read_chat(
        self, account: str, chat: str, user: str, *, after: int = 0, limit: int = 500
    ) -> Sequence[TranscriptLine]:
        """As `read`, over all conversations of a person in a chat; without notes."""
        theirs = select(ConversationRow.id).where(
            ConversationRow.account == account,
            ConversationRow.chat == chat,
            ConversationRow.user_key == user,
        )
        shown = EntryRow.conversation_id.in_(theirs) & (EntryRow.author != Author.NOTE)
        return self._read(shown, after, limit)

    def _read(self, which: ColumnElement[bool], after: int, limit: int) -> Sequence[TranscriptLine]:
        statement = (
            select(
                EntryRow.id,
                EntryRow.conversation_id,
                EntryRow.inbox_id,
                EntryRow.author,
                EntryRow.author_name,
                EntryRow.body,
                EntryRow.title,
                EntryRow.buttons,
                EntryRow.source_title,
                EntryRow.source_url,
                EntryRow.created_at,
                EntryRow.turn_no,
                OutboxRow.status,
                OutboxRow.in_doubt,
                OutboxRow.problem,
                TurnRow.why,
            )
            .outerjoin(OutboxRow, OutboxRow.entry_id == EntryRow.id)
            .outerjoin(
                TurnRow,
                (TurnRow.conversation_id == EntryRow.conversation_id) & (TurnRow.turn_no == EntryRow.turn_no),
            )
            .where(which, EntryRow.id > after)
            .order_by(EntryRow.id.desc())
            .limit(limit)
        )
        rows = self._connection.execute(statement).all()[::-1]
        attachments = self._attachments(row.inbox_id for row in rows if row.inbox_id is not None)
        return [_entry(row, attachments.get(row.inbox_id, ())) for row in rows]

    def attachment(self, attachment_id: int) -> tuple[int, str, str, bytes]:
        """Its conversation id, name, media type and bytes. Raises NotFoundError."""
        statement = (
            select(
                InboxRow.conversation_id, AttachmentRow.name, AttachmentRow.media_type, AttachmentRow.content
            )
            .join(InboxRow, InboxRow.id == AttachmentRow.inbox_id)
            .where(AttachmentRow.id == attachment_id)
        )
        row = self._connection.execute(statement).first()
        if row is None or row.content is None:
            raise NotFoundError(f"attachment {attachment_id}")
        return row.conversation_id, row.name, row.media_type, row.content

    def _attachments(self, inbox_ids: Iterable[int]) -> Mapping[int, Attachments]:
        wanted = list(inbox_ids)
        if not wanted:
            return {}
        statement = (
            select(
                AttachmentRow.id,
                AttachmentRow.inbox_id,
                AttachmentRow.name,
                AttachmentRow.media_type,
                AttachmentRow.size_bytes,
                AttachmentRow.content.is_not(None).label("here"),
            )
            .where(AttachmentRow.inbox_id.in_(wanted))
            .order_by(AttachmentRow.id)
        )
        found: dict[int, Attachments] = {}
        for row in self._connection.execute(statement):
            item = (row.id if row.here else None, row.name, row.media_type, row.size_bytes)
            found[row.inbox_id] = (*found.get(row.inbox_id, ()), item)
        return found


class TurnRepository:
    """What the bot decided."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, conversation: Conversation, inbound_id: int | None, result: TurnResult, now: datetime
    ) -> None:
        """Keeps the decision and its why-record."""
        _ADD_TURN.run(
            self._connection,
            conversation_id=conversation.id,
            turn_no=conversation.turn_no,
            inbox_id=inbound_id,
            decision=result.decision,
            why=result.why.to_json(),
            created_at=now,
        )

    def latest(self, conversation_id: int) -> tuple[str, Mapping[str, object]] | None:
        """The last decision and its why-record."""
        statement = (
            select(TurnRow.decision, TurnRow.why)
            .where(TurnRow.conversation_id == conversation_id)
            .order_by(TurnRow.turn_no.desc())
            .limit(1)
        )
        row = self._connection.execute(statement).first()
        return None if row is None else (row.decision, row.why)

    def feedback(self, conversation_id: int, feedback: Feedback, now: datetime) -> None:
        """Whether an answer helped; the last word counts."""
        values = {"helped": feedback.helped, "created_at": now}
        added = insert_or_ignore(self._connection.dialect.name, FeedbackRow).values(
            conversation_id=conversation_id, turn_no=feedback.turn_no, **values
        )
        if not is_new(self._connection, added, FeedbackRow.id):
            self._connection.execute(
                update(FeedbackRow)
                .where(
                    FeedbackRow.conversation_id == conversation_id, FeedbackRow.turn_no == feedback.turn_no
                )
                .values(**values)
            )

    def in_trouble(self, since: datetime) -> Sequence[PastTurn]:
        """All turns on messages of the conversations that since then went to people, or in which an
        answer did not help; by conversation, then in order."""
        handed_over = select(CaseRow.conversation_id).where(CaseRow.opened_at >= since)
        complained = select(FeedbackRow.conversation_id).where(
            FeedbackRow.created_at >= since, FeedbackRow.helped.is_(False)
        )
        statement = (
            select(
                TurnRow.conversation_id,
                ConversationRow.desk,
                ConversationRow.language,
                InboxRow.kind,
                InboxRow.payload,
                TurnRow.created_at,
                TurnRow.decision,
                TurnRow.why,
                FeedbackRow.helped,
            )
            .join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
            .join(InboxRow, InboxRow.id == TurnRow.inbox_id)
            .outerjoin(
                FeedbackRow,
                (FeedbackRow.conversation_id == TurnRow.conversation_id)
                & (FeedbackRow.turn_no == TurnRow.turn_no),
            )
            .where(TurnRow.conversation_id.in_(handed_over.union(complained)), TurnRow.created_at >= since)
            .order_by(TurnRow.conversation_id, TurnRow.turn_no)
        )
        return [_past(row) for row in self._connection.execute(statement)]


def _past(row: Row[Any]) -> PastTurn:
    return PastTurn(
        conversation_id=row.conversation_id,
        desk=row.desk,
        language=row.language,
        kind=InboundKind(row.kind),
        text=row.payload["text"],
        created_at=row.created_at,
        decision=Decision(row.decision),
        why=row.why,
        helped=row.helped,
    )


def _entry(row: Row[Any], attachments: Attachments) -> TranscriptLine:
    return TranscriptLine(
        id=row.id,
        conversation_id=row.conversation_id,
        author=Author(row.author),
        author_name=row.author_name,
        text=row.body,
        title=row.title,
        buttons=unpack_buttons(row.buttons),
        source_title=row.source_title,
        source_url=row.source_url,
        created_at=row.created_at,
        turn_no=row.turn_no,
        delivery=_delivery(row.status, row.in_doubt),
        delivery_problem=row.problem,
        why=row.why,
        attachments=attachments,
    )


def _delivery(status: str | None, in_doubt: bool | None) -> str | None:
    if status == "sending":
        return "pending"
    return "in_doubt" if status == "sent" and in_doubt else status
