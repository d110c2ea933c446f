"""How errors look: a page in the reader's language, or JSON for who does not ask for HTML."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.content import CurrentContent
from bot.http.shared.language import preferred_language
from bot.http.shared.templates import PageTemplates
from bot.http.shared.words import PageWords

_PHRASES = {404: "not_found", 405: "method", 413: "large"}


class ErrorPages:
    """Answers to requests that no endpoint answered."""

    def __init__(self, current: CurrentContent, templates: PageTemplates) -> None:
        self._current = current
        self._templates = templates

    async def refused(self, request: Request, exc: Exception) -> Response:
        """Unknown addresses and methods."""
        assert isinstance(exc, HTTPException)
        phrase = _PHRASES.get(exc.status_code, "failure")
        return self._problem(request, exc.status_code, phrase, headers=exc.headers)

    async def failed(self, request: Request) -> Response:
        """A fault of ours; the reader gets no traceback."""
        return self._problem(request, 500, "failure")

    async def too_large(self, request: Request) -> Response:
        """A body longer than any endpoint takes."""
        return self._problem(request, 413, "large")

    def _problem(
        self, request: Request, status: int, phrase: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            code = {"large": "too_large"}.get(phrase, phrase)
            return JSONResponse({"error": code}, status_code=status, headers=dict(headers or {}))
        content = self._current
        say = PageWords(content.phrases, preferred_language(request, content.languages))
        response = self._templates.problem(
            status=status,
            say=say,
            title=say(f"error.{phrase}_title"),
            text=say(f"error.{phrase}"),
            link=("/", say("error.to_home")),
        )
        response.headers.update(headers or {})
        return response
