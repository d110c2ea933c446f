"""The composition root: the one place that picks concrete classes, starts them and stops them in order."""

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot.channels.registration import answering_desk
from bot.channels.registry import PLATFORMS
from bot.content.knowledge import build_in_child, open_encoder
from bot.content.library import Library
from bot.content.understanding import UnderstandingEngine
from bot.domain.article import article_url
from bot.domain.desk import Desk
from bot.pipeline.changes import Changes
from bot.pipeline.channels import ChannelState, ChannelSupervisor
from bot.pipeline.clock import SystemClock
from bot.pipeline.engine.local import LocalEngine
from bot.pipeline.engine.sweep import Sweep, sweep_forever
from bot.pipeline.inbound import Dialogues, Inbound
from bot.pipeline.outbox import Delivery
from bot.pipeline.ports import Clock
from bot.pipeline.worker import ConversationWorker
from bot.storage.migrate import upgrade
from bot.storage.postgres_store import PostgresStore
from bot.storage.sqlite_store import SqliteStore
from bot.storage.stores import AnyStore, open_store
from config.settings import Settings
from handoff.desk.desk import AgentDesk
from nlu.encoders.encoder import Encoder

log = logging.getLogger(__name__)

_REFRESH_S = 5.0


@dataclass
class Runtime:
    """Everything that runs in one process, wired.

    Args:
        settings: of this installation.
        channels: what people reach the bot through; whoever adds some does so before `running`.
        clock: another one in tests.
        encoder: the one that the settings name, unless it is open already.
    """

    settings: Settings
    channels: list[ChannelState] = field(default_factory=list)
    clock: Clock = field(default_factory=SystemClock)
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        self.holder = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.changes = Changes()
        self.store: AnyStore = open_store(self.settings.database)
        self.understanding = UnderstandingEngine(self.settings.nlu, self.settings.data_dir)
        self.library = Library(
            store=self.store,
            clock=self.clock,
            encoder=self.encoder or open_encoder(self.settings.encoder, self.settings.data_dir),
            data_dir=self.settings.data_dir,
            build=partial(build_in_child, model=self.settings.encoder),
            article_url=partial(article_url, self.settings.public_url or ""),
            engine=self.understanding.engine,
        )
        self.desk = AgentDesk(self.library)
        self._supervisor = ChannelSupervisor(
            self.channels, store=self.store, clock=self.clock, holder=self.holder
        )
        self.inbound = Inbound(
            store=self.store,
            dialogues=Dialogues(self.library.for_release, lambda: self.library.release_id),
            agent_desk=self.desk,
            desk_id=self._supervisor.desk_id,
            desks=lambda: self.library.desks,
            fetch=self._supervisor.fetch,
            show_typing=self._supervisor.show_typing,
            clock=self.clock,
        )
        self.delivery = Delivery(
            store=self.store, channel=self._supervisor.open_channel, holder=self.holder, clock=self.clock
        )
        self.worker = ConversationWorker(self.inbound, self.delivery)

    # Life ---------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, *, listens: bool = True) -> AsyncIterator["Runtime"]:
        """Everything started, in order; stopped in the reverse order.

        Args:
            listens: also fetch messages from the platforms that are polled or keep a socket.
        """
        async with self.prepared(has_workspace=listens), self._engine():
            self._supervisor.start(self.inbound.accept if listens else None)
            try:
                yield self
            finally:
                await self._supervisor.stop()

    @asynccontextmanager
    async def prepared(self, *, has_workspace: bool = True) -> AsyncIterator["Runtime"]:
        """Database and content ready, and nothing else started.

        Args:
            has_workspace: serve the workspace's folder; else wait for content that another process stored.
        """
        try:
            await asyncio.to_thread(self._prepare_database)
            if has_workspace:
                await self.library.load_folder(self.settings.workspace)
            else:
                await self._wait_for_content()
            assign_desks(self.channels, self.library.desks)
            await self._warn_of_unknown_desks()
            yield self
        finally:
            self.understanding.close()
            await asyncio.to_thread(self.store.close)

    def _prepare_database(self) -> None:
        if isinstance(self.store, SqliteStore):
            self.store.claim()
        upgrade(self.store.engine)

    async def _warn_of_unknown_desks(self) -> None:
        desks = list(self.library.desks)
        lost = await self.store.read(lambda unit: unit.conversations.of_other_desks(desks))
        for desk, count in lost.items():
            log.warning(
                "conversations of a desk that does not exist; `relais desk rename` gives them another",
                extra={"desk": desk, "conversations": count},
            )

    def _sweep(self) -> Sweep:
        return Sweep(self.store, self.clock, lambda: list(self.library.desks))

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[None]:
        if isinstance(self.store, SqliteStore):
            async with self._local_engine(self.store):
                yield
        else:
            async with self._procrastinate_engine(self.store):
                yield

    @asynccontextmanager
    async def _local_engine(self, store: SqliteStore) -> AsyncIterator[None]:
        engine = LocalEngine(self.worker.handle)
        store.listener = _LocalListener(engine.wake, self.changes.changed)
        # The process that held these has ended: only one at a time serves this database.
        await store.write(lambda unit: unit.outbox.recover(self.clock.now()))

        async def wake(conversation_ids: Sequence[int]) -> None:
            for conversation_id in conversation_ids:
                engine.wake(conversation_id)

        async with _task(sweep_forever(self._sweep(), wake)):
            yield
        await engine.stop()

    @asynccontextmanager
    async def _procrastinate_engine(self, store: PostgresStore) -> AsyncIterator[None]:
        # Imported where used, here and in `configured_channels`: half a second of every start otherwise.
        from bot.pipeline.engine.listen import listen_forever
        from bot.pipeline.engine.procrastinate import ProcrastinateEngine

        url = self.settings.database
        engine = ProcrastinateEngine(url, self.worker.handle)
        store.defer = engine.defer
        async with (
            _task(engine.run()),
            _task(listen_forever(url, self.changes)),
            _task(sweep_forever(self._sweep(), engine.wake)),
            _task(self._refresh_forever()),
        ):
            yield

    async def _wait_for_content(self) -> None:
        """A worker serves what the server has stored."""
        while not self.library.is_ready:
            await self.library.refresh()
            if not self.library.is_ready:
                log.info("waiting for content; start `relais serve` on this database")
                await asyncio.sleep(_REFRESH_S)

    async def _refresh_forever(self) -> None:
        """Takes over content that another process has stored."""
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.library.refresh()
            except Exception as exc:
                log.warning("content not refreshed", extra={"error": repr(exc)[:300]})


def configured_channels(settings: Settings) -> list[ChannelState]:
    """The platforms, as far as they are configured."""
    return [
        ChannelState(platform.make_channel(section), section.desk)
        for platform in PLATFORMS
        if (section := settings.channels.get(platform.kind)) is not None
    ]


def assign_desks(channels: Iterable[ChannelState], desks: Mapping[str, Desk]) -> None:
    """Makes sure that whoever writes reaches a desk.

    Raises:
        ConfigurationError: see `answering_desk`.
    """
    for state in channels:
        state.desk = answering_desk(state.channel.kind, state.desk, desks)


@dataclass(frozen=True)
class _LocalListener:
    wake: Callable[[int], None]
    change: Callable[[int], None]

    def woken(self, conversation_id: int) -> None:
        self.wake(conversation_id)

    def changed(self, conversation_id: int) -> None:
        self.change(conversation_id)


@asynccontextmanager
async def _task(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """A task that lives as long as the block."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
