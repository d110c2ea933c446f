"""Folding: different spellings of a text made equal before they are compared.

- `fold` is for search and comparison by words: the knowledge index, the review of articles, tables.
- `fold_label` is for answers that are picked by what is on a button or a step's option.
- `fold_letters` is for pattern matching and normalization, where punctuation still counts.

Indexes and trained classifiers hold folded text: a change here asks for both to be built anew.
"""

import re
import unicodedata
from functools import lru_cache

MAX_LABEL_CHARS = 300
"""`fold_label` reads no further; bounds what its cache holds."""

_INVISIBLE = (0x00AD, 0x200B, 0x200C, 0x200D, 0xFE0E, 0xFE0F, 0xFEFF, *range(0x1F3FB, 0x1F400))
"""Soft hyphen, zero-width characters, variation selectors, skin tones."""
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "’": "'", "‘": "'", "`": "'", "´": "'"}
    | dict.fromkeys(map(chr, _INVISIBLE))
)
_MARKS = re.compile(r"[\u0300-\u036f]")
"""The accents of Latin letters, taken apart; of others one by one."""
_NOT_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Lower case without accents and punctuation; words apart by single spaces."""
    return _NOT_WORD.sub(" ", _without_accents(text.lower().translate(_LIGATURES))).strip()


@lru_cache(maxsize=4096)  # every message is held against the same few labels
def fold_label(text: str) -> str:
    """`fold` of the first characters, with Unicode's full case folding: "Straße" and "STRASSE" are one."""
    return fold(text[:MAX_LABEL_CHARS].casefold())


def fold_letters(text: str) -> str:
    """Lower case without accents, ligatures and invisible characters; punctuation stays."""
    return _without_accents(text.lower().translate(_LETTERS))


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return bare if bare.isascii() else "".join(char for char in bare if not unicodedata.combining(char))
