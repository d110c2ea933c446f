"""The store on SQLite: one process, one writer."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event

from bot.domain.errors import ConfigurationError
from bot.storage.unit_of_work import Job, UnitOfWork

T = TypeVar("T")

_LARGEST_GROUP = 64
_READS_ONLY = "relais_reads_only"
"""Execution option of a connection whose transactions only read."""


class Listener(Protocol):
    """Called after each commit, on the event loop."""

    def woken(self, conversation_id: int) -> None:
        """A worker should look at this conversation."""

    def changed(self, conversation_id: int) -> None:
        """Pages that show this conversation should look again."""


class _QueuedJob(NamedTuple):
    """A job for the writer, and where its caller waits on the event loop."""

    job: Job[Any]
    answer: asyncio.Future[tuple[Any, UnitOfWork]]


_Outcome = tuple[_QueuedJob, tuple[Any, UnitOfWork] | Exception]


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
        self._reading_engine = self.engine.execution_options(**{_READS_ONLY: True})
        self.listener: Listener | None = None
        self._lock_file: int | None = None
        self._jobs: queue.SimpleQueue[_QueuedJob | None] = queue.SimpleQueue()
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
        answer: asyncio.Future[tuple[T, UnitOfWork]] = asyncio.get_running_loop().create_future()
        self._jobs.put(_QueuedJob(job, answer))
        result, unit = await answer
        if self.listener is not None:
            _tell(self.listener, unit)
        return result

    def close(self) -> None:
        """Finishes the queued jobs, then closes the file."""
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown()
        self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _read(self, job: Job[T]) -> T:
        with self._reading_engine.connect() as connection:
            return job(UnitOfWork(connection))

    def _write_forever(self) -> None:
        with self.engine.connect() as connection:
            while (first := self._jobs.get()) is not None:
                group, last = self._gather(first)
                self._commit(connection, group)
                if last:
                    return

    def _gather(self, first: "_QueuedJob") -> tuple[list["_QueuedJob"], bool]:
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

    def _commit(self, connection: Connection, group: list["_QueuedJob"]) -> None:
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
    def _run(connection: Connection, group: list["_QueuedJob"]) -> list["_Outcome"]:
        outcomes: list[_Outcome] = []
        with connection.begin():
            for asked in group:
                unit = UnitOfWork(connection)
                outcomes.append((asked, (asked.job(unit), unit)))
        return outcomes


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


def _tell(listener: Listener, unit: UnitOfWork) -> None:
    for conversation_id in unit.woken:
        listener.woken(conversation_id)
    for conversation_id in unit.touched:
        listener.changed(conversation_id)


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
        reads_only = connection.get_execution_options().get(_READS_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine
