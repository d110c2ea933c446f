"""The console on a real database and a real server, with people and agents to fill it."""

import asyncio
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.content.files import read_folder
from bot.content.versions import document_of
from bot.content.workspace import Content, parse
from bot.domain.agent import Agent
from bot.domain.case import HandoffReason, HandoffRequest
from bot.domain.messages import Attachment, Fetched, InboundKind, InboundMessage, Reply
from bot.domain.turn import Decision, TurnResult, Why
from bot.http.shared.html import to_html
from bot.pipeline.changes import Changes
from bot.storage.migrate import upgrade
from bot.storage.sqlite_store import SqliteStore
from bot.storage.unit_of_work import UnitOfWork
from bot.text.markdown import parse as parse_markdown
from bot.text.normalization import words
from config.settings import DEMO_WORKSPACE
from handoff.console import ConsoleDeps, console_routes, hash_password
from handoff.console.login.sessions import COOKIE, LIFETIME, new_token, token_hash
from handoff.desk.desk import AgentDesk
from nlu.entities.extraction import EntityExtractor
from nlu.intents.training import read as read_training
from tests.support.content import FakeCurrentContent

T = TypeVar("T")

LAST_RESORT_S = 300.0
"""How long a loaded machine may take to start or stop the server."""

PASSWORD = "une phrase assez longue"
OPENING = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
"""A Tuesday on which both desks are open."""


@dataclass
class FakeClock:
    """Moves when it is told to."""

    moment: datetime = OPENING

    def now(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True)
class _Listener:
    changes: Changes

    def woken(self, conversation_id: int) -> None:
        """Nobody works here."""

    def changed(self, conversation_id: int) -> None:
        self.changes.changed(conversation_id)


@dataclass(frozen=True)
class Handed:
    """A conversation that was handed over."""

    conversation_id: int
    case_id: int


@dataclass
class World:
    """A served console.

    Args:
        base: its address, up to "/console".
    """

    base: str
    store: SqliteStore
    desk: AgentDesk
    clock: FakeClock
    loop: asyncio.AbstractEventLoop
    stop: Callable[[], None]
    _keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _clients: list[httpx.Client] = field(default_factory=list)

    def write(self, job: Callable[[UnitOfWork], T]) -> T:
        return asyncio.run_coroutine_threadsafe(self.store.write(job), self.loop).result(10)

    def read(self, job: Callable[[UnitOfWork], T]) -> T:
        return asyncio.run_coroutine_threadsafe(self.store.read(job), self.loop).result(10)

    # People and agents ---------------------------------------------------------------------------

    def agent(self, name: str, *, desks: Sequence[str] = ("it", "sav"), language: str = "fr") -> Agent:
        email = f"{name.split()[0].lower()}@bellac.example"
        return self.write(
            lambda unit: unit.agents.add(
                email=email, name=name, language=language, desks=desks, password_hash=_hash()
            )
        )

    def client(self, **options: Any) -> httpx.Client:
        client = httpx.Client(base_url=self.base, follow_redirects=True, timeout=60, **options)
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def visitor(self, agent: Agent, **options: Any) -> "Visitor":
        """A browser in which the agent is logged in; the login itself, slow by design, has its own tests."""
        token, expires = new_token(), self.clock.now() + LIFETIME
        self.write(lambda unit: unit.agents.open_session(agent.id, token_hash(token), expires))
        client = self.client(**options)
        client.cookies.set(COOKIE, token, domain="127.0.0.1", path="/console")
        return Visitor(client)

    def message(self, text: str, *, user: str, name: str | None, account: str, **more: Any) -> InboundMessage:
        return InboundMessage(
            account=account,
            kind=InboundKind.TEXT,
            key=str(next(self._keys)),
            chat=user,
            user=user,
            user_name=name,
            text=text,
            sent_at=self.clock.now(),
            **more,
        )

    def handed_over(
        self,
        text: str = "Mon fer fuit par le bas",
        *,
        desk: str = "sav",
        name: str | None = "Marie Lefèvre",
        user: str | None = None,
        account: str | None = None,
        language: str = "fr",
        bot_says: Reply | None = None,
        why: Why | None = None,
        files: Sequence[tuple[str, str, bytes]] = (),
        request: HandoffRequest | None = None,
    ) -> Handed:
        """Somebody writes, the bot answers, and the desk gets the conversation."""
        now = self.clock.now()
        attachments = tuple(
            Attachment(name=each[0], media_type=each[1], size_bytes=len(each[2]), remote_id="r")
            for each in files
        )
        message = self.message(
            text,
            user=user or f"u{next(self._keys)}",
            name=name,
            account=account or f"telegram:{desk}",
            attachments=attachments,
        )

        def job(unit: UnitOfWork) -> Handed:
            before = unit.conversations.current(message.account, message.chat, message.user)
            conversation = unit.conversations.open(
                message, after=before, desk=desk, language=language, now=now
            )
            inbound_id = unit.inbox.add(message, conversation.id, now)
            assert inbound_id is not None
            unit.inbox.keep(
                inbound_id,
                [Fetched(attachment=a, content=f[2]) for a, f in zip(attachments, files, strict=True)],
            )
            unit.inbox.finish(inbound_id)
            conversation = replace(conversation, turn_no=1)
            decided = TurnResult(decision=Decision.HANDOFF, why=why or Why(rule="human_asked"))
            unit.turns.add(conversation, inbound_id, decided, now)
            wanted = request or HandoffRequest(reason=HandoffReason.ASKED, summary=text)
            replies = () if bot_says is None else (bot_says,)
            queued = self.desk.receive(unit, conversation, wanted, replies=replies, now=now)
            assert unit.conversations.save(queued)
            unit.changed(conversation.id)
            assert queued.case_id is not None
            return Handed(conversation.id, queued.case_id)

        return self.write(job)

    def says(self, handed: Handed, text: str) -> None:
        """The person writes again while people have the conversation."""

        def job(unit: UnitOfWork) -> None:
            conversation = unit.conversations.get(handed.conversation_id)
            message = self.message(
                text, user=conversation.user, name=conversation.user_name, account=conversation.account
            )
            inbound_id = unit.inbox.add(message, conversation.id, self.clock.now())
            assert inbound_id is not None
            unit.inbox.finish(inbound_id)
            unit.changed(conversation.id)

        self.write(job)

    def lines(self, handed: Handed, author: str) -> list[str]:
        """What was said by those."""
        entries = self.read(lambda unit: unit.transcripts.read(handed.conversation_id))
        return [entry.text for entry in entries if entry.author == author]

    def owner(self, handed: Handed) -> str:
        return self.read(lambda unit: unit.conversations.get(handed.conversation_id)).owner.value


@dataclass(frozen=True)
class Visitor:
    """A browser without scripts: it opens pages and sends the forms that are in them."""

    client: httpx.Client

    def open(self, path: str = "/", **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def form(self, handed: Handed, action: str) -> dict[str, str]:
        """The hidden fields of a form on the case's page."""
        return form_fields(self.open(f"/cases/{handed.case_id}").text, f"/cases/{handed.case_id}/{action}")

    def send(self, handed: Handed, action: str, fields: dict[str, str], **more: str) -> httpx.Response:
        return self.client.post(f"/cases/{handed.case_id}/{action}", data=fields | more)

    def act(self, handed: Handed, action: str, **more: str) -> httpx.Response:
        """As a click does: opens the page, fills the form, sends it."""
        return self.send(handed, action, self.form(handed, action), **more)


def form_fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the first form with that action."""
    found = re.search(rf'<form[^>]*action="[^"]*{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert found is not None, f"no form for {action}"
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[1])
    return {name: unescape(value) for name, value in fields}


def log_in(
    client: httpx.Client, email: str, password: str = PASSWORD, *, next_path: str = ""
) -> httpx.Response:
    """Opens the login page and sends its form."""
    page = client.get("/login", params={"next": next_path} if next_path else None)
    fields = form_fields(page.text, "/login")
    return client.post("/login", data=fields | {"email": email, "password": password})


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    body = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@cache
def content() -> Content:
    """The demo workspace with the product's own phrases."""
    return parse(read_folder(DEMO_WORKSPACE))


def demo_content() -> FakeCurrentContent:
    """What the console reads of the demo workspace."""
    return FakeCurrentContent(phrases=content().phrases, desks=content().desks)


def _entities(text: str) -> Mapping[str, Sequence[str]]:
    return _finder().find(text, words(text))


@cache
def _finder() -> EntityExtractor:
    return EntityExtractor(read_training(content().intents))


@cache
def _empty_database() -> bytes:
    """Migrated once for all tests."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "empty.db")
        upgrade(store.engine)
        store.close()
        return (Path(folder) / "empty.db").read_bytes()


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


@contextmanager
def world(folder: Path, *, heartbeat_s: float = 15.0, **deps: Any) -> Iterator[World]:
    """Serves a console for the length of the block.

    Args:
        folder: for the database.
    """
    started: Future[World] = Future()

    async def serve() -> None:
        database = folder / "console.db"
        database.write_bytes(_empty_database())
        store = SqliteStore(database)
        changes, clock, current = Changes(), FakeClock(), demo_content()
        store.listener = _Listener(changes)
        desk = AgentDesk(current)
        console = ConsoleDeps(
            store=store,
            desk=desk,
            current=current,
            changes=changes,
            clock=clock,
            entities=_entities,
            article=document_of,
            render=lambda markdown: to_html(parse_markdown(markdown)),
            knowledge="/kb",
            **deps,
        )
        app = Starlette(routes=[Mount("/console", routes=console_routes(console, heartbeat_s=heartbeat_s))])
        server = _Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"), console.closing)
        serving = asyncio.create_task(server.serve())
        await server.is_up.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)

        started.set_result(World(f"http://127.0.0.1:{port}/console", store, desk, clock, loop, stop))
        await serving
        store.close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    console_world = started.result(LAST_RESORT_S)
    try:
        yield console_world
    finally:
        console_world.stop()
        thread.join(LAST_RESORT_S)
        console_world.close()
        assert not thread.is_alive(), "the console did not stop"


class _Server(uvicorn.Server):
    """Tells live pages to let go before it waits for its connections, as the product's own does."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)
