"""Text as the index sees it: Markdown made plain, accents folded, identifiers found, long bodies cut."""

import re
import unicodedata
from collections.abc import Sequence

import re2

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "‘": "'", "\u00a0": " ", "\u202f": " "})
_LINK = re2.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKUP = re2.compile(r"(?m)^[ \t]*(?:#{1,6}|>|[-*+]|\d+[.)])[ \t]+|[*`~]+|^[ \t]*[-*_]{3,}[ \t]*$|\b_|_\b")
_NOT_WORD = re.compile(r"[\W_]+")

IDENTIFIERS = (
    re2.compile(r"\b0[xX][0-9a-fA-F]{4,16}\b"),
    re2.compile(r"\b[A-Za-z]{1,6}-\d{2,12}(?:[-/]?[A-Za-z0-9]{1,6})?\b"),
    re2.compile(r"\b[A-Za-z]{1,6}\d{2,12}[A-Za-z]{0,3}\b"),
    re2.compile(r"\b[A-Z]{2,}(?:_[A-Z0-9]{2,})+\b"),
    re2.compile(r"\b\d{3,6}\b"),
)
"""Product references and error codes; a word with a digit, or a bare number of three digits or more."""


def plain(markdown: str) -> str:
    """The words of a Markdown text, its links by their text, one line a paragraph or step."""
    return "\n".join(
        " ".join(line.split()) for line in _MARKUP.sub("", _LINK.sub(r"\1", markdown)).splitlines()
    )


def fold(text: str) -> str:
    """Lower case without accents and punctuation; words apart by single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _NOT_WORD.sub(" ", bare).strip()


def identifiers(text: str) -> frozenset[str]:
    """Product references and error codes, without case and hyphens: "CX-125" and "cx125" are one."""
    return frozenset(
        match.group(0).lower().replace("-", "") for pattern in IDENTIFIERS for match in pattern.finditer(text)
    )


def passages(text: str, *, max_chars: int = 500) -> Sequence[str]:
    """A long plain text cut at its lines into parts of about `max_chars`; one part when it is short."""
    parts: list[str] = []
    for line in text.splitlines():
        for start in range(0, len(line), max_chars):
            piece = line[start : start + max_chars].strip()
            if parts and len(parts[-1]) + len(piece) < max_chars:
                parts[-1] += "\n" + piece
            elif piece:
                parts.append(piece)
    return parts
