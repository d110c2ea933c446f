"""The form of a text: a question, or a correction of what was said before."""

import re
from functools import cache

from bot.dialogs.matching.lexicon import any_of, lexicon
from bot.text.folding import fold_label

FIRST_WORDS = 6
"""Of a message, that show whether it asks."""
MAX_ELLIPTIC_WORDS = 8
"""Of a text that may leave out what it speaks of."""


def is_question(text: str) -> bool:
    """Whether it asks, by its mark or by its first words."""
    asks = _whole_words(lexicon().questions)
    return "?" in text or asks.search(" ".join(fold_label(text).split()[:FIRST_WORDS])) is not None


def follows_up(text: str) -> bool:
    """Whether it leaves out what was spoken of before ("et pour l'aspirateur ?")."""
    folded = fold_label(text) + " "
    return (
        len(folded.split()) <= MAX_ELLIPTIC_WORDS
        and _beginning(lexicon().follow_ups).match(folded) is not None
    )


def has_only_pronoun(text: str) -> bool:
    """Whether a short text speaks of something by a pronoun alone ("elle s'allume pas du tout")."""
    folded = fold_label(text)
    return (
        len(folded.split()) <= MAX_ELLIPTIC_WORDS
        and _beginning(lexicon().pronouns).match(folded + " ") is not None
    )


def admits_mistake(text: str) -> bool:
    """Whether it says that an earlier answer was wrong ("je me suis trompé")."""
    return _whole_words(lexicon().mistakes).search(fold_label(text)) is not None


def without_cue(text: str) -> str:
    """What remains of "non, je me suis trompé, c'est la box": "la box", folded."""
    words, folded = lexicon(), fold_label(text)
    rest = _whole_words(words.mistakes).sub(" ", folded)
    rest = " ".join(_whole_words(words.second_thoughts).sub(" ", rest).split())
    return _openings().sub("", rest + " ").strip() if rest != folded else rest


@cache
def _whole_words(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b{any_of(phrases)}\b")


@cache
def _beginning(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"{any_of(phrases)} ")


@cache
def _openings() -> re.Pattern[str]:
    return re.compile(rf"^(?:{any_of(lexicon().openings)} )+")
