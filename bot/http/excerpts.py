"""Search results as people scan them: the passage that speaks of the question, its words marked."""

import re
from collections.abc import Callable, Collection

from markupsafe import Markup, escape
from rapidfuzz.distance import Prefix

from bot.text.folding import fold
from kb_index.articles.text import passages, plain

PASSAGE_CHARS = 220
_SHORTEST_STEM = 4
_SAME = 0.65
"""Share of the longer word that two forms of one word have in common at their beginning."""

_WORD = re.compile(r"[^\W_]+")


def search_words(question: str, content_words: Callable[[str], frozenset[str]]) -> frozenset[str]:
    """The words to look for, folded: those that carry meaning, or all when none does."""
    words = frozenset(word for word in content_words(question) if len(word) > 1)
    return words or frozenset(fold(question).split())


def excerpt(markdown: str, words: Collection[str], *, nearest: str = "") -> str:
    """The passage of a text that has most of the words; the nearest in meaning, or the first, if none has.

    Args:
        markdown: the article's text.
        words: from `search_words`.
        nearest: what the search found to be nearest to the question; may be no part of the text.
    """
    parts = [" ".join(part.split()) for part in passages(plain(markdown), max_chars=PASSAGE_CHARS)]
    wanted = " ".join(nearest.split())
    return max(parts, key=lambda part: (_found(part, words), wanted != "" and wanted in part), default="")


def mentions(text: str, words: Collection[str]) -> bool:
    """Whether any of the words is in a text, in whatever form."""
    return _found(text, words) > 0


def marked(text: str, words: Collection[str]) -> Markup:
    """A text as HTML, with the words in `<mark>`."""
    html, at = Markup(""), 0
    for match in _WORD.finditer(text):
        if any(_alike(fold(match.group()), word) for word in words):
            html += escape(text[at : match.start()]) + Markup("<mark>{}</mark>").format(match.group())
            at = match.end()
    return html + escape(text[at:])


def _found(text: str, words: Collection[str]) -> int:
    there = fold(text).split()
    begun = {word: word[: _SHORTEST_STEM - 1] for word in words}
    return sum(
        any(each.startswith(start) and _alike(each, word) for each in there) for word, start in begun.items()
    )


def _alike(one: str, other: str) -> bool:
    """Whether two words are one, but for an ending: "détartrer", "détartrage"."""
    if one == other:
        return True
    common = int(Prefix.similarity(one, other))
    if {one[common:], other[common:]} <= {"", "s", "x"}:
        return common >= _SHORTEST_STEM - 1
    return common >= max(_SHORTEST_STEM, _SAME * max(len(one), len(other)))
