"""Serves the newest release of the content, and older ones to the flows that began on them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.content.files import content_hash, read_folder
from bot.content.knowledge import Knowledge, open_knowledge
from bot.content.workspace import Content, parse
from bot.dialogs.flow.model import Flow
from bot.dialogs.manager import DialogueManager
from bot.dialogs.retrieval.policy import thresholds_from
from bot.dialogs.turn.content import DialogueContent
from bot.domain.article import ArticleVersion
from bot.domain.content import CurrentContent
from bot.domain.desk import Desk
from bot.domain.errors import ConfigurationError
from bot.i18n.phrases import Phrases
from bot.pipeline.ports import Clock, Dialogue, Store, Understander
from bot.storage.unit_of_work import UnitOfWork
from kb_index.articles.documents import Reader
from kb_index.articles.errors import IndexUnusableError
from kb_index.search import Hit
from nlu.encoders.encoder import Encoder
from nlu.interpreter.embedded import EmbeddedInterpreter

log = logging.getLogger(__name__)

ArticleUrl = Callable[[str, str, str], str | None]
Engine = Callable[[EmbeddedInterpreter], Understander]
Build = Callable[[Mapping[str, str], Path], None]
"""Builds the index and the interpreter of a release's files in the data folder."""

_OLDER_RELEASES = 4
_NAMED_TEXTS = 1000


@dataclass(frozen=True)
class _Served:
    """A release with all that answers from it."""

    release_id: int
    content: Content
    knowledge: Knowledge
    dialogue: Dialogue
    entities: Callable[[str], Mapping[str, Sequence[str]]]


def store_release(unit: UnitOfWork, files: Mapping[str, str], content: Content, clock: Clock) -> int:
    """The release of this content: the newest one if it is the same, else a new one."""
    digest = content_hash(files)
    latest = unit.releases.latest()
    if latest is not None and latest[1] == digest:
        return latest[0]
    articles = {key: document.content_hash for key, document in content.articles.items()}
    return unit.releases.add(files, digest, articles, clock.now())


class Library(CurrentContent):
    """Serves the newest release, and gives each conversation the dialogue of its own.

    Args:
        store: holds the releases.
        clock: tells the time.
        encoder: encodes questions.
        data_dir: holds the index and the interpreter.
        build: called when those do not fit the content.
        article_url: where an article can be read.
        engine: what understands, given the interpreter that is always there.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        encoder: Encoder,
        data_dir: Path,
        build: Build,
        article_url: ArticleUrl,
        engine: Engine,
    ) -> None:
        self._store = store
        self._clock = clock
        self._encoder = encoder
        self._encode = encoder.encode
        self._data_dir = data_dir
        self._build = build
        self._article_url = article_url
        self._engine = engine
        self._served: _Served | None = None
        self._older: OrderedDict[int, Dialogue] = OrderedDict()
        self._searching = asyncio.Semaphore(1)

    @property
    def name(self) -> str:
        """See `CurrentContent`, as for the next ones."""
        return self._newest.content.name

    @property
    def languages(self) -> Sequence[str]:
        return self._newest.content.languages

    @property
    def desks(self) -> Mapping[str, Desk]:
        return self._newest.content.desks

    @property
    def phrases(self) -> Phrases:
        return self._newest.content.phrases

    @property
    def release_id(self) -> int:
        return self._newest.release_id

    @property
    def content(self) -> Content:
        """Of the newest release."""
        return self._newest.content

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to serve."""
        return self._served is not None

    async def load_folder(self, folder: Path) -> None:
        """Makes the workspace's present content the newest release and serves it.

        Raises:
            ContentErrors: it does not pass its checks; what was served before still is.
        """
        files = await asyncio.to_thread(read_folder, folder)
        content = await asyncio.to_thread(parse, files)
        release_id = await self._store.write(lambda unit: store_release(unit, files, content, self._clock))
        await self._serve(release_id, files, content)

    async def refresh(self) -> None:
        """Serves the newest release of the database, if another process has made one."""
        latest = await self._store.read(lambda unit: unit.releases.latest())
        if latest is None or (self._served is not None and latest[0] == self._served.release_id):
            return
        files = await self._store.read(lambda unit: unit.releases.files(latest[0]))
        await self._serve(latest[0], files, await asyncio.to_thread(parse, files))

    async def search(
        self, question: str, *, desk: str, language: str, k: int, reader: Reader
    ) -> Sequence[Hit]:
        """What the newest release has on a question, for a page.

        One at a time and off the event loop, so that readers never take the processor from conversations.
        """
        searcher = self._newest.knowledge.searcher

        def find() -> Sequence[Hit]:
            found = searcher.search(
                question,
                lambda: self._encode([question])[0],
                desk=desk,
                language=language,
                k=k,
                reader=reader,
            )
            return found.hits

        async with self._searching:
            return await asyncio.to_thread(find)

    async def article_version(self, desk: str, article: str, language: str) -> ArticleVersion | None:
        """The version of an article that the newest release holds."""
        release_id = self.release_id
        history = await self._store.read(lambda unit: unit.releases.history(desk, article))
        held = [each for each in history if each.language == language and each.release_id <= release_id]
        return held[-1] if held else None

    def entities(self, text: str) -> Mapping[str, Sequence[str]]:
        """What a text names, by the newest release."""
        return self._newest.entities(text)

    async def for_release(self, release_id: int | None) -> Dialogue:
        """The dialogue that stays on a release's flows; the newest one for None."""
        newest = self._newest
        if release_id is None or release_id == newest.release_id:
            return newest.dialogue
        if release_id not in self._older:
            files = await self._store.read(lambda unit: unit.releases.files(release_id))
            old = await asyncio.to_thread(parse, files)
            # A running flow stays on its release; what is asked beside it is answered from the newest.
            self._older[release_id] = await self._dialogue(
                release_id, newest.content, old.flows, newest.knowledge
            )
            while len(self._older) > _OLDER_RELEASES:
                self._older.popitem(last=False)
        self._older.move_to_end(release_id)
        return self._older[release_id]

    @property
    def _newest(self) -> _Served:
        if self._served is None:
            raise ConfigurationError("RELAIS_WORKSPACE", "no content is loaded yet.")
        return self._served

    async def _serve(self, release_id: int, files: Mapping[str, str], content: Content) -> None:
        knowledge = await asyncio.to_thread(self._open, files, content)
        dialogue = await self._dialogue(release_id, content, content.flows, knowledge)
        # A case's page asks for all that was said in it, at each change.
        entities = lru_cache(_NAMED_TEXTS)(knowledge.interpreter.entities)
        self._served = _Served(release_id, content, knowledge, dialogue, entities)
        self._older.clear()
        log.info("content loaded", extra={"release": release_id, "articles": len(content.articles)})

    def _open(self, files: Mapping[str, str], content: Content) -> Knowledge:
        model_id = self._encoder.model_id
        try:
            return open_knowledge(content, self._data_dir, model_id=model_id)
        except IndexUnusableError as exc:
            log.info("index is built", extra={"reason": exc.reason})
        self._build(files, self._data_dir)
        return open_knowledge(content, self._data_dir, model_id=model_id)

    async def _dialogue(
        self,
        release_id: int,
        content: Content,
        flows: Mapping[tuple[str, str], Flow],
        knowledge: Knowledge,
    ) -> Dialogue:
        versions = await self._store.read(lambda unit: unit.releases.versions(release_id))
        dialogue_content = DialogueContent(
            desks=content.desks,
            phrases=content.phrases,
            flows=flows,
            articles=content.articles,
            versions=versions,
            release_id=release_id,
            article_url=self._article_url,
        )
        return DialogueManager(
            content=dialogue_content,
            understander=self._engine(knowledge.interpreter),
            retriever=knowledge.searcher,
            encode=self._encode,
            thresholds=thresholds_from(knowledge.searcher.manifest.decision),
        )
