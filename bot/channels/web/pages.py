"""Templates, assets and words of the pages: one look for the chat, the landing page and the errors."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from bot.domain.errors import NotFoundError
from bot.i18n.phrases import Phrases
from bot.i18n.typography import typeset

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
STATIC_PATH = "/static"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

Say = Callable[..., str]


def sayer(phrases: Phrases, language: str) -> Say:
    """Gives the page its words, well set.

    A key that a workspace's languages lack falls back on the key itself: a page must not fail over a word.
    """

    def say(key: str, /, **values: object) -> str:
        try:
            return typeset(phrases.say(language, f"web.{key}", **values))
        except NotFoundError:
            return key

    return say


def page(template: str, *, status: int = 200, say: Say, language: str, **values: Any) -> HTMLResponse:
    """A page; never kept by a cache, as it is somebody's."""
    html = environment().get_template(template).render(say=say, language=language, **values)
    return HTMLResponse(
        html, status_code=status, headers={"cache-control": "no-store", "vary": "Cookie, Accept-Language"}
    )


def fragment(template: str, *, say: Say, language: str, **values: Any) -> str:
    """A part of a page."""
    return environment().get_template(template).render(say=say, language=language, **values)


@cache
def environment() -> Environment:
    """Escapes everything that is not marked as HTML."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["typeset"] = typeset
    made.globals["asset"] = asset
    made.globals["say_html"] = _say_html
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with its content, so browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{STATIC_PATH}/{name}?v={digest}"


@pass_context
def _say_html(context: Context, key: str, /, **values: Markup) -> Markup:
    """A phrase with HTML in its placeholders; the phrase itself is text."""
    say: Say = context["say"]
    marks = {name: f"\ue000{name}\ue001" for name in values}
    html = str(escape(say(key, **marks)))
    for name, value in values.items():
        html = html.replace(marks[name], str(escape(value)))
    return Markup(html)  # noqa: S704 - every part was escaped above
