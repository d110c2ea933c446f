"""What the Telegram tests share: the server, a channel on it, and a store of messages."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from starlette.applications import Starlette

from bot.channels.base import Accepted
from bot.channels.telegram.adapter import TelegramChannel
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.timeouts import Timeouts
from bot.domain.messages import InboundKind, InboundMessage
from tests.channels.telegram.server import TOKEN, FakeTelegram

SECRET = "mot-de-passe_42"
PATIENT = Timeouts(
    connect_s=60.0, read_s=60.0, poll_s=1, backoff_s=0.02, backoff_max_s=0.1, conflict_s=0.05, queue_s=0.2
)
"""Retries soon, and waits for an answer for as long as a busy machine may need."""
QUICK = replace(PATIENT, connect_s=1.5, read_s=1.5)
"""Gives up on an answer that is late on purpose: for faults with a delay, and nothing else."""

Open = Callable[..., AbstractAsyncContextManager[TelegramChannel]]


class Inbox:
    """Stores messages once by their key, as the real `accept` does; fails when told to."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.tries = 0
        self.failures = 0
        """How many of the next messages cannot be stored."""
        self.refuse: Callable[[InboundMessage], bool] = lambda message: False
        """Which messages cannot be stored, ever."""
        self.gate = asyncio.Event()
        self.gate.set()
        self._seen: set[tuple[str, InboundKind, str]] = set()

    async def accept(self, message: InboundMessage) -> Accepted:
        self.tries += 1
        await self.gate.wait()
        if self.failures > 0 or self.refuse(message):
            self.failures -= 1
            raise OSError(f"disk full while storing {message.text}")
        key = (message.account, message.kind, message.key)
        if key in self._seen:
            return Accepted.DUPLICATE
        self._seen.add(key)
        self.messages.append(message)
        return Accepted.STORED

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


def load(name: str) -> dict[str, Any]:
    """A captured update."""
    path = Path(__file__).parent / "fixtures" / f"{name}.json"
    update: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return update


async def until(condition: Callable[[], bool], *, within_s: float = 60.0) -> None:
    """Waits for something that other tasks bring about."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
def open_channel(telegram: FakeTelegram) -> Open:
    """Opens a channel on the server; keyword arguments are settings, `timeouts` apart."""

    @asynccontextmanager
    async def opened(timeouts: Timeouts = PATIENT, **settings: Any) -> AsyncIterator[TelegramChannel]:
        channel = TelegramChannel(
            TelegramSettings(**{"token": TOKEN, "api_url": telegram.url, **settings}), timeouts=timeouts
        )
        await channel.open()
        try:
            yield channel
        finally:
            await channel.close()

    return opened


@asynccontextmanager
async def listening(channel: TelegramChannel, inbox: Inbox) -> AsyncIterator[asyncio.Task[None]]:
    """Polls until the end of the block."""
    task = asyncio.create_task(channel.listen(inbox.accept))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class WebServer:
    """The product's web server as far as this channel goes: its routes on a port of their own."""

    def __init__(self) -> None:
        self._app = Starlette()
        self._server = uvicorn.Server(
            uvicorn.Config(self._app, port=0, log_config=None, lifespan="off", loop="asyncio")
        )
        self.url = ""

    def mount(
        self, channel: TelegramChannel, accept: Callable[[InboundMessage], Awaitable[Accepted]]
    ) -> None:
        self._app.router.routes.extend(channel.routes(accept))

    async def serve(self) -> None:
        task = asyncio.create_task(self._server.serve())
        await until(lambda: self._server.started)
        self._task = task
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        self._server.should_exit = True
        await self._task


@pytest_asyncio.fixture
async def web() -> AsyncIterator[WebServer]:
    server = WebServer()
    await server.serve()
    yield server
    await server.stop()
