"""The knowledge base on the web: what a desk knows, to read and to search, for users and agents."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.markdown import parse
from bot.channels.web import language as languages
from bot.channels.web import moments, pages
from bot.channels.web.render import to_html
from bot.channels.web.typography import typeset
from bot.domain.desk import Desk
from bot.excerpts import excerpt, marked, mentions, words_of
from bot.ports import ArticleVersion
from bot.workspace import Content
from kb_index.documents import Document
from kb_index.search import Hit
from kb_index.text import fold

PATH = "/kb"
MAX_QUESTION_CHARS = 200
FOUND = 20
"""Hits that are looked at."""
SHOWN = 10
SPEAKS_OF_IT = 2.0
"""`Hit.score` from which an article is shown that has none of the words."""
PATIENCE_S = 4.0
"""How long a reader waits for other readers' searches."""


class Search(Protocol):
    """See `bot.library.Library.search`."""

    async def __call__(self, question: str, /, *, desk: str, language: str, k: int) -> Sequence[Hit]:
        """Articles and flows, best first."""


@dataclass(frozen=True, kw_only=True)
class KnowledgeBase:
    """What the pages read of the rest.

    Args:
        content: the newest release.
        search: finds its articles and flows.
        version: the version of an article (desk, id, language) that the newest release holds.
        older: the agents' page of an article's older versions (desk, id), without a query.
    """

    content: Callable[[], Content]
    search: Search
    version: Callable[[str, str, str], Awaitable[ArticleVersion | None]]
    older: Callable[[str, str], str]


def knowledge_routes(knowledge: KnowledgeBase) -> list[BaseRoute]:
    """The pages under `PATH`."""
    shown = _Pages(knowledge)
    return [
        Route(PATH, shown.first, methods=["GET"]),
        Route(f"{PATH}/{{desk}}", shown.desk, methods=["GET"]),
        Route(f"{PATH}/{{desk}}/{{article}}", shown.article, methods=["GET"]),
    ]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """An article or a flow in a list.

    Args:
        title, excerpt: HTML.
        path: where it leads.
        language: it is written in.
        is_flow: a procedure, which the bot goes through in the chat.
    """

    title: Markup
    path: str
    language: str
    excerpt: Markup | None = None
    is_flow: bool = False


class _Pages:
    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    async def first(self, request: Request) -> Response:
        """The first desk's."""
        return RedirectResponse(f"{PATH}/{quote(next(iter(self._knowledge.content().desks)))}", 303)

    async def desk(self, request: Request) -> Response:
        """All articles of a desk, or what a search finds."""
        content = self._knowledge.content()
        desk = content.desks.get(request.path_params["desk"])
        if desk is None:
            return self._missing(request, None)
        language = _language(request, content.languages)
        asked = " ".join(request.query_params.get("q", "").split())
        question = asked[:MAX_QUESTION_CHARS]
        status, rows = 200, _all(content, desk, language)
        count, busy = len(rows), False
        if question:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    rows = await self._found(content, desk, language, question)
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
        content = self._knowledge.content()
        desk_id, article_id = request.path_params["desk"], request.path_params["article"]
        if desk_id not in content.desks:
            return self._missing(request, None)
        if request.query_params.get("version"):
            return RedirectResponse(f"{self._knowledge.older(desk_id, article_id)}?{request.url.query}", 303)
        language, desk = _language(request, content.languages), content.desks[desk_id]
        written = _versions(content, desk, article_id)
        if not written:
            return self._missing(request, desk)
        document = written.get(language) or next(iter(written.values()))
        version = await self._knowledge.version(desk_id, article_id, document.language)
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
            translations=[each for each in written if each not in (language, document.language)],
            version=version and version.version,
            since_html=version and _since(version, desk, language),
        )

    async def _found(self, content: Content, desk: Desk, language: str, question: str) -> list[_Row]:
        hits = await self._knowledge.search(question, desk=desk.id, language=language, k=FOUND)
        return await asyncio.to_thread(_rows, content, desk, hits, words_of(question))

    def _missing(self, request: Request, desk: Desk | None) -> Response:
        content = self._knowledge.content()
        language = _language(request, content.languages)
        say = pages.sayer(content.phrases, language)
        link = ("/", say("error.to_home"))
        if desk is not None:
            link = (f"{PATH}/{quote(desk.id)}", say("kb.to_list"))
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
        content = self._knowledge.content()
        kept = [(name, value) for name, value in request.query_params.multi_items() if name == "q"]
        response = pages.page(
            template,
            status=status,
            say=pages.sayer(content.phrases, language),
            language=language,
            base=PATH,
            others={
                each: "?" + urlencode([*kept, ("lang", each)])
                for each in content.languages
                if each != language
            },
            **values,
        )
        if request.query_params.get("lang") == language:
            languages.keep(response, request, language)
        return response


def _language(request: Request, known: Sequence[str]) -> str:
    """What the address asks for, as links in answers do, else the reader's own."""
    asked = request.query_params.get("lang", "")
    return asked if asked in known else languages.preferred(request, known)


def _versions(content: Content, desk: Desk, article: str) -> dict[str, Document]:
    """The languages that an article is written in, the desk's first one first."""
    found = {each: content.articles.get((desk.id, article, each)) for each in desk.languages}
    return {each: document for each, document in found.items() if document is not None}


def _all(content: Content, desk: Desk, language: str) -> list[_Row]:
    """Every article once, by title."""
    ids = dict.fromkeys(article for owner, article, _ in content.articles if owner == desk.id)
    shown = []
    for article in ids:
        written = _versions(content, desk, article)
        shown.append(written.get(language) or next(iter(written.values())))
    shown.sort(key=lambda document: fold(document.title))
    return [
        _Row(title=Markup.escape(typeset(each.title)), path=_path(desk.id, each.id), language=each.language)
        for each in shown
    ]


def _rows(content: Content, desk: Desk, hits: Sequence[Hit], words: frozenset[str]) -> list[_Row]:
    """The first `SHOWN` hits that speak of the question."""
    rows: list[_Row] = []
    for hit in hits:
        document = content.articles.get((desk.id, hit.id, hit.language)) if hit.kind == "article" else None
        text = f"{hit.title}\n{document.body if document else ''}"
        if len(rows) == SHOWN or (hit.score < SPEAKS_OF_IT and not mentions(text, words)):
            continue
        rows.append(
            _Row(
                title=marked(typeset(hit.title), words),
                path=_path(desk.id, hit.id) if document else f"/chat/{quote(desk.id)}",
                language=hit.language,
                excerpt=_excerpt(document, words, hit.matched) if document else None,
                is_flow=document is None,
            )
        )
    return rows


def _excerpt(document: Document, words: frozenset[str], nearest: str) -> Markup:
    return marked(typeset(excerpt(document.body, words, nearest=nearest)), words)


def _since(version: ArticleVersion, desk: Desk, language: str) -> Markup:
    day = version.created_at.astimezone(desk.timezone).date()
    said = moments.day(day, date.min, language)
    said = said[0].lower() + said[1:] if language == "fr" else said
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), said)


def _path(desk: str, article: str) -> str:
    return f"{PATH}/{quote(desk, safe='')}/{quote(article, safe='')}"
