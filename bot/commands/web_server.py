"""What `relais serve` serves: runtime, web chats, knowledge pages and console, put together."""

import asyncio
import logging
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from bot.app import Runtime, configured_channels
from bot.channels.registry import PLATFORMS
from bot.channels.web.adapter import WebChannel
from bot.channels.web.pages import ASSETS
from bot.commands.web_chats import add_web_chats
from bot.content.versions import document_of
from bot.dialogs.matching.matching import content_words
from bot.domain.desk import Desk
from bot.domain.errors import RelaisError
from bot.http.application import build_web
from bot.http.health import Check
from bot.http.knowledge import PATH as KNOWLEDGE
from bot.http.knowledge import KnowledgeBase, knowledge_routes
from bot.http.server import serve_http
from bot.http.shared.html import to_html
from bot.http.start_page import DemoLogin, Platform, StartPage
from bot.pipeline.channels import ChannelState
from bot.storage.unit_of_work import UnitOfWork
from bot.text.markdown import parse as parse_markdown
from config.settings import DEMO_WORKSPACE, Settings
from handoff.console import ConsoleDeps, console_routes, hash_password, session_of
from kb_index.articles.documents import Reader
from nlu.encoders.encoder import Encoder

CONSOLE = "/console"
AGENTS_KNOWLEDGE = f"{CONSOLE}{KNOWLEDGE}"
"""The same pages where the console's session is sent: agents find what is for agents too."""


@dataclass(frozen=True, kw_only=True)
class DemoAgent:
    """Who answers in the demo, from `config/demo/login.toml`."""

    email: str
    password: str = field(repr=False)
    name: str
    language: str


def demo_agent() -> DemoAgent:
    """The demo's agent, whatever workspace is served."""
    return DemoAgent(**tomllib.loads((DEMO_WORKSPACE / "login.toml").read_text(encoding="utf-8")))


@dataclass
class Server:
    """One process that serves everything.

    Args:
        settings: of this installation.
        encoder: see `bot.app.Runtime`.
    """

    settings: Settings
    encoder: Encoder | None = None
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._failure: RelaisError | None = None
        self._demo_agent = demo_agent()
        self.runtime = Runtime(self.settings, configured_channels(self.settings), encoder=self.encoder)
        add_web_chats(self.runtime)
        self.app = self._build()

    def run(self, ready: Callable[[], None]) -> None:
        """Serves until it is told to stop.

        Args:
            ready: called once the server answers.

        Raises:
            RelaisError: it could not start.
        """
        try:
            serve_http(
                self.app,
                host=self.settings.host,
                port=self.settings.port,
                ready=ready,
                leaving=self._end_live_pages,
            )
        finally:
            if self._failure is not None:
                raise self._failure from None

    async def _end_live_pages(self) -> None:
        self.closing.set()
        for state in self.runtime.channels:
            if isinstance(state.channel, WebChannel):
                await state.channel.close()

    def _build(self) -> Starlette:
        runtime, settings = self.runtime, self.settings
        demo = None
        if settings.is_demo:
            demo = DemoLogin(email=self._demo_agent.email, password=self._demo_agent.password)
        start_page = StartPage(
            current=runtime.library,
            platforms=self._platforms,
            knowledge=KNOWLEDGE,
            console=f"{CONSOLE}/",
            demo=demo,
        )
        console = ConsoleDeps(
            store=runtime.store,
            desk=runtime.desk,
            current=runtime.library,
            changes=runtime.changes,
            clock=runtime.clock,
            entities=runtime.library.entities,
            article=document_of,
            render=_render,
            knowledge=AGENTS_KNOWLEDGE,
            secure_cookies=(settings.public_url or "").startswith("https://"),
            demo_login=(demo.email, demo.password) if demo else None,
            closing=self.closing,
        )
        knowledge = KnowledgeBase(
            source=runtime.library,
            old_versions=f"{CONSOLE}/articles",
            reader=self._reader,
            content_words=content_words,
        )
        return build_web(
            start_page,
            static=ASSETS,
            channels=[
                route for state in runtime.channels for route in state.channel.routes(runtime.inbound.accept)
            ],
            knowledge=[
                *knowledge_routes(knowledge, KNOWLEDGE),
                *knowledge_routes(knowledge, AGENTS_KNOWLEDGE),
            ],
            console=[Mount(CONSOLE, routes=console_routes(console))],
            checks=self._checks(),
            notices={"conversations": self._parked},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            async with self.runtime.running():
                await self.runtime.store.write(self._set_demo_agent)
                yield
        except RelaisError as exc:
            # uvicorn would print its traceback; `run` tells it in a sentence instead.
            self._failure = exc
            logging.getLogger("uvicorn.error").disabled = True
            raise

    def _set_demo_agent(self, unit: UnitOfWork) -> None:
        """The demo's agent can log in while the demo is served, and at no other time."""
        agent = self._demo_agent
        known = unit.agents.by_email(agent.email)
        if known is not None:
            unit.agents.set_active(known[0].id, active=self.settings.is_demo)
        elif self.settings.is_demo:
            unit.agents.add(
                email=agent.email,
                name=agent.name,
                language=agent.language,
                desks=list(self.runtime.library.desks),
                password_hash=hash_password(agent.password),
            )

    async def _reader(self, request: Request, desk: Desk) -> Reader:
        """Who reads the desk's articles, today."""
        session = await session_of(request, self.runtime.store, self.runtime.clock)
        is_agent = session is not None and desk.id in session.agent.desks
        return Reader(day=desk.day(self.runtime.clock.now()), is_agent=is_agent)

    def _platforms(self) -> list[Platform]:
        configured = {state.channel.kind: state for state in self.runtime.channels}
        platforms = []
        for each in PLATFORMS:
            name, state = each.label, configured.get(each.kind)
            if state is None:
                platforms.append(Platform(name=name, state="missing", settings=each.required_variables))
            elif state.is_open:
                platforms.append(Platform(name=name, state="connected"))
            else:
                platforms.append(Platform(name=name, state="disconnected", detail=state.problem or ""))
        return platforms

    async def _parked(self) -> str | None:
        """How many conversations wait for an administrator."""
        counts = await self.runtime.store.read(lambda unit: unit.conversations.parked_counts())
        named = [f"{count} {reason.replace('_', ' ')}" for reason, count in counts.items() if count]
        return f"parked: {', '.join(named)}; see `relais desk parked`" if named else None

    def _checks(self) -> Mapping[str, Check]:
        async def database() -> str | None:
            await self.runtime.store.read(lambda unit: unit.releases.latest())
            return None

        async def index() -> str | None:
            return None if self.runtime.library.is_ready else "no content is loaded"

        async def channel(state: ChannelState) -> str | None:
            return None if state.is_open else state.problem or "not connected yet"

        checks: dict[str, Check] = {"database": database, "index": index}
        kinds = {platform.kind for platform in PLATFORMS}
        for state in self.runtime.channels:
            if state.channel.kind in kinds:
                checks[state.channel.kind] = partial(channel, state)
        return checks


def _render(markdown: str) -> Markup:
    return to_html(parse_markdown(markdown))
