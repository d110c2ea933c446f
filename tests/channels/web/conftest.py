"""What the web tests share: a store, a bot that says what a test wants, a server, visitors."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.base import Accepted
from bot.channels.web.adapter import WebChannel
from bot.channels.web.backend import Snapshot
from bot.channels.web.pages import ASSETS
from bot.channels.web.stream import StreamPlaces
from bot.channels.web.uploads import FolderUploads
from bot.content.desks_file import parse_desks
from bot.domain.conversation import Conversation, Owner
from bot.domain.desk import Desk
from bot.domain.messages import Author, InboundKind, InboundMessage, Reply
from bot.http.application import build_web
from bot.http.health import Check
from bot.http.protocol import BoundedProtocol
from bot.http.start_page import DemoLogin, Platform, StartPage
from bot.i18n.phrases import Phrases
from bot.pipeline.changes import Changes
from bot.storage.migrate import upgrade
from bot.storage.sqlite_store import SqliteStore
from bot.storage.unit_of_work import UnitOfWork
from tests.support.content import FakeCurrentContent

ROOT = Path(__file__).parents[3]
HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}
WELCOME = {"fr": "Bonjour, je suis Relais.", "en": "Hello, I am Relais."}

Answer = Callable[[InboundMessage], Sequence[Reply]]


def read_phrases() -> Phrases:
    """The product's own words of the pages."""
    by_language = {}
    for language in ("fr", "en"):
        tree = yaml.safe_load((ROOT / f"config/base/phrases/web.{language}.yml").read_text(encoding="utf-8"))
        by_language[language] = dict(_flat(tree, ""))
    return Phrases(by_language)


def _flat(tree: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return found


PHRASES = read_phrases()
NAME, LANGUAGES, DESKS = parse_desks((ROOT / "config/demo/relais.toml").read_text(encoding="utf-8"))


def echo(message: InboundMessage) -> Sequence[Reply]:
    """A bot that welcomes, and repeats what it hears."""
    if message.kind is InboundKind.COMMAND and message.value == "start":
        return (Reply(text=WELCOME[message.language or "fr"]),)
    return (Reply(text=f"Vous avez dit : {message.text}"),)


class House:
    """The rest of the product: the real store, and a bot that a test can script, hold and break."""

    def __init__(self, folder: Path, empty: bytes) -> None:
        (folder / "relais.db").write_bytes(empty)
        self.store = SqliteStore(folder / "relais.db")
        self.store.listener = self
        self.changes = Changes()
        self.uploads = FolderUploads(folder / "uploads")
        self.answer: Answer = echo
        self.gate = asyncio.Event()
        """Closed, the bot thinks."""
        self.gate.set()
        self.broken = False
        """Messages cannot be stored."""
        self.accepted: list[InboundMessage] = []
        self.read_error: Exception | None = None
        self.owner_facts: dict[str, str] = {}
        self.begins_anew = False
        """The next messages open a conversation of their own, as after a long time."""
        self.reads = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, message: InboundMessage) -> Accepted:
        if self.broken:
            raise OSError(f"disk full while storing {message.text}")

        def job(unit: UnitOfWork) -> Accepted:
            found = unit.conversations.current(message.account, message.chat, message.user)
            now = datetime.now(UTC)
            if found is None or self.begins_anew:
                desk = message.account.partition(":")[2]
                found = unit.conversations.open(
                    message, after=found, desk=desk, language=message.language or "fr", now=now
                )
            if unit.inbox.add(message, found.id, now) is None:
                return Accepted.DUPLICATE
            unit.wake(found.id)
            unit.changed(found.id)
            return Accepted.STORED

        accepted = await self.store.write(job)
        if accepted is Accepted.STORED:
            self.accepted.append(message)
        return accepted

    async def read(self, account: str, visitor: str, /, *, after: int, limit: int) -> Snapshot:
        self.reads += 1
        if self.read_error is not None:
            raise self.read_error

        def job(unit: UnitOfWork) -> Snapshot:
            found = unit.conversations.current(account, visitor, visitor)
            entries = unit.transcripts.read_chat(account, visitor, visitor, after=after, limit=limit)
            busy = found is not None and unit.inbox.next(found.id) is not None
            return Snapshot(conversation=found, entries=entries, busy=busy)

        snapshot = await self.store.read(job)
        return replace(
            snapshot,
            case_number=self.owner_facts.get("case"),
            agent_name=self.owner_facts.get("agent"),
        )

    def woken(self, conversation_id: int) -> None:
        task = asyncio.create_task(self._drain(conversation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def changed(self, conversation_id: int) -> None:
        self.changes.changed(conversation_id)

    async def say(self, conversation_id: int, reply: Reply) -> None:
        """Somebody says something, without being asked."""
        await self.change(conversation_id, lambda conversation: conversation, reply)

    async def hand(self, conversation_id: int, owner: Owner, **facts: str) -> None:
        """The conversation gets another owner."""
        self.owner_facts = facts
        agent = 1 if owner is Owner.AGENT else None
        await self.change(
            conversation_id,
            lambda conversation: replace(conversation, owner=owner, agent_id=agent),
            Reply(text=f"Change: {owner}.", author=Author.SYSTEM),
        )

    async def change(
        self, conversation_id: int, make: Callable[[Conversation], Conversation], reply: Reply
    ) -> None:
        def job(unit: UnitOfWork) -> None:
            conversation = make(unit.conversations.lock(conversation_id))
            unit.outbox.add(conversation, reply, turn_no=None, now=datetime.now(UTC))
            unit.conversations.save(conversation)
            unit.changed(conversation_id)

        await self.store.write(job)

    async def close(self) -> None:
        self.gate.set()
        await asyncio.gather(*self._tasks)
        self.store.close()

    async def _drain(self, conversation_id: int) -> None:
        await self.gate.wait()

        def job(unit: UnitOfWork) -> None:
            now = datetime.now(UTC)
            while (waiting := unit.inbox.next(conversation_id)) is not None:
                conversation = unit.conversations.lock(conversation_id)
                conversation = replace(conversation, turn_no=conversation.turn_no + 1)
                for reply in self.answer(waiting.message) if conversation.owner is Owner.BOT else ():
                    unit.outbox.add(conversation, reply, turn_no=conversation.turn_no, now=now)
                unit.inbox.finish(waiting.id)
                unit.conversations.save(conversation)
                unit.changed(conversation_id)

        await self.store.write(job)


@dataclass
class Server:
    """A running server."""

    house: House
    channels: dict[str, WebChannel]
    url: str
    checks: dict[str, Check]
    platforms: list[Platform]

    @asynccontextmanager
    async def visitor(self, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser with cookies of its own."""
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60) as client:
            yield client


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with its tables; to make them takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "relais.db"
    store = SqliteStore(path)
    upgrade(store.engine)
    store.close()
    return path.read_bytes()


@dataclass(frozen=True, kw_only=True)
class _Backend:
    house: House
    desk: Desk
    phrases: Phrases = PHRASES

    @property
    def uploads(self) -> FolderUploads:
        return self.house.uploads

    async def read(self, account: str, visitor: str, /, *, after: int, limit: int) -> Snapshot:
        return await self.house.read(account, visitor, after=after, limit=limit)

    def watch(self, conversation_id: int, /) -> AbstractContextManager[asyncio.Event]:
        return self.house.changes.watch(conversation_id)


@pytest_asyncio.fixture
async def site(tmp_path: Path, empty_database: bytes) -> AsyncIterator[Server]:
    house = House(tmp_path, empty_database)
    places = StreamPlaces(per_network=20, in_all=30)
    channels = {
        desk_id: WebChannel(desk_id, _Backend(house=house, desk=desk), places)
        for desk_id, desk in DESKS.items()
    }
    checks: dict[str, Check] = {}
    platforms: list[Platform] = []

    async def fault(request: Request) -> Response:
        raise RuntimeError("a secret of the house")

    async def hear(request: Request) -> Response:
        return Response(str(len(await request.body())))

    app = build_web(
        StartPage(
            current=FakeCurrentContent(name=NAME, languages=LANGUAGES, desks=DESKS, phrases=PHRASES),
            platforms=lambda: platforms,
            console="/console",
            demo=DemoLogin(email="demo@bellac.example", password="passe-partout"),
        ),
        static=ASSETS,
        channels=[route for channel in channels.values() for route in channel.routes(house.accept)],
        console=[Route("/fault", fault), Route("/hook", hear, methods=["POST"])],
        checks=checks,
    )
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=BoundedProtocol, log_config=None, loop="asyncio", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Server(house, channels, f"http://127.0.0.1:{port}", checks, platforms)
    for channel in channels.values():
        await channel.close()
    server.should_exit = True
    await task
    await house.close()


async def post(client: httpx.AsyncClient, desk: str = "sav", **fields: str) -> httpx.Response:
    """As the page's script does it."""
    fields = {"key": "k" * 16, **fields}
    return await client.post(f"/chat/{desk}/messages", json=fields, headers=JSON)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    id: int
    data: dict[str, Any]


@asynccontextmanager
async def events(
    client: httpx.AsyncClient, desk: str = "sav", *, after: int = 0, last_event_id: int | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """Follows the chat; each step waits at most a minute."""
    headers = {} if last_event_id is None else {"last-event-id": str(last_event_id)}
    url = f"/chat/{desk}/events?after={after}"
    async with client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200, response.status_code
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _parsed(response)


async def _parsed(response: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    lines = response.aiter_lines()
    while True:
        async with asyncio.timeout(60):
            line = await anext(lines, None)
        if line is None:
            return
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["event"], int(fields["id"]), json.loads(fields["data"]))
            fields = {}


async def until(stream: AsyncIterator[Event], condition: Callable[[Event], bool]) -> Event:
    """The first event that fits."""
    async for event in stream:
        if condition(event):
            return event
    raise AssertionError("the stream ended")


async def announce(site: Server, path: str, kind: str, cookie: str = "") -> bytes:
    """The status line in answer to a post of 90 MB of which not one byte comes."""
    host = site.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: {kind}\r\n"
    writer.write(f"{head}Content-Length: 90000000\r\n\r\n".encode())
    async with asyncio.timeout(3):
        status = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return status


def shows(text: str) -> Callable[[Event], bool]:
    """Whether an event brings this text."""
    return lambda event: text in event.data.get("html", "")


def cursor_of(page: str) -> int:
    """The cursor that a page begins with."""
    match = re.search(r'data-cursor="(\d+)"', page)
    assert match
    return int(match[1])


def visible(html: str) -> str:
    """What is read, without markup and with plain spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
