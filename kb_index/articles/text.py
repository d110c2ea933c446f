"""Text as the index sees it: Markdown made plain, long bodies cut."""

import re
import textwrap
from collections.abc import Sequence

import re2

_LINK = re2.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKUP = re2.compile(r"(?m)^[ \t]*(?:#{1,6}|>|[-*+]|\d+[.)])[ \t]+|[*`~]+|^[ \t]*[-*_]{3,}[ \t]*$|\b_|_\b")
_SENTENCE_END = re.compile(r"(?<=[.!?…]) +")


def plain(markdown: str) -> str:
    """The words of a Markdown text, its links by their text, one line a paragraph or step."""
    return "\n".join(
        " ".join(line.split()) for line in _MARKUP.sub("", _LINK.sub(r"\1", markdown)).splitlines()
    )


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
