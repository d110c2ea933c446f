"""The knowledge base on the web: what a desk knows, to read and to search, for users and agents."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.domain.article import ArticleVersion
from bot.domain.desk import Desk
from bot.http.excerpts import excerpt, marked, mentions, search_words
from bot.http.shared.html import to_html
from bot.http.shared.language import preferred_language, remember_language
from bot.http.shared.words import PageWords
from bot.http.start_page import TEMPLATES
from bot.i18n.formats import long_date
from bot.i18n.phrases import Phrases
from bot.i18n.typography import typeset
from bot.text.folding import fold
from bot.text.markdown import parse
from kb_index.articles.documents import Document, Reader
from kb_index.search import Hit

PATH = "/kb"
MAX_QUESTION_CHARS = 200
FOUND = 20
"""Hits that are looked at."""
SHOWN = 10
SPEAKS_OF_IT = 2.0
"""`Hit.score` from which an article is shown that has none of the words."""
PATIENCE_S = 4.0
"""How long a reader waits for other readers' searches."""


class ServedContent(Protocol):
    """One release, as far as the pages show it."""

    @property
    def languages(self) -> Sequence[str]:
        """The first is the default."""

    @property
    def desks(self) -> Mapping[str, Desk]:
        """By id."""

    @property
    def phrases(self) -> Phrases:
        """The product's own, overridden by the workspace's."""

    @property
    def articles(self) -> Mapping[tuple[str, str, str], Document]:
        """By desk, id and language."""


class KnowledgeSource(Protocol):
    """Where the pages read and search: the newest release."""

    @property
    def content(self) -> ServedContent:
        """As it is now; a page reads it once, so that it shows one release."""

    async def search(
        self, question: str, *, desk: str, language: str, k: int, reader: Reader
    ) -> Sequence[Hit]:
        """The `k` likeliest articles and flows, best first."""

    async def article_version(self, desk: str, article: str, language: str) -> ArticleVersion | None:
        """The version of an article that the newest release holds."""


@dataclass(frozen=True, kw_only=True)
class KnowledgeBase:
    """What the pages need of the rest.

    Args:
        source: what is read and searched.
        old_versions: path of the agents' pages of older versions, followed by desk and id.
        reader: who makes a request, as a desk sees them.
        content_words: the words of a text that carry its meaning, folded.
    """

    source: KnowledgeSource
    old_versions: str
    reader: Callable[[Request, Desk], Awaitable[Reader]]
    content_words: Callable[[str], frozenset[str]]


def knowledge_routes(knowledge: KnowledgeBase, path: str) -> list[BaseRoute]:
    """The pages under a path."""
    shown = _Pages(knowledge, path)
    return [
        Route(path, shown.first, methods=["GET"]),
        Route(f"{path}/{{desk}}", shown.desk, methods=["GET"]),
        Route(f"{path}/{{desk}}/{{article}}", shown.article, methods=["GET"]),
    ]


@dataclass(frozen=True, kw_only=True)
class _KnowledgeRow:
    """An article or a flow in a list.

    Args:
        title, excerpt: HTML.
        path: where it leads.
        language: it is written in.
        is_flow: a procedure, which the bot goes through in the chat.
        for_agents: nobody else is shown it.
    """

    title: Markup
    path: str
    language: str
    excerpt: Markup | None = None
    is_flow: bool = False
    for_agents: bool = False


class _Pages:
    def __init__(self, knowledge: KnowledgeBase, path: str) -> None:
        self._knowledge = knowledge
        self._path = path

    async def first(self, request: Request) -> Response:
        """The first desk's."""
        return RedirectResponse(
            f"{self._path}/{quote(next(iter(self._knowledge.source.content.desks)))}", 303
        )

    async def desk(self, request: Request) -> Response:
        """All articles of a desk, or what a search finds."""
        content = self._knowledge.source.content
        desk = content.desks.get(request.path_params["desk"])
        if desk is None:
            return self._missing(request, None)
        language = _language(request, content.languages)
        asked = " ".join(request.query_params.get("q", "").split())
        question = asked[:MAX_QUESTION_CHARS]
        reader = await self._knowledge.reader(request, desk)
        status, rows = 200, self._all(content, desk, language, reader)
        count, busy = len(rows), False
        if question:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    rows = await self._found(content, desk, language, question, reader)
            except TimeoutError:
                status, rows, busy = 503, [], True
        return self._page(
            request,
            "kb.html",
            language,
            status=status,
            desk=desk,
            desks=list(content.desks.values()),
            rows=rows,
            count=count,
            question=question,
            is_cut=len(asked) > MAX_QUESTION_CHARS,
            is_busy=busy,
            max_chars=MAX_QUESTION_CHARS,
        )

    async def article(self, request: Request) -> Response:
        """One article, in the reader's language if it is written in it."""
        content = self._knowledge.source.content
        desk_id, article_id = request.path_params["desk"], request.path_params["article"]
        if desk_id not in content.desks:
            return self._missing(request, None)
        if request.query_params.get("version"):
            path = f"{self._knowledge.old_versions}/{quote(desk_id)}/{quote(article_id)}"
            return RedirectResponse(f"{path}?{request.url.query}", 303)
        language, desk = _language(request, content.languages), content.desks[desk_id]
        reader = await self._knowledge.reader(request, desk)
        written = _versions(content, desk, article_id, reader)
        if not written:
            return self._missing(request, desk)
        document = written.get(language) or next(iter(written.values()))
        version = await self._knowledge.source.article_version(desk_id, article_id, document.language)
        return self._page(
            request,
            "kb_article.html",
            language,
            desk=desk,
            question="",
            max_chars=MAX_QUESTION_CHARS,
            document=document,
            title=typeset(document.title),
            body=to_html(parse(document.body)),
            translations={
                each: PageWords(content.phrases, each)("kb.read")
                for each in written
                if each not in (language, document.language)
            },
            version=version and version.version,
            since_html=version and _since(version, desk, language),
        )

    async def _found(
        self, content: ServedContent, desk: Desk, language: str, question: str, reader: Reader
    ) -> list[_KnowledgeRow]:
        hits = await self._knowledge.source.search(
            question, desk=desk.id, language=language, k=FOUND, reader=reader
        )
        return await asyncio.to_thread(
            self._rows, content, desk, hits, search_words(question, self._knowledge.content_words)
        )

    def _all(self, content: ServedContent, desk: Desk, language: str, reader: Reader) -> list[_KnowledgeRow]:
        """Every article that the reader is shown once, by title."""
        ids = dict.fromkeys(article for owner, article, _ in content.articles if owner == desk.id)
        written = [found for each in ids if (found := _versions(content, desk, each, reader))]
        shown = [found.get(language) or next(iter(found.values())) for found in written]
        shown.sort(key=lambda document: fold(document.title))
        return [self._row(each, Markup.escape(typeset(each.title))) for each in shown]

    def _rows(
        self, content: ServedContent, desk: Desk, hits: Sequence[Hit], words: frozenset[str]
    ) -> list[_KnowledgeRow]:
        """The first `SHOWN` hits that speak of the question."""
        rows: list[_KnowledgeRow] = []
        for hit in hits:
            document = (
                content.articles.get((desk.id, hit.id, hit.language)) if hit.kind == "article" else None
            )
            text = f"{hit.title}\n{document.body if document else ''}"
            if len(rows) == SHOWN or (hit.score < SPEAKS_OF_IT and not mentions(text, words)):
                continue
            title = marked(typeset(hit.title), words)
            if document is None:
                path = f"/chat/{quote(desk.id)}"
                rows.append(_KnowledgeRow(title=title, path=path, language=hit.language, is_flow=True))
            else:
                rows.append(self._row(document, title, _excerpt(document, words, hit.matched)))
        return rows

    def _row(self, document: Document, title: Markup, excerpt: Markup | None = None) -> _KnowledgeRow:
        return _KnowledgeRow(
            title=title,
            path=f"{self._path}/{quote(document.desk, safe='')}/{quote(document.id, safe='')}",
            language=document.language,
            excerpt=excerpt,
            for_agents=document.audience == "agents",
        )

    def _missing(self, request: Request, desk: Desk | None) -> Response:
        content = self._knowledge.source.content
        language = _language(request, content.languages)
        say = PageWords(content.phrases, language)
        link = ("/", say("error.to_home"))
        if desk is not None:
            link = (f"{self._path}/{quote(desk.id)}", say("kb.to_list"))
        return self._page(
            request,
            "problem.html",
            language,
            status=404,
            title=say("error.not_found_title" if desk is None else "kb.missing_title"),
            text=say("error.not_found" if desk is None else "kb.missing"),
            link=link,
        )

    def _page(
        self, request: Request, template: str, language: str, *, status: int = 200, **values: object
    ) -> Response:
        content = self._knowledge.source.content
        kept = [(name, value) for name, value in request.query_params.multi_items() if name == "q"]
        response = TEMPLATES.page(
            template,
            status=status,
            say=PageWords(content.phrases, language),
            base=self._path,
            others={
                each: "?" + urlencode([*kept, ("lang", each)])
                for each in content.languages
                if each != language
            },
            **values,
        )
        if request.query_params.get("lang") == language:
            remember_language(response, request, language)
        return response


def _language(request: Request, known: Sequence[str]) -> str:
    """What the address asks for, as links in answers do, else the reader's own."""
    asked = request.query_params.get("lang", "")
    return asked if asked in known else preferred_language(request, known)


def _versions(content: ServedContent, desk: Desk, article: str, reader: Reader) -> dict[str, Document]:
    """The languages in which a reader is shown an article, the desk's first one first."""
    found = {each: content.articles.get((desk.id, article, each)) for each in desk.languages}
    return {each: document for each, document in found.items() if document and not document.withheld(reader)}


def _excerpt(document: Document, words: frozenset[str], nearest: str) -> Markup:
    return marked(typeset(excerpt(document.body, words, nearest=nearest)), words)


def _since(version: ArticleVersion, desk: Desk, language: str) -> Markup:
    day = version.created_at.astimezone(desk.timezone).date()
    said = long_date(day, language, with_year=True)
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), said)
