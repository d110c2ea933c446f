"""Conversations and persons in the database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, literal, or_, select, update

from bot.domain.conversation import Conversation, Owner, ParkedConversation, ParkedReason
from bot.domain.errors import NotFoundError
from bot.domain.messages import InboundMessage
from bot.storage.dialect import lock_conversation, page
from bot.storage.prepared import Prepared
from bot.storage.tables import (
    IS_CURRENT,
    IS_PARKED,
    IS_PENDING,
    IS_RUNNING,
    ConversationRow,
    IdentityRow,
    InboxRow,
    PersonRow,
    TimerRow,
    UtcDateTime,
    table,
)

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Due whatever the clock shows, also after it was set back."""
LONGEST_RETRY = timedelta(minutes=5)
"""A `retry_at` further ahead than this is over: the clock was set back since."""

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
        "claimed_epoch",
        "agent_id",
        "case_id",
        "release_id",
        "turn_no",
        "state",
        "fence",
        "closed_at",
        "tries",
        "retry_at",
        "parked",
    )
)
_BY_ID = _T.c.id == bindparam("conversation_id")

_ONE_WAITS = (
    select(literal(AT_ONCE, UtcDateTime()))
    .where(InboxRow.conversation_id == _T.c.id, IS_PENDING)
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
_NEXT_AT = func.coalesce(_ONE_WAITS, _EARLIEST_TIMER)
"""When a conversation next needs attention: at once while a message waits, or at its earliest timer."""

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
    *("language_chosen", "owner", "epoch", "claimed_epoch", "turn_no", "state", "fence", "tries"),
    "opened_at",
)
_SAVE = Prepared(
    update(_T).where(_BY_ID, _T.c.fence == bindparam("old_fence")).values(next_at=_NEXT_AT),
    *("user_name", "language", "language_chosen", "owner", "epoch", "claimed_epoch", "agent_id"),
    *("case_id", "release_id", "turn_no", "state", "closed_at", "fence", "tries", "retry_at", "parked"),
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
            claimed_epoch=0,
            turn_no=0,
            state={},
            fence=0,
            tries=0,
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
            claimed_epoch=conversation.claimed_epoch,
            agent_id=conversation.agent_id,
            case_id=conversation.case_id,
            release_id=conversation.release_id,
            turn_no=conversation.turn_no,
            state=dict(conversation.state),
            closed_at=conversation.closed_at,
            fence=conversation.fence + 1,
            tries=conversation.tries,
            retry_at=conversation.retry_at,
            parked=conversation.parked,
        )
        return saved == 1

    def move_chat(self, conversation_id: int, new_chat: str) -> None:
        """The platform gave the chat another address."""
        statement = update(ConversationRow).where(ConversationRow.id == conversation_id).values(chat=new_chat)
        self._connection.execute(statement)

    def schedule(self, conversation_id: int, at: datetime = AT_ONCE) -> None:
        """Needs attention at that time; an earlier one stands."""
        _SCHEDULE.run(self._connection, conversation_id=conversation_id, at=at)

    def reschedule(self, conversation_id: int) -> None:
        """Sets when it next needs attention: at once while messages wait, else at its earliest timer."""
        _RESCHEDULE.run(self._connection, conversation_id=conversation_id)

    def due(
        self, now: datetime, *, limit: int, after: tuple[datetime, int] | None = None
    ) -> Sequence[tuple[datetime, int]]:
        """When each that needs attention was due, and its id, in this order; a page of them.

        Args:
            after: the last one of the page before.
        """
        wait_is_over = or_(_T.c.retry_at.is_(None), _T.c.retry_at <= now, _T.c.retry_at > now + LONGEST_RETRY)
        statement = select(_T.c.next_at, _T.c.id).where(_T.c.next_at <= now, IS_RUNNING, wait_is_over)
        rows = self._connection.execute(page(statement, _T.c.next_at, _T.c.id, after=after, limit=limit))
        return [(row.next_at, row.id) for row in rows]

    # Handling that fails ---------------------------------------------------------------------------

    def failures(self, conversation_id: int, now: datetime) -> tuple[str, int, bool]:
        """Its desk, its `tries`, and whether it is parked or waits for a retry; locked until the commit.

        Reads nothing else, so that a conversation that cannot be read is set back as well.

        Raises:
            NotFoundError: there is none.
        """
        lock_conversation(self._connection, conversation_id)
        columns = (_T.c.desk, _T.c.tries, _T.c.parked, _T.c.retry_at)
        statement = select(*columns).where(_T.c.id == conversation_id)
        row = self._connection.execute(statement).first()
        if row is None:
            raise NotFoundError(f"conversation {conversation_id}")
        return row.desk, row.tries, is_held(row.parked, row.retry_at, now)

    def set_back(
        self, conversation_id: int, *, tries: int, retry_at: datetime | None, problem: str | None
    ) -> None:
        """Handling failed so many times, and is not tried before that time; 0 and None clear it."""
        values = {"tries": tries, "retry_at": retry_at, "problem": problem}
        self._connection.execute(update(_T).where(_T.c.id == conversation_id).values(**values))

    def park(self, conversation_id: int, reason: ParkedReason, *, problem: str | None, now: datetime) -> None:
        """Is not handled any more, until `resume`; its messages stay."""
        values = {"parked": reason, "parked_at": now, "problem": problem, "retry_at": None, "tries": 0}
        self._connection.execute(update(_T).where(_T.c.id == conversation_id).values(**values))

    def resume(self, conversation_ids: Sequence[int]) -> None:
        """Parked ones are handled again, from the first message that waits."""
        for conversation_id in conversation_ids:
            values = {"parked": None, "parked_at": None, "retry_at": None, "tries": 0, "next_at": _NEXT_AT}
            statement = update(_T).where(_T.c.id == conversation_id, IS_PARKED).values(**values)
            self._connection.execute(statement)

    def resume_all(self) -> int:
        """As `resume`, for every one that is parked; how many they were."""
        found = self._connection.execute(select(_T.c.id).where(IS_PARKED)).scalars().all()
        self.resume(found)
        return len(found)

    def parked(self, *, limit: int, without: Sequence[str] = ()) -> Sequence[ParkedConversation]:
        """Those that are parked, oldest first.

        Args:
            without: desks that are left out.
        """
        waiting = (
            select(func.count()).where(InboxRow.conversation_id == _T.c.id, IS_PENDING).correlate(_T)
        ).scalar_subquery()
        columns = (_T.c.id, _T.c.desk, _T.c.account, _T.c.parked, _T.c.problem, _T.c.parked_at)
        statement = select(*columns, waiting.label("waiting")).where(IS_PARKED, _T.c.desk.not_in(without))
        return [
            ParkedConversation(
                id=row.id,
                desk=row.desk,
                account=row.account,
                reason=ParkedReason(row.parked),
                problem=row.problem,
                since=row.parked_at,
                waiting=row.waiting,
            )
            for row in self._connection.execute(statement.order_by(_T.c.id).limit(limit))
        ]

    def parked_counts(self, *, without: Sequence[str] = ()) -> Mapping[ParkedReason, int]:
        """How many are parked, by reason.

        Args:
            without: desks that are left out.
        """
        counted = select(_T.c.parked, func.count().label("n")).where(IS_PARKED, _T.c.desk.not_in(without))
        statement = counted.group_by(_T.c.parked)
        found = {ParkedReason(row.parked): int(row.n) for row in self._connection.execute(statement)}
        return {reason: found.get(reason, 0) for reason in ParkedReason}

    def resumable(self, desks: Sequence[str], *, limit: int) -> Sequence[int]:
        """Those that were parked for want of a desk that there is now."""
        statement = select(_T.c.id).where(
            IS_PARKED, _T.c.parked == ParkedReason.UNKNOWN_DESK, _T.c.desk.in_(desks)
        )
        return self._connection.execute(statement.order_by(_T.c.id).limit(limit)).scalars().all()

    def of_other_desks(self, desks: Sequence[str]) -> Mapping[str, int]:
        """How many conversations are open on desks other than these, by desk."""
        statement = (
            select(_T.c.desk, func.count().label("n"))
            .where(_T.c.desk.not_in(desks), or_(_T.c.owner != Owner.CLOSED, IS_PARKED))
            .group_by(_T.c.desk)
            .order_by(_T.c.desk)
        )
        return {row.desk: int(row.n) for row in self._connection.execute(statement)}

    def rename_desk(self, old: str, new: str) -> int:
        """All conversations of one desk are of another from now on; how many they were.

        A running dialogue sees the change: each conversation's fence rises.
        """
        statement = update(_T).where(_T.c.desk == old).values(desk=new, fence=_T.c.fence + 1)
        return self._connection.execute(statement).rowcount

    def rename_account(self, old: str, new: str) -> None:
        """What came by one channel account came by another, which answers it from now on."""
        for row in (ConversationRow, IdentityRow, InboxRow):
            of_account = table(row)
            self._connection.execute(
                update(of_account).where(of_account.c.account == old).values(account=new)
            )

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


def is_held(parked: str | None, retry_at: datetime | None, now: datetime) -> bool:
    """Whether a conversation is parked, or waits after a failure."""
    return parked is not None or (retry_at is not None and now < retry_at <= now + LONGEST_RETRY)


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
        claimed_epoch=row.claimed_epoch,
        agent_id=row.agent_id,
        case_id=row.case_id,
        release_id=row.release_id,
        turn_no=row.turn_no,
        state=row.state,
        fence=row.fence,
        closed_at=row.closed_at,
        tries=row.tries,
        retry_at=row.retry_at,
        parked=None if row.parked is None else ParkedReason(row.parked),
    )
