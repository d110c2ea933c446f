"""The engine of many processes: procrastinate wakes a worker through PostgreSQL.

A wake-up is a job that carries a conversation's id and nothing else. It is deferred inside the
transaction that gives reason for it. `lock` keeps two workers off one conversation, `queueing_lock`
keeps one wake-up waiting at most. Correctness does not rest on either: the fence and the sweep do.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from sqlalchemy import Connection, make_url

log = logging.getLogger(__name__)

Handler = Callable[[int], Awaitable[None]]

_TASK = "relais.conversation"
_HEARTBEAT_S = 3.0
_STALLED_S = 15.0
"""From here a silent worker counts as dead: as long as the lease of a send, which has to run out anyway."""
_RESCUE_PERIOD_S = 5.0
_RESTART_S = 1.0
_LOOK_AGAIN_S = 0.1
"""A wake-up that came while its conversation was in work is announced before it can be taken."""


class ProcrastinateEngine:
    """Defers and runs wake-ups.

    Args:
        url: a `postgresql+psycopg://` address.
        handler: drains and delivers one conversation.
        concurrency: conversations handled at once by this process.
    """

    def __init__(self, url: str, handler: Handler, *, concurrency: int = 16) -> None:
        conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._concurrency = concurrency
        self._sync = App(connector=SyncPsycopgConnector(conninfo=conninfo))
        self._async = App(connector=PsycopgConnector(conninfo=conninfo))
        self._jobs = self._async.job_manager = _Jobs(self._async.connector)
        self._deferring = self._sync.task(name=_TASK)(_unused)

        @self._async.task(name=_TASK)
        async def run(conversation_id: int) -> None:
            # No retry here: what failed is still stored as waiting, and the sweep comes back to it.
            try:
                await handler(conversation_id)
            except Exception as exc:
                extra = {"conversation": conversation_id, "error": type(exc).__name__}
                log.warning("conversation waits for the database", extra=extra)

    def defer(self, connection: Connection, conversation_id: int) -> None:
        """Queues a wake-up inside a transaction, unless one waits already."""
        driver = connection.connection.driver_connection
        assert driver is not None
        key = f"conversation-{conversation_id}"
        configured = self._deferring.configure(lock=key, queueing_lock=key, connection=driver)
        with contextlib.suppress(AlreadyEnqueued), driver.transaction():
            configured.defer(conversation_id=conversation_id)

    async def wake(self, conversation_ids: Sequence[int]) -> None:
        """Queues wake-ups by themselves (from the sweep)."""
        for conversation_id in conversation_ids:
            key = f"conversation-{conversation_id}"
            with contextlib.suppress(AlreadyEnqueued):
                await self._async.configure_task(_TASK, lock=key, queueing_lock=key).defer_async(
                    conversation_id=conversation_id
                )

    async def run(self) -> None:
        """Works until cancelled; comes back when the database was away."""
        while True:
            try:
                async with self._async.open_async(), asyncio.TaskGroup() as group:
                    group.create_task(self._rescue_forever())
                    group.create_task(self._restart_when_one_is_left())
                    group.create_task(self._work())
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                log.warning("worker restarts", extra={"error": _causes(exc)})
            await asyncio.sleep(_RESTART_S)

    async def _work(self) -> None:
        await self._async.run_worker_async(
            concurrency=self._concurrency,
            fetch_job_polling_interval=_LOOK_AGAIN_S,
            install_signal_handlers=False,
            delete_jobs="always",
            shutdown_graceful_timeout=10.0,
            update_heartbeat_interval=_HEARTBEAT_S,
            stalled_worker_timeout=_STALLED_S,
        )
        raise ConnectionError("the worker ended")

    async def _restart_when_one_is_left(self) -> None:
        """A job that could not be ended counts as running for as long as its worker lives."""
        self._jobs.one_is_left.clear()
        await self._jobs.one_is_left.wait()
        raise ConnectionError("a wake-up could not be ended")

    async def _rescue_forever(self) -> None:
        """Takes away the jobs of dead workers, whose locks keep everybody off their conversations.

        The sweep wakes those conversations anew. A job put back instead would break its queueing_lock as
        soon as another wake-up of its conversation waits.
        """
        manager = self._async.job_manager
        while True:
            jobs = await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_S)
            stalled = [job.id for job in jobs if job.id is not None]
            if stalled:
                log.warning("a worker is gone, its conversations go on", extra={"wake_ups": len(stalled)})
            for job_id in stalled:
                with contextlib.suppress(ConnectorException):  # another process was quicker
                    await manager.finish_job_by_id_async(job_id, status=Status.FAILED, delete_job=True)
            await asyncio.sleep(_RESCUE_PERIOD_S)


class _Jobs(JobManager):
    """Notices when the end of a job could not be written; the library would leave its lock for good."""

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        self.one_is_left = asyncio.Event()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """See `procrastinate.manager.JobManager.finish_job`."""
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException:
            self.one_is_left.set()


async def _unused(conversation_id: int) -> None:
    """The deferring side only names the task."""


def _causes(exc: BaseException) -> str:
    """What is in a group of exceptions, by name: a group's own name says nothing."""
    if isinstance(exc, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(_causes(each) for each in exc.exceptions))
    return type(exc).__name__
