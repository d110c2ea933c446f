"""Content that a test serves without a workspace or an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.desk import Desk
from bot.i18n.phrases import Phrases


@dataclass(frozen=True, kw_only=True)
class FakeCurrentContent:
    """`bot.domain.content.CurrentContent`, given part by part."""

    phrases: Phrases
    desks: Mapping[str, Desk]
    name: str = "Maison Bellac"
    languages: Sequence[str] = ("fr", "en")
    release_id: int = 1
