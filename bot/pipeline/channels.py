"""The channels of a process: opened, listened to under a lease, found by their account, closed."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.base import Accept, Channel
from bot.domain.errors import DeliveryError, NotFoundError, RejectedError
from bot.domain.messages import Attachment
from bot.pipeline.leases import hold
from bot.pipeline.ports import Clock, Store
from bot.telemetry import metrics

log = logging.getLogger(__name__)

_REOPEN_S = 15.0


@dataclass
class ChannelState:
    """A configured channel and how it fares.

    Args:
        channel: how it is reached.
        desk: id of the desk that answers; None until the workspace is read, where the settings name none.
        is_open: it can send.
        problem: why it cannot, as far as is known.
    """

    channel: Channel
    desk: str | None
    is_open: bool = False
    problem: str | None = None


class ChannelSupervisor:
    """Opens channels, and listens to those that pull while this process holds their lease.

    Args:
        states: the channels; whoever adds one to this list does so before `start`.
        store: keeps the leases.
        clock: tells the time.
        holder: names this process in leases.
    """

    def __init__(self, states: Sequence[ChannelState], *, store: Store, clock: Clock, holder: str) -> None:
        self._states = states
        self._store = store
        self._clock = clock
        self._holder = holder
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, accept: Accept | None) -> None:
        """Begins to open every channel; returns at once.

        Args:
            accept: called with each message of the channels that pull; None only opens them for sending.
        """
        for state in self._states:
            self._spawn(self._run(state, accept))

    async def stop(self) -> None:
        """Ends listening and closes every channel."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for state in self._states:
            with contextlib.suppress(Exception):
                await state.channel.close()

    def open_channel(self, account: str) -> Channel | None:
        """The channel of an account; None when this process has none, or it is not open."""
        state = self._find(account)
        return state.channel if state is not None and state.is_open else None

    def desk_id(self, account: str) -> str:
        """The desk of an account; raises NotFoundError."""
        desk = self._get(account).desk
        assert desk is not None, "desks are assigned before anything is heard"
        return desk

    async def fetch(self, account: str, attachment: Attachment) -> bytes:
        """Downloads an attachment; raises NotFoundError and what `Channel.fetch` raises."""
        return await self._get(account).channel.fetch(attachment)

    def show_typing(self, account: str, chat: str) -> None:
        """Shows in a chat that an answer is being prepared, where the platform can; returns at once."""
        channel = self.open_channel(account)
        if channel is not None and channel.capabilities.typing:
            self._spawn(channel.show_typing(chat))

    async def _run(self, state: ChannelState, accept: Accept | None) -> None:
        channel = state.channel
        if not await self._opened(state):
            return
        metrics.CHANNEL_UP.labels(account=channel.account).set(1)
        if accept is not None and channel.pulls:
            await hold(
                self._store,
                self._clock,
                name=f"listen:{channel.account}",
                holder=self._holder,
                work=lambda: channel.listen(accept),
            )

    async def _opened(self, state: ChannelState) -> bool:
        """Opens a channel, trying again while its platform is away; False when it was refused."""
        kind = state.channel.kind
        while not state.is_open:
            try:
                await state.channel.open()
                state.is_open, state.problem = True, None
            except RejectedError as exc:
                state.problem = exc.reason
                log.error("channel refused", extra={"channel": kind, "reason": exc.reason})
                return False
            except DeliveryError as exc:
                state.problem = str(exc)
                log.warning("channel not reached", extra={"channel": kind, "reason": str(exc)})
                await asyncio.sleep(_REOPEN_S)
        return True

    def _find(self, account: str) -> ChannelState | None:
        return next((state for state in self._states if state.channel.account == account), None)

    def _get(self, account: str) -> ChannelState:
        state = self._find(account)
        if state is None:
            raise NotFoundError(f"channel account {account}")
        return state

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
