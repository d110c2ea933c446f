"""What a page says, in the reader's language."""

from bot.i18n.formats import capitalised, language_name
from bot.i18n.phrases import Phrases, UnknownPhraseError
from bot.i18n.typography import typeset


class PageWords:
    """The phrases under "web." in one language, well set.

    A key that a workspace's languages lack gives the key itself: a page must not fail over a word.
    """

    def __init__(self, phrases: Phrases, language: str) -> None:
        self._phrases = phrases
        self.language = language

    def __call__(self, key: str, /, **values: object) -> str:
        try:
            return typeset(self._phrases.say(self.language, f"web.{key}", **values))
        except UnknownPhraseError:
            return key

    def count(self, key: str, number: int, /, **values: object) -> str:
        """The plural form of a phrase that a number takes."""
        try:
            return typeset(self._phrases.count(self.language, f"web.{key}", number, **values))
        except UnknownPhraseError:
            return key

    def language_named(self, language: str) -> str:
        """What a language is called, inside a sentence."""
        return language_name(language, self.language)

    @staticmethod
    def own_name(language: str) -> str:
        """What a language calls itself, as a title."""
        return capitalised(language_name(language, language))
