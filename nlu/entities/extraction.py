"""Extracts entities of a message, and the number of a choice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import re2

from bot.text.identifiers import find_identifiers
from bot.text.normalization import normalized
from nlu.entities.gazetteer import Gazetteer, Name, form
from nlu.intents.training import TrainingData
from nlu.language.vocabulary import vocabulary

_MAX_CHARS = 4000
_MAX_WORDS = 300
IDENTIFIER = "identifier"
"""Product references and error codes that the workspace does not know."""


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(words) + ")"


def _choice_pattern() -> str:
    known = vocabulary()
    number = "|".join(sorted(known.numbers, key=len, reverse=True))
    before, nouns, after = _any(known.before), _any(known.nouns), _any(known.after)
    return rf"(?:{before} )*(?:{nouns} )*([1-9]|{number})(?: {after})*"


_CHOICE = re2.compile(_choice_pattern())
"""In normal form, the whole of a message that is nothing but a choice."""


class EntityExtractor:
    """Finds the entities that training data describes. Immutable, and safe among threads.

    Names of `lookup:` are found whatever their case, accents and hyphens, and with a typo, as are the ways of
    writing them in `synonym:`; a `regex:` in the message as it was written, whatever its case.

    Args:
        data: of the workspace.
    """

    def __init__(self, data: TrainingData) -> None:
        self._synonyms = {form(text): value for text, value in data.synonyms.items()}
        self._gazetteer = Gazetteer(self._ways(data))
        patterns: dict[str, list[str]] = {}
        for line in data.entity_patterns:
            patterns.setdefault(line.name, []).append(f"(?:{line.text})")
        self._patterns = {name: re2.compile(f"(?i){'|'.join(parts)}") for name, parts in patterns.items()}

    def find(self, text: str, parts: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Values by entity, each once.

        Args:
            text: of the message.
            parts: its words, see `bot.text.normalization.words`.

        Returns:
            Beside the workspace's own, `IDENTIFIER`: product references and error codes that none of them
            is, in upper case but for "0x" numbers.
        """
        found: dict[str, dict[str, str]] = {}
        known: list[str] = []
        for name, pattern in self._patterns.items():
            for match in pattern.finditer(text[:_MAX_CHARS]):
                value = " ".join(str(match.group(0)).split())
                known.append(form(value))
                value = self._synonyms.get(known[-1], value)
                found.setdefault(name, {}).setdefault(value.casefold(), value)
        for (name, value), by in self._gazetteer.find(parts[:_MAX_WORDS]):
            known.append(by)
            found.setdefault(name, {}).setdefault(value.casefold(), value)
        for code in find_identifiers(text[:_MAX_CHARS]):
            if not known or not any(form(code) in each for each in known):
                found.setdefault(IDENTIFIER, {})[code] = code
        return {name: tuple(values.values()) for name, values in found.items()}

    def _ways(self, data: TrainingData) -> Iterator[tuple[str, Name]]:
        """The names of the lookup tables, and what else is written for them."""
        entities: dict[str, dict[str, None]] = {}
        for line in data.lookups:
            value = self._synonyms.get(form(line.text), line.text)
            entities.setdefault(form(value), {})[line.name] = None
            yield line.text, Name(line.name, value)
        for text, value in data.synonyms.items():
            for name in entities.get(form(value), ()):
                yield text, Name(name, value)
                yield value, Name(name, value)


def choice(text: str) -> str | None:
    """The number that a message chooses ("2", "la deuxième", "option 3"); None when it says more."""
    if len(text) > 60:
        return None
    match = _CHOICE.fullmatch(normalized(text))
    if match is None:
        return None
    word = str(match.group(1))
    return vocabulary().numbers.get(word, word)
