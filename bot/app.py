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
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.channels.base import Channel
from bot.channels.registration import answering_desk
from bot.channels.registry import PLATFORMS
from bot.content.knowledge import build_in_child, open_encoder
from bot.content.library import Library
from bot.content.understanding import Understanding
from bot.domain.desk import Desk
from bot.domain.errors import DeliveryError, NotFoundError, RejectedError
from bot.domain.messages import Attachment
from bot.pipeline.changes import Changes
from bot.pipeline.clock import SystemClock
from bot.pipeline.engine.local import LocalEngine
from bot.pipeline.engine.sweep import sweep_forever
from bot.pipeline.inbound import Dialogues, Inbound
from bot.pipeline.leases import hold
from bot.pipeline.outbox import Delivery
from bot.pipeline.ports import Clock
from bot.storage.migrate import upgrade
from bot.storage.postgres_store import PostgresStore
from bot.storage.sqlite_store import SqliteStore
from bot.storage.stores import AnyStore, open_store
from bot.telemetry import metrics
from config.settings import Settings
from handoff.desk.desk import AgentDesk
from nlu.encoders.encoder import Encoder

log = logging.getLogger(__name__)

_REFRESH_S = 5.0
_REOPEN_S = 15.0


@dataclass
class ChannelState:
    """A configured channel and how it fares.

    Args:
        channel: how it is reached.
        desk: id of the desk that answers; None until the workspace is read, where the settings name none.
        is_open: it can send.
        problem: why not, as far as is known.
    """

    channel: Channel
    desk: str | None
    is_open: bool = False
    problem: str | None = None


@dataclass
class Runtime:
    """Everything that runs in one process, wired.

    Args:
        settings: of this installation.
        channels: what people reach the bot through, with the desk of each.
        clock: another one in tests.
        encoder: the one that the settings name, unless it is open already.
    """

    settings: Settings
    channels: Sequence[ChannelState] = ()
    clock: Clock = field(default_factory=SystemClock)
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        self.holder = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.changes = Changes()
        self.store: AnyStore = open_store(self.settings.database)
        self.understanding = Understanding(self.settings)
        self.library = Library(
            store=self.store,
            clock=self.clock,
            encoder=self.encoder or open_encoder(self.settings.encoder, self.settings.data_dir),
            data_dir=self.settings.data_dir,
            build=partial(build_in_child, model=self.settings.encoder),
            article_url=partial(_article_url, self.settings.public_url or ""),
            engine=self.understanding.engine,
        )
        self.desk = AgentDesk(desks=lambda: self.library.desks, phrases=lambda: self.library.phrases)
        self.inbound = Inbound(
            store=self.store,
            dialogues=Dialogues(self.library.for_release, lambda: self.library.release_id),
            desks=self.desk,
            desk_of=self._desk_of,
            desks_by_id=lambda: self.library.desks,
            fetch=self._fetch,
            show_typing=self._show_typing,
            clock=self.clock,
        )
        self.delivery = Delivery(
            store=self.store, channel=self._channel, holder=self.holder, clock=self.clock
        )
        self._background: set[asyncio.Task[None]] = set()

    # Life ---------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self, *, listens: bool = True) -> AsyncIterator["Runtime"]:
        """Everything started, in order; stopped in the reverse order.

        Args:
            listens: also fetch messages from the platforms that are polled or keep a socket.
        """
        async with self.prepared(has_workspace=listens), self._engine():
            for state in self.channels:
                self._spawn(self._keep_open(state, listens=listens))
            if self._has_several_processes:
                self._spawn(self._keep_fresh())
            try:
                yield self
            finally:
                await self._stop_channels()

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
            yield self
        finally:
            self.understanding.close()
            await asyncio.to_thread(self.store.close)

    async def handle(self, conversation_id: int) -> None:
        """What a wake-up does: handle what came, send what is to be sent."""
        try:
            await self.inbound.drain(conversation_id)
        except NotFoundError:
            return
        await self.delivery.deliver(conversation_id)

    @property
    def _has_several_processes(self) -> bool:
        return isinstance(self.store, PostgresStore)

    def _prepare_database(self) -> None:
        if isinstance(self.store, SqliteStore):
            self.store.claim()
        upgrade(self.store.engine)

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
        engine = LocalEngine(self.handle)
        store.listener = _LocalListener(engine.wake, self.changes.changed)
        # The process that held these is dead: it had this database to itself.
        await store.write(lambda unit: unit.outbox.recover(self.clock.now()))

        async def wake(conversation_ids: Sequence[int]) -> None:
            for conversation_id in conversation_ids:
                engine.wake(conversation_id)

        async with _task(sweep_forever(store, self.clock, wake)):
            yield
        await engine.stop()

    @asynccontextmanager
    async def _procrastinate_engine(self, store: PostgresStore) -> AsyncIterator[None]:
        # Imported where used, here and in `configured_channels`: half a second of every start otherwise.
        from bot.pipeline.engine.listen import listen_forever
        from bot.pipeline.engine.procrastinate import ProcrastinateEngine

        url = self.settings.database
        engine = ProcrastinateEngine(url, self.handle)
        store.defer = engine.defer
        async with (
            _task(engine.run()),
            _task(listen_forever(url, self.changes)),
            _task(sweep_forever(store, self.clock, engine.wake)),
        ):
            yield

    async def _wait_for_content(self) -> None:
        """A worker serves what the server has stored."""
        while not self.library.is_ready:
            await self.library.refresh()
            if not self.library.is_ready:
                log.info("waiting for content; start `relais serve` on this database")
                await asyncio.sleep(_REFRESH_S)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                await self.library.refresh()
            except Exception as exc:
                log.warning("content not refreshed", extra={"error": repr(exc)[:300]})

    # Channels -----------------------------------------------------------------------------------

    async def _keep_open(self, state: ChannelState, *, listens: bool) -> None:
        """Opens a channel, later if need be, then fetches its messages for as long as the process lives."""
        channel = state.channel
        while not state.is_open:
            try:
                await channel.open()
                state.is_open, state.problem = True, None
            except RejectedError as exc:
                state.problem = exc.reason
                log.error("channel refused", extra={"channel": channel.kind, "reason": exc.reason})
                return
            except DeliveryError as exc:
                state.problem = str(exc)
                log.warning("channel not reached", extra={"channel": channel.kind, "reason": str(exc)})
                await asyncio.sleep(_REOPEN_S)
        metrics.CHANNEL_UP.labels(account=channel.account).set(1)
        if listens and channel.pulls:
            await hold(
                self.store,
                self.clock,
                name=f"listen:{channel.account}",
                holder=self.holder,
                work=lambda: channel.listen(self.inbound.accept),
            )

    async def _stop_channels(self) -> None:
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for state in self.channels:
            with contextlib.suppress(Exception):
                await state.channel.close()

    def _state(self, account: str) -> ChannelState:
        for state in self.channels:
            if state.channel.account == account:
                return state
        raise NotFoundError(f"channel account {account}")

    def _desk_of(self, account: str) -> str:
        desk = self._state(account).desk
        assert desk is not None, "desks are assigned before anything is heard"
        return desk

    def _channel(self, account: str) -> Channel | None:
        with contextlib.suppress(NotFoundError):
            state = self._state(account)
            return state.channel if state.is_open else None
        return None

    async def _fetch(self, account: str, attachment: Attachment) -> bytes:
        return await self._state(account).channel.fetch(attachment)

    def _show_typing(self, account: str, chat: str) -> None:
        channel = self._channel(account)
        if channel is not None and channel.capabilities.typing:
            self._spawn(channel.show_typing(chat))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


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


def _article_url(base: str, desk: str, article: str, language: str) -> str:
    """The article's page; only a path when nobody has said how browsers reach this server."""
    return f"{base}/kb/{quote(desk, safe='')}/{quote(article, safe='')}?lang={language}"


def temporary_settings(settings: Settings, folder: Path) -> Settings:
    """The same installation with a throwaway store, and no platform."""
    return settings.model_copy(update={"database_url": f"sqlite:///{folder / 'relais.db'}", "channels": {}})
