"""What people sent, in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from bot.domain.messages import Author, Fetched, InboundMessage, StoredInbound
from bot.storage.codec import pack_inbound, unpack_inbound
from bot.storage.dialect import insert_or_ignore
from bot.storage.prepared import Prepared
from bot.storage.tables import IS_PENDING, AttachmentRow, EntryRow, InboxRow, table

_T = table(InboxRow)
_ADD = Prepared(
    {name: insert_or_ignore(name, InboxRow).returning(_T.c.id) for name in ("sqlite", "postgresql")},
    *("conversation_id", "account", "kind", "message_key", "payload", "received_at", "status", "tries"),
)
_ADD_ENTRY = Prepared(
    insert(table(EntryRow)).inline(),
    *("conversation_id", "inbox_id", "author", "author_name", "body", "buttons", "created_at"),
)
_NEXT = Prepared(
    select(
        _T.c.id,
        _T.c.account,
        _T.c.kind,
        _T.c.message_key,
        _T.c.payload,
        _T.c.received_at,
        _T.c.tries,
    )
    .where(_T.c.conversation_id == bindparam("of_conversation"), IS_PENDING)
    .order_by(_T.c.id)
    .limit(1)
)
_BY_ID = _T.c.id == bindparam("inbound_id")
_UPDATE = update(_T).where(_BY_ID)
_FINISH = Prepared(update(_T).where(_BY_ID), "status")


class InboxRepository:
    """What people sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, message: InboundMessage, conversation_id: int, now: datetime) -> int | None:
        """Stores it, with its transcript line if it says anything; None when it is a repeat."""
        row = _ADD.first(
            self._connection,
            conversation_id=conversation_id,
            account=message.account,
            kind=message.kind,
            message_key=message.key,
            payload=pack_inbound(message),
            received_at=now,
            status="pending",
            tries=0,
        )
        if row is None:
            return None
        inbound_id: int = row.id
        if not message.text and not message.attachments:
            return inbound_id  # opening a chat is no line that anybody said
        _ADD_ENTRY.run(
            self._connection,
            conversation_id=conversation_id,
            inbox_id=inbound_id,
            author=Author.USER,
            author_name=message.user_name,
            body=message.text,
            buttons=[],
            created_at=now,
        )
        for attachment in message.attachments:
            self._connection.execute(
                insert(AttachmentRow).values(
                    inbox_id=inbound_id,
                    name=attachment.name,
                    media_type=attachment.media_type,
                    size_bytes=attachment.size_bytes,
                )
            )
        return inbound_id

    def known(self, message: InboundMessage) -> bool:
        """Whether it is stored already."""
        statement = select(InboxRow.id).where(
            InboxRow.account == message.account,
            InboxRow.kind == message.kind,
            InboxRow.message_key == message.key,
        )
        return self._connection.execute(statement).first() is not None

    def next(self, conversation_id: int) -> StoredInbound | None:
        """The oldest one that waits, None when none does."""
        row = _NEXT.first(self._connection, of_conversation=conversation_id)
        if row is None:
            return None
        return StoredInbound(
            id=row.id,
            conversation_id=conversation_id,
            message=unpack_inbound(row.account, row.kind, row.message_key, row.payload),
            received_at=row.received_at,
            tries=row.tries,
        )

    def latest(self, conversation_id: int) -> datetime | None:
        """When the last message came."""
        statement = select(func.max(InboxRow.received_at)).where(InboxRow.conversation_id == conversation_id)
        return self._connection.execute(statement).scalar()

    def finish(self, inbound_id: int) -> None:
        """It has been handled."""
        _FINISH.run(self._connection, inbound_id=inbound_id, status="done")

    def failed(self, inbound_id: int, *, problem: str) -> None:
        """Handling failed; it still waits."""
        self._count_try(inbound_id)
        self._update(inbound_id, problem=problem)

    def set_aside(self, inbound_id: int, *, problem: str) -> None:
        """Handling keeps failing; later messages go on."""
        self._count_try(inbound_id)
        self._update(inbound_id, status="set_aside", problem=problem)

    def keep(self, inbound_id: int, fetched: Sequence[Fetched]) -> None:
        """Stores the bytes of its attachments, or why they are missing."""
        rows = select(AttachmentRow.id).where(AttachmentRow.inbox_id == inbound_id).order_by(AttachmentRow.id)
        for row_id, item in zip(self._connection.execute(rows).scalars().all(), fetched, strict=True):
            size_bytes = item.attachment.size_bytes if item.content is None else len(item.content)
            self._connection.execute(
                update(AttachmentRow)
                .where(AttachmentRow.id == row_id)
                .values(content=item.content, problem=item.problem, size_bytes=size_bytes)
            )

    def _update(self, inbound_id: int, **values: object) -> None:
        self._connection.execute(_UPDATE, {"inbound_id": inbound_id, **values})

    def _count_try(self, inbound_id: int) -> None:
        statement = update(InboxRow).where(InboxRow.id == inbound_id).values(tries=InboxRow.tries + 1)
        self._connection.execute(statement)
