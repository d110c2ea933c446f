"""Units of work, and the stores that run them: one writer on SQLite, a pool on PostgreSQL."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.domain.errors import ConfigurationError
from bot.pipeline.ports import Unit
from bot.storage.agents import SqlAgents
from bot.storage.cases import SqlCases, SqlTimers
from bot.storage.conversations import SqlConversations
from bot.storage.dialect import insert_or_ignore, is_new
from bot.storage.inbox import SqlInbox
from bot.storage.outbox import SqlOutbox
from bot.storage.questions import SqlQuestions
from bot.storage.releases import SqlLeases, SqlReleases
from bot.storage.tables import OnceRow
from bot.storage.transcripts import SqlTranscripts, SqlTurns

T = TypeVar("T")
Job = Callable[[Unit], T]

CHANGES_CHANNEL = "relais_changes"
"""PostgreSQL notifications: the payload is a conversation id."""

_LARGEST_GROUP = 64
_LOST_RACE_TRIES = 5
_LONGEST_PAUSE_S = 5
"""Between two statements of a transaction, on PostgreSQL; they follow one another within milliseconds."""


class SqlUnit:
    """`bot.pipeline.ports.Unit` on one SQLAlchemy connection, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.woken: set[int] = set()
        self.touched: set[int] = set()

    @cached_property
    def conversations(self) -> SqlConversations:
        return SqlConversations(self.connection)

    @cached_property
    def inbox(self) -> SqlInbox:
        return SqlInbox(self.connection)

    @cached_property
    def transcripts(self) -> SqlTranscripts:
        return SqlTranscripts(self.connection)

    @cached_property
    def turns(self) -> SqlTurns:
        return SqlTurns(self.connection)

    @cached_property
    def questions(self) -> SqlQuestions:
        return SqlQuestions(self.connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self.connection)

    @cached_property
    def cases(self) -> SqlCases:
        return SqlCases(self.connection)

    @cached_property
    def timers(self) -> SqlTimers:
        return SqlTimers(self.connection)

    @cached_property
    def agents(self) -> SqlAgents:
        return SqlAgents(self.connection)

    @cached_property
    def releases(self) -> SqlReleases:
        return SqlReleases(self.connection)

    @cached_property
    def leases(self) -> SqlLeases:
        return SqlLeases(self.connection)

    def once(self, key: str, now: datetime) -> bool:
        added = insert_or_ignore(self.connection.dialect.name, OnceRow).values(key=key, created_at=now)
        return is_new(self.connection, added, OnceRow.key)

    def wake(self, conversation_id: int) -> None:
        self.woken.add(conversation_id)

    def changed(self, conversation_id: int) -> None:
        self.touched.add(conversation_id)


class Listener(Protocol):
    """Hears of commits, on the event loop."""

    def woken(self, conversation_id: int) -> None:
        """A worker should look at this conversation."""

    def changed(self, conversation_id: int) -> None:
        """Pages that show this conversation should look again."""


class _Asked(NamedTuple):
    """A job for the writer, and where its caller waits on the event loop."""

    job: Job[Any]
    answer: asyncio.Future[tuple[Any, SqlUnit]]


_Outcome = tuple[_Asked, tuple[Any, SqlUnit] | Exception]


class SqliteStore:
    """One process, one writer thread with group commit, readers beside it (WAL).

    Args:
        path: the database file; its folder is made when missing.
        readers: reading threads.
    """

    def __init__(self, path: Path, *, readers: int = 4) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self.engine = _sqlite_engine(path)
        self.listener: Listener | None = None
        self._lock_file: int | None = None
        self._jobs: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._writer = threading.Thread(target=self._write_forever, name="sqlite-write", daemon=True)
        self._writer.start()

    def claim(self) -> None:
        """Makes sure that no other process serves this database.

        Raises:
            ConfigurationError: one does.
        """
        descriptor = os.open(f"{self._path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(descriptor)
            raise ConfigurationError(
                "RELAIS_DATABASE_URL",
                f"{self._path} is already served by another process. Stop that one first, "
                "or use PostgreSQL to run several.",
            ) from exc
        self._lock_file = descriptor

    async def read(self, job: Job[T], /) -> T:
        """See `bot.pipeline.ports.Store.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    async def write(self, job: Job[T], /) -> T:
        """See `bot.pipeline.ports.Store.write`."""
        answer: asyncio.Future[tuple[T, SqlUnit]] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Asked(job, answer))
        result, unit = await answer
        if self.listener is not None:
            _tell(self.listener, unit)
        return result

    def close(self) -> None:
        """Finishes what was asked, then lets go of the file."""
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _read(self, job: Job[T]) -> T:
        with self.engine.connect() as connection:
            return job(SqlUnit(connection))

    def _write_forever(self) -> None:
        with self.engine.connect() as connection:
            while (first := self._jobs.get()) is not None:
                group, last = self._gather(first)
                self._commit(connection, group)
                if last:
                    return

    def _gather(self, first: "_Asked") -> tuple[list["_Asked"], bool]:
        """What waits now is committed together: one disk sync for all."""
        group = [first]
        while len(group) < _LARGEST_GROUP:
            try:
                item = self._jobs.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, True
            group.append(item)
        return group, False

    def _commit(self, connection: Connection, group: list["_Asked"]) -> None:
        live = [asked for asked in group if not asked.answer.cancelled()]
        try:
            _tell_askers(self._run(connection, live))
        except Exception as exc:
            if len(live) == 1:
                _tell_askers([(live[0], exc)])
            else:  # one of them failed: each by itself, so that the others go through
                for asked in live:
                    self._commit(connection, [asked])

    @staticmethod
    def _run(connection: Connection, group: list["_Asked"]) -> list["_Outcome"]:
        outcomes: list[_Outcome] = []
        with connection.begin():
            for asked in group:
                unit = SqlUnit(connection)
                outcomes.append((asked, (asked.job(unit), unit)))
        return outcomes


class PostgresStore:
    """Any number of processes; wake-ups and page changes travel inside the transaction.

    Args:
        url: a `postgresql+psycopg://` address.
        threads: connections and threads of this process.
    """

    def __init__(self, url: str, *, threads: int = 8) -> None:
        self.engine = _postgres_engine(url, threads)
        self.defer: Callable[[Connection, int], None] | None = None
        """Queues a wake-up inside the transaction; set by the engine."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="postgres")

    async def read(self, job: Job[T], /) -> T:
        """See `bot.pipeline.ports.Store.read`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, job)

    async def write(self, job: Job[T], /) -> T:
        """See `bot.pipeline.ports.Store.write`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, job)

    def close(self) -> None:
        """Waits for running transactions, then closes the pool."""
        self._threads.shutdown()
        self.engine.dispose()

    def _read(self, job: Job[T]) -> T:
        with self.engine.connect() as connection:
            return job(SqlUnit(connection))

    def _write(self, job: Job[T]) -> T:
        for _ in range(_LOST_RACE_TRIES - 1):
            with contextlib.suppress(IntegrityError):
                return self._transaction(job)
        return self._transaction(job)

    def _transaction(self, job: Job[T]) -> T:
        with self.engine.begin() as connection:
            unit = SqlUnit(connection)
            result = job(unit)
            for conversation_id in unit.woken:
                if self.defer is not None:
                    self.defer(connection, conversation_id)
            for conversation_id in unit.touched:
                connection.execute(
                    text("SELECT pg_notify(:channel, :payload)"),
                    {"channel": CHANGES_CHANNEL, "payload": str(conversation_id)},
                )
        return result


AnyStore = SqliteStore | PostgresStore


def open_store(url: str) -> AnyStore:
    """The store for a database address.

    Raises:
        ConfigurationError: neither SQLite nor PostgreSQL through psycopg.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite" and parsed.database:
        return SqliteStore(Path(parsed.database))
    if parsed.drivername == "postgresql+psycopg":
        return PostgresStore(url)
    raise ConfigurationError(
        "RELAIS_DATABASE_URL",
        f"{parsed.drivername!r} is not supported. Use sqlite:///path/to/relais.db "
        "or postgresql+psycopg://user:password@host/database.",
    )


def is_transient(exc: BaseException) -> bool:
    """Whether the database was away or locked, so that trying again may help."""
    return isinstance(exc, OperationalError)


def _tell_askers(outcomes: list[_Outcome]) -> None:
    """Wakes those who wait, all of a loop at once: each call into a loop from outside is a system call."""
    for loop, group in itertools.groupby(outcomes, key=lambda outcome: outcome[0].answer.get_loop()):
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_answer, list(group))


def _answer(outcomes: list[_Outcome]) -> None:
    for (_, answer), outcome in outcomes:
        if answer.done():
            continue
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _tell(listener: Listener, unit: SqlUnit) -> None:
    for conversation_id in unit.woken:
        listener.woken(conversation_id)
    for conversation_id in unit.touched:
        listener.changed(conversation_id)


def _postgres_engine(url: str, connections: int) -> Engine:
    engine = create_engine(
        url, pool_size=connections, max_overflow=0, pool_pre_ping=True, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def set_limits(connection: Any, _: Any) -> None:
        # A process that stops in the middle of a transaction would keep its conversation locked, and
        # with it whoever stores a message for it.
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_LONGEST_PAUSE_S}s'")
        connection.commit()

    return engine


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": 30},
        hide_parameters=True,  # errors would otherwise quote what people wrote
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another one wrote in
        # between, whatever the busy time-out says; so whoever may write takes the lock first.
        reading = threading.current_thread().name.startswith("sqlite-read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
