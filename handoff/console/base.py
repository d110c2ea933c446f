"""What all pages share: templates, assets, who is logged in, and how errors look."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.domain.errors import NotFoundError
from bot.http.shared.assets import Assets
from bot.http.shared.origin import is_same_origin
from bot.http.shared.templates import environment
from handoff.console.deps import ConsoleDeps
from handoff.console.login.sessions import Session, same, session_of
from handoff.console.words import ConsoleWords, chosen_language

_FOLDER = Path(__file__).parent

ENDED = "event: ended\ndata: 1\n\n"
"""Sent to a live page when its session is over: it then stops asking."""

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of an agent who is logged in.

    Args:
        form: what was posted; empty for a GET.
    """

    request: Request
    session: Session
    words: ConsoleWords
    form: Mapping[str, str]


Page = Callable[[Visit], Awaitable[Response]]


class Console:
    """Renders the console's pages and lets only agents who are logged in see them."""

    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps
        self.assets = Assets("/static", _FOLDER / "static")
        self._templates = environment(_FOLDER / "templates")

    def words(self, request: Request, session: Session | None = None) -> ConsoleWords:
        """The console's words in the language that fits this request."""
        phrases = self.deps.current.phrases
        language = chosen_language(request, session.agent.language if session else None, phrases)
        return ConsoleWords(phrases, language, self.deps.clock.now())

    def render(self, request: Request, template: str, words: ConsoleWords, **context: object) -> str:
        """A template as text."""
        base = base_of(request)

        def static(name: str) -> str:
            return base + self.assets.address(name)

        return self._templates.get_template(template).render(
            t=words, base=base, static=static, new_key=lambda: secrets.token_urlsafe(12), **context
        )

    def page(
        self, request: Request, template: str, words: ConsoleWords, *, status: int = 200, **context: object
    ) -> HTMLResponse:
        """A template as a response."""
        return HTMLResponse(self.render(request, template, words, **context), status)

    def problem(
        self, request: Request, words: ConsoleWords, code: str, status: int, *, session: Session | None = None
    ) -> HTMLResponse:
        """A page that says what went wrong and what to do."""
        return self.page(request, "problem.html", words, status=status, code=code, session=session)

    async def session(self, request: Request) -> Session | None:
        """Who is logged in, None when nobody is or no longer."""
        return await session_of(request, self.deps.store, self.deps.clock)

    def guarded(self, page: Page) -> Endpoint:
        """An endpoint for agents who are logged in; posts need the session's own token in the form."""

        @wraps(page)
        async def endpoint(request: Request) -> Response:
            form = await fields_of(request) if request.method == "POST" else {}
            session = await self.session(request)
            words = self.words(request, session)
            if session is None:
                return self._ask_to_log_in(request, words, form)
            if request.method == "POST" and (
                not is_same_origin(request) or not same(form.get("csrf", ""), session.csrf)
            ):
                return self.problem(request, words, "csrf", 403, session=session)
            try:
                return await page(Visit(request=request, session=session, words=words, form=form))
            except NotFoundError:
                return self.problem(request, words, "not_found", 404, session=session)

        return endpoint

    def _ask_to_log_in(self, request: Request, words: ConsoleWords, form: Mapping[str, str]) -> Response:
        if "text/event-stream" in request.headers.get("accept", ""):
            return Response(ENDED, media_type="text/event-stream")
        base = base_of(request)
        back = form.get("back") or full_path(request) if request.method == "POST" else full_path(request)
        there = f"{base}/login?next={quote(back, safe='')}"
        if "hx-request" in request.headers:
            # The page stays until the browser has gone there; what was typed is in its session storage.
            return Response(status_code=401, headers={"HX-Redirect": f"{there}&expired=1"})
        if form.get("text"):
            # Without scripts there is no session storage: the text is shown, to be copied.
            return self.page(
                request, "lost_session.html", words, status=401, text=form["text"], there=f"{there}&expired=1"
            )
        return RedirectResponse(there, 303)


def base_of(request: Request) -> str:
    """Where the console is mounted, without a slash at the end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def full_path(request: Request) -> str:
    """Path and query of a request, as a link on this server; the start page for what is no page."""
    if request.method != "GET":
        return f"{base_of(request)}/"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


async def fields_of(request: Request) -> dict[str, str]:
    """The text fields of a posted form."""
    async with request.form(max_files=0, max_fields=20) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def inner_path(candidate: str, base: str) -> str:
    """A place to go back to, only if it is a page of the console: no way out to another site."""
    is_ours = candidate == f"{base}/" or candidate.startswith(
        (f"{base}/?", f"{base}/cases/", f"{base}/articles/")
    )
    is_plain = candidate.isascii() and candidate.isprintable()
    leads_out = any(odd in candidate for odd in ("\\", "//", ".."))
    return candidate if is_ours and is_plain and not leads_out else f"{base}/"
