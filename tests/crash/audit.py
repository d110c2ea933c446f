"""The books after a crash test: what the database holds against what the platform received."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Engine, create_engine, func, inspect, or_, select, text
from sqlalchemy.pool import NullPool

from bot.storage.tables import ConversationRow, EntryRow, InboxRow, OutboxRow, TurnRow
from tests.crash.crowd import Crowd
from tests.crash.programs import Platform, Program, Sent

T = TypeVar("T")
K = TypeVar("K")

_PATIENCE_S = 60.0
"""How long nothing may move: a dead worker's leases and locks run out within half of it."""
_OPEN = ("pending", "sending")
_PLAIN = re.compile(r"[\w' ,.:’-]{8,}")
"""A stretch of Markdown that every channel shows as it is."""


@dataclass(frozen=True)
class Line:
    """A line of a transcript that was to be sent.

    Args:
        id: of its outbox row.
        sent_id: the platform's id of the message, by the database.
    """

    id: int
    chat: int
    in_doubt: bool
    sent_id: int
    title: str | None
    body: str


@dataclass
class InFlight:
    """The sends that were going on when something was killed: only these may be in doubt.

    Args:
        engine: see `books`.
    """

    engine: Engine
    times: Counter[int] = field(default_factory=Counter)
    """By outbox row: how often it was being sent at such a moment."""
    late: set[int] = field(default_factory=set)
    """Rows of a frozen process: when it goes on, its send may arrive after those that overtook it."""
    blows: list[int] = field(default_factory=list)
    """How many sends each blow cut off."""

    def note(self, pids: Iterable[int], *, frozen: bool = False) -> None:
        """Writes down what these processes were sending.

        Args:
            pids: of the processes; a lease names its holder's.
            frozen: they will go on.
        """
        rows = self._sends(pids)
        self.times.update(rows)
        self.blows.append(len(rows))
        if frozen:
            self.late.update(rows)

    def has_sends(self, pid: int) -> bool:
        """Whether a process is sending now."""
        return bool(self._sends([pid]))

    def _sends(self, pids: Iterable[int]) -> Sequence[int]:
        """The outbox rows that these processes are sending."""
        held = or_(*(OutboxRow.holder.contains(f"-{pid}-") for pid in pids))
        statement = select(OutboxRow.id).where(OutboxRow.status == "sending", held)
        with self.engine.connect() as connection:
            made = inspect(connection).has_table(OutboxRow.__tablename__)
            return connection.execute(statement).scalars().all() if made else []

    @property
    def met_load(self) -> bool:
        """Whether enough blows cut off sends for the test to show anything."""
        return sum(map(bool, self.blows)) >= len(self.blows) / 3

    def __str__(self) -> str:
        hits = sum(map(bool, self.blows))
        return (
            f"{hits} of {len(self.blows)} blows met sends and cut off {sum(self.blows)}, "
            f"{max(self.blows)} at most"
        )


@dataclass(frozen=True)
class Findings:
    """What the audit counted.

    Args:
        repeats: messages that a person got once more.
        in_doubt: lines of which the database says that this may have happened.
    """

    repeats: int
    in_doubt: int

    def __str__(self) -> str:
        return f"{self.repeats} repeats, {self.in_doubt} in doubt"


def books(database_url: str) -> Engine:
    """Reads a database from outside, with a connection each time, so that it may restart in between."""
    return create_engine(database_url, poolclass=NullPool)


def wait_until_quiet(engine: Engine, platform: Platform, programs: Iterable[Program], messages: int) -> None:
    """Waits until all that was written is handled and all that is to be sent is sent.

    Args:
        messages: how many were written.
    """
    before, since = (0, 0), time.monotonic()
    while (now := _progress(engine)) != (messages, 0) or platform.count("waiting"):
        for program in programs:
            program.check()
        if now != before:
            before, since = now, time.monotonic()
        if time.monotonic() > since + _PATIENCE_S:
            logs = "\n".join(f"{program.name}:\n{program.tail()}" for program in programs)
            raise AssertionError(f"stuck, {platform.count('waiting')} not fetched:\n{_state(engine)}\n{logs}")
        time.sleep(0.3)
    time.sleep(1)  # one too many may still come


def audit(engine: Engine, crowd: Crowd, sent: Sequence[Sent], in_flight: InFlight) -> Findings:
    """Every message once, in order, answered; repeats only of what was in flight.

    Args:
        sent: what the platform received, in order.
        in_flight: what was being sent at the kills.
    """
    _check_inbox(engine, crowd)
    _check_turns(engine, crowd)
    lines = _lines(engine)
    strangers = {each.chat for each in sent} - set(crowd.chats)
    assert not strangers, f"sent to strangers: {strangers}"
    doubtful = [line for line in lines if line.in_doubt]
    baseless = [line for line in doubtful if line.id not in in_flight.times]
    assert not baseless, f"in doubt, but not in flight at any kill: {baseless[:5]}"
    received = _grouped(sent, lambda each: each.chat)
    repeats = sum(
        _check_chat(theirs, received[chat], in_flight)
        for chat, theirs in _grouped(lines, lambda line: line.chat).items()
    )
    return Findings(repeats=repeats, in_doubt=len(doubtful))


def _check_inbox(engine: Engine, crowd: Crowd) -> None:
    """Each message is stored once, and none waits."""
    statement = select(InboxRow.message_key, InboxRow.status, InboxRow.tries, InboxRow.problem)
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    written = Counter(f"{chat}:{number}" for chat in crowd.chats for number in range(1, crowd.each + 1))
    stored = Counter(row.message_key for row in rows)
    assert not written - stored, f"lost: {sorted(written - stored)[:10]}"
    assert not stored - written, f"stored twice, or never written: {sorted(stored - written)[:10]}"
    undone = [tuple(row) for row in rows if row.status != "done"]
    assert not undone, f"not handled: {undone[:10]}"


def _check_turns(engine: Engine, crowd: Crowd) -> None:
    """Each message led to one turn, in the order of writing, and the turn to an answer of the bot."""
    replies = (
        select(func.count())
        .where(EntryRow.conversation_id == TurnRow.conversation_id, EntryRow.turn_no == TurnRow.turn_no)
        .scalar_subquery()
    )
    statement = (
        select(InboxRow.message_key, TurnRow.turn_no, TurnRow.decision, replies.label("replies"))
        .join(InboxRow, InboxRow.id == TurnRow.inbox_id)
        .order_by(TurnRow.conversation_id, TurnRow.turn_no)
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    twice = [key for key, times in Counter(row.message_key for row in rows).items() if times > 1]
    assert not twice, f"handled twice: {twice[:10]}"
    decisions = Counter(row.decision for row in rows)
    assert not decisions.keys() & {"handoff", "none"}, (
        f"the bot should answer all this by itself: {decisions}"
    )
    silent = [row.message_key for row in rows if not row.replies]
    assert not silent, f"unanswered: {silent[:10]}"
    for chat, theirs in _grouped(rows, lambda row: row.message_key.partition(":")[0]).items():
        numbers = [int(row.message_key.partition(":")[2]) for row in theirs]
        assert numbers == [row.turn_no for row in theirs] == list(range(1, crowd.each + 1)), (
            f"handled out of order in chat {chat}: {numbers}"
        )


def _lines(engine: Engine) -> list[Line]:
    """Everything that was to be sent, and it was, in the order of the transcripts."""
    statement = (
        select(
            OutboxRow.id,
            ConversationRow.chat,
            OutboxRow.in_doubt,
            OutboxRow.external_id,
            EntryRow.title,
            EntryRow.body,
            OutboxRow.status,
            OutboxRow.tries,
            OutboxRow.problem,
        )
        .join(ConversationRow, ConversationRow.id == OutboxRow.conversation_id)
        .join(EntryRow, EntryRow.id == OutboxRow.entry_id)
        .order_by(EntryRow.id)
    )
    with engine.connect() as connection:
        rows = connection.execute(statement).all()
    unsent = [tuple(row) for row in rows if row.status != "sent" or row.external_id is None]
    assert not unsent, f"never sent: {unsent[:5]}"
    return [
        Line(
            id=row.id,
            chat=int(row.chat),
            in_doubt=row.in_doubt,
            sent_id=int(row.external_id or 0),
            title=row.title,
            body=row.body,
        )
        for row in rows
    ]


def _check_chat(lines: Sequence[Line], sent: Sequence[Sent], in_flight: InFlight) -> int:
    """One chat's transcript against what the person saw; returns how many messages came once more."""
    received = {each.id: each for each in sent}
    missing = [line for line in lines if line.sent_id not in received]
    assert not missing, f"sent according to the database only: {missing[:5]}"
    order = [line.sent_id for line in lines]
    assert order == sorted(set(order)), f"sent out of order: {order}\n{lines}"
    for line in lines:
        said = received[line.sent_id].text
        begins = _PLAIN.search(line.body)
        assert (line.title or "") in said, f"another text arrived: {said!r} for {line}"
        assert begins is None or begins.group().strip() in said, f"another text arrived: {said!r} for {line}"
    surplus = [each for each in sent if each.id not in set(order)]
    again = Counter(_repeated(each, lines, received, in_flight) for each in surplus)
    for line_id, times in again.items():
        assert times <= in_flight.times[line_id], (
            f"outbox row {line_id} came {times} times more than it should"
        )
    return again.total()


def _repeated(surplus: Sent, lines: Sequence[Line], received: Mapping[int, Sent], in_flight: InFlight) -> int:
    """The line that a surplus message repeats: the one beside it, unless a frozen process sent it late."""
    before = [line for line in lines if line.sent_id < surplus.id][-1:]
    after = [line for line in lines if line.sent_id > surplus.id][:1]
    late = [line for line in lines if line.id in in_flight.late]
    for line in (*after, *before, *late):
        if line.in_doubt and received[line.sent_id].html == surplus.html:
            return line.id
    raise AssertionError(f"a person got this once too often, and nothing was in doubt: {surplus}")


def _progress(engine: Engine) -> tuple[int, int]:
    """Messages handled, and answers not sent yet."""
    handled = select(func.count()).select_from(InboxRow).where(InboxRow.status != "pending")
    unsent = select(func.count()).select_from(OutboxRow).where(OutboxRow.status.in_(_OPEN))
    with engine.connect() as connection:
        if not inspect(connection).has_table(OutboxRow.__tablename__):
            return 0, 0
        return connection.execute(handled).scalar_one(), connection.execute(unsent).scalar_one()


def _state(engine: Engine) -> str:
    """Where messages are, for whoever must find out why they do not move on."""
    what = [
        "SELECT 'inbox', status, count(*) FROM inbox GROUP BY status",
        "SELECT 'outbox', status, count(*) FROM outbox GROUP BY status",
        "SELECT 'inbox', id, conversation_id, tries, retry_at, problem FROM inbox "
        "WHERE status = 'pending' ORDER BY id LIMIT 5",
        "SELECT 'outbox', id, conversation_id, status, tries, next_at, holder, problem FROM outbox "
        "WHERE status IN ('pending', 'sending') ORDER BY id LIMIT 5",
    ]
    if engine.dialect.name == "postgresql":
        what.append("SELECT 'wake-ups', status, worker_id, count(*) FROM procrastinate_jobs GROUP BY 2, 3")
    with engine.connect() as connection:
        return "\n".join(str(tuple(row)) for each in what for row in connection.execute(text(each)))


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> Mapping[K, list[T]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
