"""Which language a short message is in, and how sure that is.

A sum of evidence for each language in log-odds: whole words that only one of them has, then letters and
endings. Words that several have ("simple", "message", "VPN") count for nothing, so that a message made of
them keeps the language of its conversation. The evidence is data: see `nlu.language.evidence`.
"""

import math
import re
from typing import NamedTuple

from bot.text.folding import fold_letters
from bot.text.identifiers import without_addresses
from nlu.language.evidence import evidence

SURE = 0.85
"""Confidence from which a message may change the language of its conversation."""
_MAX_CHARS = 600
_WORD = 2.2
"""Log-odds of one word: alone it makes nine to one."""
_SHAPE = 0.6
_LARGEST = 20.0
_QUOTED = re.compile(r"«[^«»]{0,200}»|\"[^\"]{0,200}\"|“[^“”]{0,200}”")
_NAMES = re.compile(r"(?<=[a-zà-ÿ,;] )[A-Z][\w-]*")
"""Words with a capital inside a sentence: names, whatever the language."""
_TOKENS = re.compile(r"[a-z0-9]+")


class LanguageGuess(NamedTuple):
    """A language and the probability that it is the right one, against the next likely one: 0.5 to 1."""

    language: str
    confidence: float


class _Counts(NamedTuple):
    """How much in a text speaks for a language."""

    words: int
    shapes: int
    language: str

    @property
    def log_odds(self) -> float:
        return _WORD * self.words + _SHAPE * self.shapes


def detect(text: str, default: str) -> str:
    """The language of a short text; `default` when nothing in it tells."""
    return guess(text, default).language


def guess(text: str, default: str) -> LanguageGuess:
    """The language of a short text and how sure that is.

    Args:
        text: a message, read up to 600 characters.
        default: the answer, with confidence 0.5, when nothing in the text tells.
    """
    first, second = sorted(
        _counts(without_addresses(text[:_MAX_CHARS])), key=lambda each: each.log_odds, reverse=True
    )[:2]
    # One letter of a short word ("ok", "wifi") tells nothing.
    if first.words == second.words and first.shapes - second.shapes <= 1:
        return LanguageGuess(default, 0.5)
    lead = min(first.log_odds - second.log_odds, _LARGEST)
    return LanguageGuess(first.language, 1 / (1 + math.exp(-lead))) if lead else LanguageGuess(default, 0.5)


def _counts(text: str) -> list[_Counts]:
    lowered = _NAMES.sub(" ", _QUOTED.sub(" ", text.replace("’", "'"))).lower() or text.lower()
    tokens = _TOKENS.findall(fold_letters(lowered))
    return [
        _Counts(sum(token in known.words for token in tokens), len(known.shapes.findall(lowered)), language)
        for language, known in evidence().items()
    ]
