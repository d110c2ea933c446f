"""What the console needs of the rest, given by the composition root."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from markupsafe import Markup

from bot.domain.article import ArticleVersion
from bot.domain.content import CurrentContent
from bot.pipeline.ports import Clock, Store
from bot.storage.unit_of_work import UnitOfWork
from handoff.desk.brief import FindEntities
from handoff.desk.desk import AgentDesk
from kb_index.articles.documents import Document


class ChangeNotifier(Protocol):
    """Notifies that a conversation changed; belongs to the event loop."""

    def watch(self, conversation_id: int | None, /) -> AbstractContextManager[asyncio.Event]:
        """An event that is set at each change of that conversation, or of any when None."""


@dataclass(frozen=True, kw_only=True)
class ConsoleDeps:
    """The console's surroundings.

    Args:
        current: desks and phrases.
        entities: finds what a message names.
        article: a version of an article, as its release holds it.
        render: what the bot and the desk say (their small Markdown) as safe HTML.
        knowledge: where the knowledge base is read, None when it is not.
        secure_cookies: the server is reached by https; browsers then never send the session by http.
        demo_login: email and password shown on the login page; None outside the demo.
        closing: set when the server begins to stop, so that live pages let go of their connections.
    """

    store: Store
    desk: AgentDesk
    current: CurrentContent
    entities: FindEntities
    changes: ChangeNotifier
    clock: Clock
    article: Callable[[UnitOfWork, ArticleVersion], Document]
    render: Callable[[str], Markup]
    knowledge: str | None = None
    secure_cookies: bool = False
    demo_login: tuple[str, str] | None = None
    closing: asyncio.Event = field(default_factory=asyncio.Event)
