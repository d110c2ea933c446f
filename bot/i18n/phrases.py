"""Phrases: what is said around answers, in every language."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.i18n.formats import number, plural


class UnknownPhraseError(LookupError):
    """No such phrase in that language: a defect, as `relais check` compares the languages."""


@dataclass(frozen=True)
class Phrases:
    """Texts by language and key; a key is a dotted name such as "handoff.acknowledged"."""

    by_language: Mapping[str, Mapping[str, str]]

    def say(self, language: str, key: str, /, **values: object) -> str:
        """The phrase with its `{placeholders}` filled.

        Raises:
            UnknownPhraseError: no such key in that language.
        """
        try:
            template = self.by_language[language][key]
        except KeyError:
            raise UnknownPhraseError(f"phrase {key!r} in {language!r}") from None
        return template.format_map(values) if values else template

    def count(self, language: str, key: str, count: int, /, **values: object) -> str:
        """The plural form that a count takes, with the count as `{n}`: "key.one", "key.few", "key.other" ...

        Raises:
            UnknownPhraseError: neither this form nor "other" is there.
        """
        form = f"{key}.{plural(count, language)}"
        found = form if self.has(language, form) else f"{key}.other"
        return self.say(language, found, n=number(count, language), **values)

    def has(self, language: str, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self.by_language.get(language, {})
