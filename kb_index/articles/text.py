"""Text as the index sees it: Markdown made plain, identifiers found, long bodies cut."""

import re
import textwrap
from collections.abc import Sequence

import re2

_LINK = re2.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKUP = re2.compile(r"(?m)^[ \t]*(?:#{1,6}|>|[-*+]|\d+[.)])[ \t]+|[*`~]+|^[ \t]*[-*_]{3,}[ \t]*$|\b_|_\b")
_SPACED = re2.compile(r"\b[A-Za-z]{1,4} \d{2,6}\b")
_SENTENCE_END = re.compile(r"(?<=[.!?…]) +")
IDENTIFIERS = (
    re2.compile(r"\b0[xX][0-9a-fA-F]{4,16}\b"),
    re2.compile(r"\b[A-Za-z]{1,6}-\d{2,12}(?:[-/]?[A-Za-z0-9]{1,6})?\b"),
    re2.compile(r"\b[A-Za-z]{1,6}\d{2,12}[A-Za-z]{0,3}\b"),
    re2.compile(r"\b[A-Z]{2,}(?:_[A-Z0-9]{2,})+\b"),
    re2.compile(r"(?:^|[^\w-])(\d{3,6})\b"),
)
"""Product references and error codes; a word with a digit, or a bare number of three digits or more."""


def plain(markdown: str) -> str:
    """The words of a Markdown text, its links by their text, one line a paragraph or step."""
    return "\n".join(
        " ".join(line.split()) for line in _MARKUP.sub("", _LINK.sub(r"\1", markdown)).splitlines()
    )


def identifiers(text: str) -> frozenset[str]:
    """Product references and error codes, without case and hyphens: "CX-125" and "cx125" are one."""
    found = (match.group(match.re.groups) for pattern in IDENTIFIERS for match in pattern.finditer(text))
    return frozenset(code.lower().replace("-", "") for code in found)


def mentioned(question: str) -> frozenset[str]:
    """The identifiers that a question may mean: also "CX 125", which in a document would be too little."""
    spaced = (match.group(0).lower().replace(" ", "") for match in _SPACED.finditer(question))
    return identifiers(question) | frozenset(spaced)


def sentences(text: str) -> Sequence[str]:
    """A plain text cut at its lines and sentences."""
    return [part for line in text.splitlines() for part in _SENTENCE_END.split(line) if part]


def passages(text: str, *, max_chars: int = 300) -> Sequence[str]:
    """A plain text cut at its lines and sentences into parts of at most `max_chars`.

    Short lines that follow one another, such as steps, stay together.
    """
    parts: list[str] = []
    for line in text.splitlines():
        for place, sentence in enumerate(_SENTENCE_END.split(line)):
            for piece in textwrap.wrap(sentence, max_chars):
                room = max_chars if place else max_chars // 2
                if parts and len(parts[-1]) + len(piece) < room:
                    parts[-1] += f" {piece}" if place else f"\n{piece}"
                else:
                    parts.append(piece)
    return parts
