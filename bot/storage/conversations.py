"""Conversations and persons in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import NotFoundError
from bot.domain.messages import InboundMessage
from bot.storage.dialect import lock_conversation
from bot.storage.tables import (
    ConversationRow,
    IdentityRow,
    InboxRow,
    PersonRow,
    TimerRow,
    UtcDateTime,
    table,
)

# The statements of each message are built once: building them anew took most of a turn's time.
_T = table(ConversationRow)
_COLUMNS = tuple(
    _T.c[name]
    for name in (
        "id",
        "account",
        "chat",
        "user_key",
        "user_name",
        "person_id",
        "desk",
        "language",
        "language_chosen",
        "owner",
        "epoch",
        "agent_id",
        "case_id",
        "release_id",
        "turn_no",
        "state",
        "fence",
        "closed_at",
    )
)
_BY_ID = _T.c.id == bindparam("conversation_id")

_OLDEST_WAITING = (
    select(func.coalesce(InboxRow.retry_at, InboxRow.received_at))
    .where(InboxRow.conversation_id == _T.c.id, InboxRow.status == "pending")
    .order_by(InboxRow.id)
    .limit(1)
    .correlate(_T)
    .scalar_subquery()
)
_EARLIEST_TIMER = (
    select(func.min(TimerRow.due_at))
    .where(TimerRow.conversation_id == _T.c.id)
    .correlate(_T)
    .scalar_subquery()
)
_NEXT_AT = func.coalesce(_OLDEST_WAITING, _EARLIEST_TIMER)
"""When a conversation next needs attention: since its oldest message waits, or at its earliest timer."""

_CURRENT = select(*_COLUMNS).where(
    _T.c.account == bindparam("of_account"),
    _T.c.chat == bindparam("of_chat"),
    _T.c.user_key == bindparam("of_user"),
    _T.c.is_current,
)
_LOCK_CURRENT = _CURRENT.with_for_update()
_GET = select(*_COLUMNS).where(_BY_ID)
_LOCK = _GET.with_for_update()
_SAVE = update(_T).where(_BY_ID, _T.c.fence == bindparam("old_fence")).values(next_at=_NEXT_AT)
_SETTLE = update(_T).where(_BY_ID).values(next_at=_NEXT_AT)
_AWAKEN = (
    update(_T)
    .where(_BY_ID, or_(_T.c.next_at.is_(None), _T.c.next_at > bindparam("at", type_=UtcDateTime())))
    .values(next_at=bindparam("at", type_=UtcDateTime()))
)


class SqlConversations:
    """`bot.ports.Conversations` on SQLAlchemy."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self, account: str, chat: str, user: str, *, lock: bool = False) -> Conversation | None:
        names = {"of_account": account, "of_chat": chat, "of_user": user}
        row = self._connection.execute(_LOCK_CURRENT if lock else _CURRENT, names).first()
        return None if row is None else _conversation(row)

    def open(
        self,
        message: InboundMessage,
        *,
        after: Conversation | None,
        desk: str,
        language: str,
        now: datetime,
    ) -> Conversation:
        if after is not None:
            # Only the one that was seen: a newer one makes the insert fail, and the caller looks again.
            over = update(ConversationRow).where(ConversationRow.id == after.id)
            self._connection.execute(over.values(is_current=False))
        statement = (
            insert(ConversationRow)
            .values(
                account=message.account,
                chat=message.chat,
                user_key=message.user,
                user_name=message.user_name,
                is_current=True,
                person_id=self._person(message, now),
                desk=desk,
                language=language,
                language_chosen=False,
                owner=Owner.BOT,
                epoch=0,
                turn_no=0,
                state={},
                fence=0,
                opened_at=now,
            )
            .returning(*_COLUMNS)
        )
        return _conversation(self._connection.execute(statement).one())

    def get(self, conversation_id: int) -> Conversation:
        return self._one(conversation_id, lock=False)

    def lock(self, conversation_id: int) -> Conversation:
        return self._one(conversation_id, lock=True)

    def save(self, conversation: Conversation) -> bool:
        values = {
            "conversation_id": conversation.id,
            "old_fence": conversation.fence,
            "user_name": conversation.user_name,
            "language": conversation.language,
            "language_chosen": conversation.language_chosen,
            "owner": conversation.owner,
            "epoch": conversation.epoch,
            "agent_id": conversation.agent_id,
            "case_id": conversation.case_id,
            "release_id": conversation.release_id,
            "turn_no": conversation.turn_no,
            "state": dict(conversation.state),
            "closed_at": conversation.closed_at,
            "fence": conversation.fence + 1,
        }
        return self._connection.execute(_SAVE, values).rowcount == 1

    def move_chat(self, conversation_id: int, new_chat: str) -> None:
        statement = update(ConversationRow).where(ConversationRow.id == conversation_id).values(chat=new_chat)
        self._connection.execute(statement)

    def awaken(self, conversation_id: int, at: datetime) -> None:
        self._connection.execute(_AWAKEN, {"conversation_id": conversation_id, "at": at})

    def settle(self, conversation_id: int) -> None:
        self._connection.execute(_SETTLE, {"conversation_id": conversation_id})

    def due(self, now: datetime, *, limit: int) -> Sequence[int]:
        statement = (
            select(ConversationRow.id)
            .where(ConversationRow.next_at <= now)
            .order_by(ConversationRow.next_at)
            .limit(limit)
        )
        return self._connection.execute(statement).scalars().all()

    def wait_for_others(self, conversation_id: int) -> None:
        lock_conversation(self._connection, conversation_id)

    def _one(self, conversation_id: int, *, lock: bool) -> Conversation:
        row = self._connection.execute(_LOCK if lock else _GET, {"conversation_id": conversation_id}).first()
        if row is None:
            raise NotFoundError(f"conversation {conversation_id}")
        return _conversation(row)

    def _person(self, message: InboundMessage, now: datetime) -> int:
        known = self._connection.execute(
            select(IdentityRow.person_id).where(
                IdentityRow.account == message.account, IdentityRow.user_key == message.user
            )
        ).scalar()
        if known is not None:
            return known
        statement = insert(PersonRow).values(name=message.user_name, created_at=now).returning(PersonRow.id)
        person_id = self._connection.execute(statement).scalar_one()
        self._connection.execute(
            insert(IdentityRow).values(person_id=person_id, account=message.account, user_key=message.user)
        )
        return person_id


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(
        id=row.id,
        account=row.account,
        chat=row.chat,
        user=row.user_key,
        user_name=row.user_name,
        person_id=row.person_id,
        desk=row.desk,
        language=row.language,
        language_chosen=row.language_chosen,
        owner=Owner(row.owner),
        epoch=row.epoch,
        agent_id=row.agent_id,
        case_id=row.case_id,
        release_id=row.release_id,
        turn_no=row.turn_no,
        state=row.state,
        fence=row.fence,
        closed_at=row.closed_at,
    )
