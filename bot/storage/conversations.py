"""Conversations and persons in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from bot.domain.conversation import Conversation, Owner
from bot.domain.errors import NotFoundError
from bot.domain.messages import InboundMessage
from bot.storage.dialect import lock_conversation
from bot.storage.prepared import Prepared
from bot.storage.tables import (
    IS_CURRENT,
    IS_PENDING,
    ConversationRow,
    IdentityRow,
    InboxRow,
    PersonRow,
    TimerRow,
    UtcDateTime,
    table,
)

_T = table(ConversationRow)
CONVERSATION_COLUMNS = tuple(
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
    .where(InboxRow.conversation_id == _T.c.id, IS_PENDING)
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

_SELECT_CURRENT = select(*CONVERSATION_COLUMNS).where(
    _T.c.account == bindparam("of_account"),
    _T.c.chat == bindparam("of_chat"),
    _T.c.user_key == bindparam("of_user"),
    IS_CURRENT,
)
_CURRENT = Prepared(_SELECT_CURRENT)
_LOCK_CURRENT = Prepared(_SELECT_CURRENT.with_for_update())
_GET = Prepared(select(*CONVERSATION_COLUMNS).where(_BY_ID))
_LOCK = Prepared(select(*CONVERSATION_COLUMNS).where(_BY_ID).with_for_update())
_OPEN = Prepared(
    insert(_T).returning(*CONVERSATION_COLUMNS),
    *("account", "chat", "user_key", "user_name", "is_current", "person_id", "desk", "language"),
    *("language_chosen", "owner", "epoch", "turn_no", "state", "fence", "opened_at"),
)
_SAVE = Prepared(
    update(_T).where(_BY_ID, _T.c.fence == bindparam("old_fence")).values(next_at=_NEXT_AT),
    *("user_name", "language", "language_chosen", "owner", "epoch", "agent_id", "case_id"),
    *("release_id", "turn_no", "state", "closed_at", "fence"),
)
_RESCHEDULE = Prepared(update(_T).where(_BY_ID).values(next_at=_NEXT_AT))
_SCHEDULE = Prepared(
    update(_T)
    .where(_BY_ID, or_(_T.c.next_at.is_(None), _T.c.next_at > bindparam("at", type_=UtcDateTime())))
    .values(next_at=bindparam("at", type_=UtcDateTime()))
)
_PERSON, _IDENTITIES = table(PersonRow), table(IdentityRow)
_IDENTITY = Prepared(
    select(_IDENTITIES.c.person_id).where(
        _IDENTITIES.c.account == bindparam("account"), _IDENTITIES.c.user_key == bindparam("user_key")
    )
)
_ADD_PERSON = Prepared(insert(_PERSON).returning(_PERSON.c.id), "name", "created_at")
_ADD_IDENTITY = Prepared(insert(_IDENTITIES).inline(), "person_id", "account", "user_key")


class ConversationRepository:
    """The conversation rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self, account: str, chat: str, user: str, *, lock: bool = False) -> Conversation | None:
        """The one that a message from there belongs to; with `lock`, locked until the commit."""
        statement = _LOCK_CURRENT if lock else _CURRENT
        row = statement.first(self._connection, of_account=account, of_chat=chat, of_user=user)
        return None if row is None else conversation_of(row)

    def open(
        self,
        message: InboundMessage,
        *,
        after: Conversation | None,
        desk: str,
        language: str,
        now: datetime,
    ) -> Conversation:
        """Begins a new one, and the person if unknown; the one that it comes `after` is current no more."""
        if after is not None:
            # Only the one that was seen: a newer one makes the insert fail, and the caller looks again.
            over = update(ConversationRow).where(ConversationRow.id == after.id)
            self._connection.execute(over.values(is_current=False))
        row = _OPEN.first(
            self._connection,
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
        return conversation_of(row)

    def get(self, conversation_id: int) -> Conversation:
        """Raises NotFoundError."""
        return self._one(conversation_id, lock=False)

    def lock(self, conversation_id: int) -> Conversation:
        """As `get`, locked until the commit."""
        return self._one(conversation_id, lock=True)

    def save(self, conversation: Conversation) -> bool:
        """Writes it under its fence, which then rises, and reschedules it; False when another was quicker."""
        saved = _SAVE.run(
            self._connection,
            conversation_id=conversation.id,
            old_fence=conversation.fence,
            user_name=conversation.user_name,
            language=conversation.language,
            language_chosen=conversation.language_chosen,
            owner=conversation.owner,
            epoch=conversation.epoch,
            agent_id=conversation.agent_id,
            case_id=conversation.case_id,
            release_id=conversation.release_id,
            turn_no=conversation.turn_no,
            state=dict(conversation.state),
            closed_at=conversation.closed_at,
            fence=conversation.fence + 1,
        )
        return saved == 1

    def move_chat(self, conversation_id: int, new_chat: str) -> None:
        """The platform gave the chat another address."""
        statement = update(ConversationRow).where(ConversationRow.id == conversation_id).values(chat=new_chat)
        self._connection.execute(statement)

    def schedule(self, conversation_id: int, at: datetime) -> None:
        """Needs attention at that time; an earlier one stands."""
        _SCHEDULE.run(self._connection, conversation_id=conversation_id, at=at)

    def reschedule(self, conversation_id: int) -> None:
        """Sets when it next needs attention: at once while messages wait, else at its earliest timer."""
        _RESCHEDULE.run(self._connection, conversation_id=conversation_id)

    def due(self, now: datetime, *, limit: int) -> Sequence[int]:
        """Those that need attention, longest waiting first."""
        statement = (
            select(ConversationRow.id)
            .where(ConversationRow.next_at <= now)
            .order_by(ConversationRow.next_at)
            .limit(limit)
        )
        return self._connection.execute(statement).scalars().all()

    def wait_for_others(self, conversation_id: int) -> None:
        """Waits for its other transactions, before anything of it is written."""
        lock_conversation(self._connection, conversation_id)

    def _one(self, conversation_id: int, *, lock: bool) -> Conversation:
        row = (_LOCK if lock else _GET).first(self._connection, conversation_id=conversation_id)
        if row is None:
            raise NotFoundError(f"conversation {conversation_id}")
        return conversation_of(row)

    def _person(self, message: InboundMessage, now: datetime) -> int:
        identity = {"account": message.account, "user_key": message.user}
        known = _IDENTITY.first(self._connection, **identity)
        if known is not None:
            return int(known.person_id)
        person_id: int = _ADD_PERSON.first(self._connection, name=message.user_name, created_at=now).id
        _ADD_IDENTITY.run(self._connection, person_id=person_id, **identity)
        return person_id


def conversation_of(row: Any) -> Conversation:
    """The conversation in a row that has `CONVERSATION_COLUMNS`."""
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
