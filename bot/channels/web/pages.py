"""Templates and static files of the chat."""

from pathlib import Path

from bot.http.shared.assets import Assets
from bot.http.shared.templates import SHARED_STATIC, PageTemplates

_FOLDER = Path(__file__).parent
ASSETS = Assets("/static", SHARED_STATIC, _FOLDER / "static")
"""What the pages for everybody link to."""
TEMPLATES = PageTemplates(_FOLDER / "templates", ASSETS)
