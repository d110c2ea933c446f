"""Page templates: what is written into a page is escaped, and a page is kept by no cache."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from bot.http.shared.assets import Assets
from bot.http.shared.words import PageWords
from bot.i18n.typography import typeset

_FOLDER = Path(__file__).parent
SHARED_STATIC = _FOLDER / "static"
ASSETS = Assets("/static", SHARED_STATIC)
"""Stylesheet and icon; whoever serves "/static" may serve files of other folders there, too."""
_NOT_KEPT = {"cache-control": "no-store", "vary": "Cookie, Accept-Language"}


def environment(*folders: Path) -> Environment:
    """Templates of some folders; everything that is not marked as HTML is escaped, a missing value raises."""
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["typeset"] = typeset
    return made


class PageTemplates:
    """The pages for everybody: the shared frame and the templates of one folder.

    Args:
        folder: of the templates.
        assets: static files that they link to.
    """

    def __init__(self, folder: Path, assets: Assets) -> None:
        self._environment = environment(folder, _FOLDER / "templates")
        self._environment.globals |= {"asset": assets.address, "say_html": _say_html}

    def page(self, template: str, *, status: int = 200, say: PageWords, **values: Any) -> HTMLResponse:
        """A page; it is somebody's, so no cache keeps it."""
        return HTMLResponse(self.render(template, say=say, **values), status, headers=_NOT_KEPT)

    def problem(
        self, *, status: int, say: PageWords, title: str, text: str, link: tuple[str, str], **values: Any
    ) -> HTMLResponse:
        """The page that says what went wrong, with a link (address, text) to go on from there."""
        return self.page("problem.html", status=status, say=say, title=title, text=text, link=link, **values)

    def render(self, template: str, *, say: PageWords, **values: Any) -> str:
        """A page or a part of one, as text."""
        return self._environment.get_template(template).render(say=say, language=say.language, **values)


@pass_context
def _say_html(context: Context, key: str, /, **values: Markup) -> Markup:
    """A phrase with HTML in its placeholders; the phrase itself is text."""
    say: PageWords = context["say"]
    marks = {name: f"\ue000{name}\ue001" for name in values}
    html = str(escape(say(key, **marks)))
    for name, value in values.items():
        html = html.replace(marks[name], str(escape(value)))
    return Markup(html)  # noqa: S704 - every part was escaped above
