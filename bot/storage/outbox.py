"""What is to be sent, in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from bot.domain.conversation import Conversation, Owner
from bot.domain.messages import Author, LeasedMessage, OutboundMessage, Reply, Source
from bot.storage.codec import pack_buttons, unpack_buttons
from bot.storage.dialect import lock_conversation, page
from bot.storage.prepared import Prepared
from bot.storage.tables import IS_OPEN, ConversationRow, EntryRow, LeaseRow, OutboxRow, table

LEASE = timedelta(seconds=15)
"""How long a send may take; the channels' own time-outs are well under it."""
LONGEST_WAIT = timedelta(minutes=15)
"""A `next_at` further ahead than this is over: the clock was set back since."""

_T, _CONVERSATION, _ENTRY = table(OutboxRow), table(ConversationRow), table(EntryRow)
_ADD = Prepared(
    insert(_T).inline(),
    *("conversation_id", "entry_id", "owner", "epoch", "status", "tries", "in_doubt", "next_at"),
)
_ADD_ENTRY = Prepared(
    insert(_ENTRY).returning(_ENTRY.c.id),
    *("conversation_id", "turn_no", "author", "author_name", "title", "body"),
    *("buttons", "source_title", "source_url", "created_at"),
)
_BY_ID = _T.c.id == bindparam("row_id")
_SUPERSEDE = Prepared(update(_T).where(_BY_ID), "status")
_TAKE = Prepared(update(_T).where(_BY_ID), "status", "holder", "next_at", "in_doubt")
_SENT = Prepared(
    # It was sent, whoever has the lease by now; of two who sent it, the first to say so stands.
    update(_T).where(_BY_ID, _T.c.status != "sent"),
    *("status", "external_id", "sent_at", "tries"),
)
_FIRST_OPEN = Prepared(
    select(
        _T.c.id,
        _T.c.conversation_id,
        _T.c.entry_id,
        _T.c.owner.label("row_owner"),
        _T.c.epoch.label("row_epoch"),
        _T.c.status,
        _T.c.tries,
        _T.c.in_doubt,
        _T.c.next_at,
        _CONVERSATION.c.account,
        _CONVERSATION.c.chat,
        _CONVERSATION.c.user_key,
        _CONVERSATION.c.language,
        _CONVERSATION.c.claimed_epoch,
        _ENTRY.c.author,
        _ENTRY.c.author_name,
        _ENTRY.c.title,
        _ENTRY.c.body,
        _ENTRY.c.buttons,
        _ENTRY.c.source_title,
        _ENTRY.c.source_url,
        _ENTRY.c.created_at,
    )
    .join(_CONVERSATION, _CONVERSATION.c.id == _T.c.conversation_id)
    .join(_ENTRY, _ENTRY.c.id == _T.c.entry_id)
    .where(_T.c.conversation_id == bindparam("of_conversation"), IS_OPEN)
    .order_by(_T.c.id)
    .limit(1)
)
"""The oldest row that is not done with."""


class OutboxRepository:
    """What is to be sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, conversation: Conversation, reply: Reply, *, turn_no: int | None, now: datetime) -> None:
        """Writes the transcript line and the row that sends it, under the conversation's owner and epoch."""
        entry = _ADD_ENTRY.first(
            self._connection,
            conversation_id=conversation.id,
            turn_no=turn_no,
            author=reply.author,
            author_name=reply.author_name,
            title=reply.title,
            body=reply.text,
            buttons=pack_buttons(reply.buttons),
            source_title=reply.source.title if reply.source else None,
            source_url=reply.source.url if reply.source else None,
            created_at=now,
        )
        _ADD.run(
            self._connection,
            conversation_id=conversation.id,
            entry_id=entry.id,
            # What people and the desk say stands whoever has it, and so does advice on safety.
            owner=Owner.BOT if reply.author is Author.BOT and not reply.is_safety else Owner.AGENT,
            epoch=conversation.epoch,
            status="pending",
            tries=0,
            in_doubt=False,
            next_at=now,
        )

    def lease(self, conversation_id: int, *, holder: str, now: datetime) -> LeasedMessage | None:
        """The next row to send, leased; None when none is due or another holder is sending.

        What the bot said before an agent's claim is marked superseded on the way, but for advice on
        safety; a row whose lease ran out comes back in doubt.
        """
        lock_conversation(self._connection, conversation_id)
        while (row := self._first_open(conversation_id)) is not None:
            if now < row.next_at <= now + LONGEST_WAIT:
                return None
            if row.row_owner == Owner.BOT and row.row_epoch < row.claimed_epoch and row.status == "pending":
                _SUPERSEDE.run(self._connection, row_id=row.id, status="superseded")
                continue
            return self._take(row, holder, now)
        return None

    def sent(self, leased: LeasedMessage, external_id: str, now: datetime) -> None:
        """It was sent."""
        lock_conversation(self._connection, leased.conversation_id)
        values = {"status": "sent", "external_id": external_id, "sent_at": now, "tries": leased.tries + 1}
        _SENT.run(self._connection, row_id=leased.id, **values)

    def again(self, leased: LeasedMessage, *, at: datetime, problem: str, in_doubt: bool) -> None:
        """It was not, or perhaps not; once more at that time."""
        values: dict[str, object] = {"status": "pending", "tries": leased.tries + 1, "next_at": at}
        if in_doubt:
            values["in_doubt"] = True
        self._release(leased, problem=problem, **values)

    def undeliverable(self, leased: LeasedMessage, *, problem: str) -> None:
        """It never will be; shown to an agent."""
        self._release(leased, status="undelivered", tries=leased.tries + 1, problem=problem)

    def recover(self, now: datetime) -> None:
        """Ends every lease: the process that held them is known to have ended."""
        self._connection.execute(update(OutboxRow).where(OutboxRow.status == "sending").values(next_at=now))
        self._connection.execute(delete(LeaseRow))  # or nobody would listen until the dead one's ran out

    def due(
        self, now: datetime, *, limit: int, after: tuple[datetime, int] | None = None
    ) -> Sequence[tuple[datetime, int, int]]:
        """When each row that may be sent was due, its id and its conversation's, in this order; a page.

        Args:
            after: time and id of the last one of the page before.
        """
        wait_is_over = or_(_T.c.next_at <= now, _T.c.next_at > now + LONGEST_WAIT)
        statement = select(_T.c.next_at, _T.c.id, _T.c.conversation_id).where(IS_OPEN, wait_is_over)
        rows = self._connection.execute(page(statement, _T.c.next_at, _T.c.id, after=after, limit=limit))
        return [(row.next_at, row.id, row.conversation_id) for row in rows]

    def set_back(self, conversation_id: int, *, now: datetime, most_tries: int, problem: str) -> bool:
        """Handling the oldest open row failed by a defect: later again; True when it is given up."""
        lock_conversation(self._connection, conversation_id)
        oldest = select(_T.c.id, _T.c.tries, _T.c.status).where(
            _T.c.conversation_id == conversation_id, IS_OPEN
        )
        row = self._connection.execute(oldest.order_by(_T.c.id).limit(1)).first()
        if row is None:
            return False
        values: dict[str, object] = {"tries": row.tries + 1, "problem": problem}
        if row.status == "sending":
            values["in_doubt"] = True
        given_up: bool = row.tries + 1 >= most_tries
        if given_up:
            values["status"] = "undelivered"
        else:
            values |= {"status": "pending", "next_at": now + timedelta(seconds=min(2.0**row.tries, 300.0))}
        self._connection.execute(update(_T).where(_T.c.id == row.id).values(**values))
        return given_up

    def _first_open(self, conversation_id: int) -> Any:
        return _FIRST_OPEN.first(self._connection, of_conversation=conversation_id)

    def _take(self, row: Any, holder: str, now: datetime) -> LeasedMessage:
        in_doubt = row.in_doubt or row.status == "sending"
        deadline = now + LEASE
        values = {"status": "sending", "holder": holder, "next_at": deadline, "in_doubt": in_doubt}
        _TAKE.run(self._connection, row_id=row.id, **values)
        source = Source(title=row.source_title, url=row.source_url) if row.source_title else None
        reply = Reply(
            text=row.body,
            title=row.title,
            buttons=unpack_buttons(row.buttons),
            source=source,
            author=Author(row.author),
            author_name=row.author_name,
        )
        message = OutboundMessage(
            id=f"relais-{row.entry_id}-{row.created_at:%Y%m%d%H%M%S}",
            chat=row.chat,
            user=row.user_key,
            reply=reply,
            language=row.language,
            in_doubt=in_doubt,
        )
        return LeasedMessage(
            id=row.id,
            conversation_id=row.conversation_id,
            account=row.account,
            message=message,
            tries=row.tries,
            holder=holder,
            deadline=deadline,
        )

    def _release(self, leased: LeasedMessage, **values: object) -> None:
        """Only while the lease is ours: a process that comes back late must not undo what another did."""
        lock_conversation(self._connection, leased.conversation_id)
        ours = (OutboxRow.id == leased.id, OutboxRow.holder == leased.holder, OutboxRow.status == "sending")
        self._connection.execute(update(OutboxRow).where(*ours).values(**values))
