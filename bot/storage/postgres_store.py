"""The store on PostgreSQL: any number of processes."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError

from bot.storage.unit_of_work import Job, UnitOfWork

T = TypeVar("T")

CHANGES_CHANNEL = "relais_changes"
"""PostgreSQL notifications: the payload is a conversation id."""

_LOST_RACE_TRIES = 5
_LONGEST_PAUSE_S = 5
"""Between two statements of a transaction, on PostgreSQL; they follow one another within milliseconds."""


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
            return job(UnitOfWork(connection))

    def _write(self, job: Job[T]) -> T:
        for _ in range(_LOST_RACE_TRIES - 1):
            with contextlib.suppress(IntegrityError):
                return self._transaction(job)
        return self._transaction(job)

    def _transaction(self, job: Job[T]) -> T:
        with self.engine.begin() as connection:
            unit = UnitOfWork(connection)
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
