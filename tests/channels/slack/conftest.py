"""A Slack of our own, the channel connected to it, and a web server that Slack can call."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest_asyncio
import uvicorn
from starlette.applications import Starlette

from bot.channels.base import Accepted
from bot.channels.slack.adapter import PATH, SlackChannel
from bot.channels.slack.settings import SlackSettings
from bot.domain.messages import InboundKind, InboundMessage
from tests.channels.slack.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack, Sender


@dataclass
class FakeInbox:
    """Stores as `bot.pipeline.inbound` does: once by account, kind and key.

    Args:
        failures: how many of the next calls raise.
    """

    stored: list[InboundMessage] = field(default_factory=list)
    calls: list[InboundMessage] = field(default_factory=list)
    failures: int = 0
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        self.called = asyncio.Event()
        self._keys: set[tuple[str, InboundKind, str]] = set()

    async def accept(self, message: InboundMessage) -> Accepted:
        """See `bot.channels.base.Accept`."""
        self.calls.append(message)
        self.called.set()
        await asyncio.sleep(self.delay_s)
        if self.failures:
            self.failures -= 1
            raise OSError(f"disk full while storing {message.text}")
        key = (message.account, message.kind, message.key)
        if key in self._keys:
            return Accepted.DUPLICATE
        self._keys.add(key)
        self.stored.append(message)
        return Accepted.STORED


def settings(slack: FakeSlack, **changes: str | None) -> SlackSettings:
    """Settings for the fake, with both ways in."""
    given = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET}
    return SlackSettings.model_validate({**given, "api_url": slack.url, **changes})


@asynccontextmanager
async def served(channel: SlackChannel, inbox: FakeInbox) -> AsyncIterator[Sender]:
    """The channel's routes on a free port."""
    app = Starlette(routes=list(channel.routes(inbox.accept)))
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield Sender(url=f"http://127.0.0.1:{port}{PATH}")
        server.should_exit = True
        await task


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as running:
        yield running


@pytest_asyncio.fixture
async def inbox() -> FakeInbox:
    return FakeInbox()


@pytest_asyncio.fixture
async def channel(slack: FakeSlack) -> AsyncIterator[SlackChannel]:
    opened = SlackChannel(settings(slack))
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def sender(channel: SlackChannel, inbox: FakeInbox) -> AsyncIterator[Sender]:
    async with served(channel, inbox) as running:
        yield running
