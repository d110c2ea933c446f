"""The server: web pages, webhooks, console and everything behind them, in one process."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from bot.app import Runtime, configured_channels
from bot.channels.registry import PLATFORMS
from bot.channels.web.adapter import WebChannel
from bot.channels.web.render import to_html
from bot.content.versions import document_of
from bot.domain.article import ArticleVersion
from bot.domain.desk import Desk
from bot.domain.errors import RelaisError
from bot.http.application import Check, Login, Platform, Site, build_web
from bot.http.knowledge import PATH as KNOWLEDGE
from bot.http.knowledge import KnowledgeBase, knowledge_routes
from bot.http.web_chats import add_web_chats
from bot.pipeline.channels import ChannelState
from bot.storage.unit_of_work import UnitOfWork
from bot.text.markdown import parse as parse_markdown
from config.settings import Settings
from handoff.console import ConsoleDeps, console_routes, hash_password, session_of
from kb_index.articles.documents import Reader
from nlu.encoders.encoder import Encoder

CONSOLE = "/console"
AGENTS_KNOWLEDGE = f"{CONSOLE}{KNOWLEDGE}"
"""The same pages where the console's session is sent: agents find what is for agents too."""
DEMO_LOGIN = Login(email="camille@bellac.example", password="bonjour-relais")  # noqa: S106
"""Exists in the demo only, which is served to this machine only."""

_GRACE_S = 5


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
        config = uvicorn.Config(
            self.app,
            host=self.settings.host,
            port=self.settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            proxy_headers=True,
        )
        try:
            _Uvicorn(config, ready=ready, leaving=self._let_go).run()
        finally:
            if self._failure is not None:
                raise self._failure from None

    async def _let_go(self) -> None:
        """Ends live pages first: a server waits for its connections before it stops anything else."""
        self.closing.set()
        for state in self.runtime.channels:
            if isinstance(state.channel, WebChannel):
                await state.channel.close()

    def _build(self) -> Starlette:
        runtime, settings = self.runtime, self.settings
        site = Site(
            name=lambda: runtime.library.content.name,
            languages=lambda: runtime.library.content.languages,
            desks=lambda: list(runtime.library.desks.values()),
            phrases=lambda: runtime.library.phrases,
            platforms=self._platforms,
            knowledge=KNOWLEDGE,
            console=f"{CONSOLE}/",
            demo=DEMO_LOGIN if settings.is_demo else None,
        )
        console = ConsoleDeps(
            store=runtime.store,
            desk=runtime.desk,
            desks=lambda: runtime.library.desks,
            phrases=lambda: runtime.library.phrases,
            changes=runtime.changes,
            clock=runtime.clock,
            entities=runtime.library.entities,
            article=document_of,
            render=lambda markdown: to_html(parse_markdown(markdown)),
            knowledge=AGENTS_KNOWLEDGE,
            secure_cookies=(settings.public_url or "").startswith("https://"),
            demo_login=(DEMO_LOGIN.email, DEMO_LOGIN.password) if settings.is_demo else None,
            closing=self.closing,
        )
        knowledge = KnowledgeBase(
            content=lambda: runtime.library.content,
            search=runtime.library.search,
            version=self._version,
            older=lambda desk, article: f"{CONSOLE}/articles/{quote(desk)}/{quote(article)}",
            reader=self._reader,
        )
        return build_web(
            site,
            channels=[state.channel for state in runtime.channels],
            accept=runtime.inbound.accept,
            knowledge=[
                *knowledge_routes(knowledge, KNOWLEDGE),
                *knowledge_routes(knowledge, AGENTS_KNOWLEDGE),
            ],
            console=[Mount(CONSOLE, routes=console_routes(console))],
            checks=self._checks(),
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        try:
            async with self.runtime.running():
                await self.runtime.store.write(partial(_set_demo_login, is_demo=self.settings.is_demo))
                yield
        except RelaisError as exc:
            # uvicorn would print its traceback; `run` tells it in a sentence instead.
            self._failure = exc
            logging.getLogger("uvicorn.error").disabled = True
            raise

    async def _reader(self, request: Request, desk: Desk) -> Reader:
        """Who reads the desk's articles, today."""
        session = await session_of(request, self.runtime.store, self.runtime.clock)
        is_agent = session is not None and desk.id in session.agent.desks
        return Reader(day=desk.day(self.runtime.clock.now()), is_agent=is_agent)

    async def _version(self, desk: str, article: str, language: str) -> ArticleVersion | None:
        """The version of an article that the served release holds."""
        served = self.runtime.library.release_id
        history = await self.runtime.store.read(lambda unit: unit.releases.history(desk, article))
        known = [each for each in history if each.language == language and each.release_id <= served]
        return known[-1] if known else None

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


class _Uvicorn(uvicorn.Server):
    """Says when it answers, and when it begins to stop."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], leaving: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._leaving()
        await super().shutdown(sockets)


def _set_demo_login(unit: UnitOfWork, *, is_demo: bool) -> None:
    """The demo's agent can log in while the demo is served, and at no other time."""
    known = unit.agents.by_email(DEMO_LOGIN.email)
    if not is_demo:
        if known is not None:
            unit.agents.set_active(known[0].id, active=False)
        return
    if known is not None:
        unit.agents.set_active(known[0].id, active=True)
        return
    unit.agents.add(
        email=DEMO_LOGIN.email,
        name="Camille",
        language="fr",
        desks=["it", "sav"],
        password_hash=hash_password(DEMO_LOGIN.password),
    )
