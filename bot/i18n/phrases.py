"""Phrases: what is said around answers, in every language."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import NotFoundError


@dataclass(frozen=True)
class Phrases:
    """Texts by language and key; a key is a dotted name such as "handoff.acknowledged"."""

    by_language: Mapping[str, Mapping[str, str]]

    def say(self, language: str, key: str, /, **values: object) -> str:
        """The phrase with its `{placeholders}` filled.

        Raises:
            NotFoundError: no such key in that language (a defect: `relais check` compares the languages).
        """
        try:
            template = self.by_language[language][key]
        except KeyError:
            raise NotFoundError(f"phrase {key!r} in {language!r}") from None
        return template.format_map(values) if values else template

    def has(self, language: str, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self.by_language.get(language, {})
