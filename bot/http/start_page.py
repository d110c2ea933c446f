"""The start page: what runs here, and where to go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.domain.content import CurrentContent
from bot.http.shared.language import preferred_language, remember_language
from bot.http.shared.templates import ASSETS, PageTemplates
from bot.http.shared.words import PageWords

TEMPLATES = PageTemplates(Path(__file__).parent / "templates", ASSETS)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A messenger, as the start page shows it.

    Args:
        name: "Slack".
        state: how it is.
        settings: what to set while it is missing.
        detail: a line more, such as the account's name.
    """

    name: str
    state: Literal["connected", "disconnected", "missing"]
    settings: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class DemoLogin:
    """Email and password with which anybody logs in at the demo's console."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StartPage:
    """The endpoint of the start page.

    Args:
        current: what is served.
        platforms: as they are now.
        knowledge: path of the knowledge base, None without one.
        console: path of the agents' console, None without one.
        demo: None outside the demo.
    """

    current: CurrentContent
    platforms: Callable[[], Sequence[Platform]]
    knowledge: str | None = None
    console: str | None = None
    demo: DemoLogin | None = None

    async def show(self, request: Request) -> Response:
        """The page, or, with `?lang=`, the choice of its language."""
        content = self.current
        known = content.languages
        asked = request.query_params.get("lang", "")
        if asked in known:
            response: Response = RedirectResponse("/", status_code=303)
            remember_language(response, request, asked)
            return response
        language = preferred_language(request, known)
        return TEMPLATES.page(
            "landing.html",
            say=PageWords(content.phrases, language),
            others=[each for each in known if each != language],
            name=content.name,
            desks=[
                {"id": desk.id, "name": desk.name.get(language, desk.id)} for desk in content.desks.values()
            ],
            knowledge=self.knowledge,
            console=self.console,
            demo=self.demo,
            platforms=[_shown(platform) for platform in self.platforms()],
        )


def _shown(platform: Platform) -> dict[str, object]:
    names = Markup(", ").join(Markup("<code>{}</code>").format(name) for name in platform.settings)
    return {"name": platform.name, "state": platform.state, "settings": names, "detail": platform.detail}
