"""An article as it was: the version that an answer named."""

from collections.abc import Sequence

from starlette.responses import Response

from bot.domain.article import ArticleVersion
from bot.domain.errors import NotFoundError
from bot.storage.unit_of_work import UnitOfWork
from handoff.console.agents.queue import desk_name, zone_of
from handoff.console.base import Console, Visit
from kb_index.articles.documents import Document


class Articles:
    """Shows any version of an article to agents."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def version(self, visit: Visit) -> Response:
        """One version, the newest unless the address names one, with links to the others.

        Raises:
            NotFoundError: there is none, or it is another desk's.
        """
        deps, params = self._console.deps, visit.request.query_params
        desk, article = visit.request.path_params["desk"], visit.request.path_params["article"]

        if desk not in visit.session.agent.desks:
            raise NotFoundError(f"{desk}/{article}")

        def read(unit: UnitOfWork) -> tuple[Sequence[ArticleVersion], ArticleVersion, Document]:
            known = unit.releases.history(desk, article)
            language = params.get("lang", visit.words.language)
            of_language = [each for each in known if each.language == language] or known
            wanted = params.get("version")
            found = [each for each in of_language if wanted in (None, str(each.version))]
            if not found:
                raise NotFoundError(f"version {wanted} of {desk}/{article}")
            same = [each for each in of_language if each.language == found[-1].language]
            return same, found[-1], deps.article(unit, found[-1])

        versions, shown, document = await deps.store.read(read)
        return self._console.page(
            visit.request,
            "article.html",
            visit.words,
            desk=desk,
            desk_name=desk_name(desk, deps.current.desks, visit.words.language),
            zone=zone_of(desk, deps.current.desks),
            versions=versions,
            shown=shown,
            document=document,
            body=deps.render(document.body),
            knowledge=deps.knowledge,
        )
