"""Finds names in a message: whatever their case, accents, spaces and hyphens, or a typo away."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from bot.text.normalization import words

_TYPO_FROM, _ANY_TYPO_FROM = 5, 7
"""Letters: in a short name a letter for another makes another word, as in "Teams" and "terms"."""


class Name(NamedTuple):
    """What a way of writing stands for, such as ("application", "OneDrive")."""

    entity: str
    value: str


class NameMatch(NamedTuple):
    """A name in a message, and the words that it was found by, joined."""

    name: Name
    by: str


class Gazetteer:
    """Names by their normal form, its words joined: "cx 125" and "CX-125" are one.

    Args:
        ways: of writing a name, and the name.
    """

    def __init__(self, ways: Iterable[tuple[str, Name]]) -> None:
        self._names: dict[str, list[Name]] = {}
        self._halves: dict[tuple[int, str, str], list[str]] = {}
        self._lengths: set[tuple[str, int]] = set()
        self._longest: dict[str, int] = {}
        for text, name in ways:
            known = self._names.setdefault(form(text), [])
            if name not in known:
                known.append(name)
        for each in self._names:
            self._longest[each[0]] = max(self._longest.get(each[0], 0), len(each) + 1)
            if _letters(each) >= _TYPO_FROM:
                lengths = range(max(_TYPO_FROM, len(each) - 1), len(each) + 2)
                self._lengths |= {(each[0], length) for length in lengths}
                for half in _halves(each, len(each)):
                    self._halves.setdefault(half, []).append(each)

    def find(self, parts: Sequence[str]) -> Sequence[NameMatch]:
        """The names in words as `bot.text.normalization` gives them, in their order; the longest that fits.

        What is written exactly goes before what is nearly so.
        """
        taken: dict[int, tuple[int, str, str]] = {}
        for look_up in (self._exactly, self._nearly):
            free_from = 0
            for start, part in enumerate(parts):
                if start in taken:
                    free_from = taken[start][0]
                limit = self._longest.get(part[0], 0)
                if start < free_from or not limit:
                    continue
                joined, best = "", None
                for end in range(start, len(parts)):
                    joined += parts[end]
                    if end in taken or len(joined) > limit:
                        break
                    known = look_up(joined)
                    if known is not None:
                        best = (end + 1, known, joined)
                if best is not None:
                    taken[start] = best
                    free_from = best[0]
        return [
            NameMatch(name, by) for _, (_, each, by) in sorted(taken.items()) for name in self._names[each]
        ]

    def _exactly(self, joined: str) -> str | None:
        return joined if joined in self._names else None

    def _nearly(self, joined: str) -> str | None:
        """The form that a text is a typo away from."""
        if (joined[0], len(joined)) not in self._lengths:
            return None
        for length in (len(joined), len(joined) + 1, len(joined) - 1):
            for half in _halves(joined, length):
                for other in self._halves.get(half, ()):
                    if OSA.distance(joined, other, score_cutoff=1) <= 1 and _is_typo(joined, other):
                        return other
        return None


def form(text: str) -> str:
    """The words of a text as names are compared: folded and joined."""
    return "".join(words(text))


def _letters(text: str) -> int:
    return sum(char.isalpha() for char in text)


def _halves(text: str, length: int) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    """The parts of a form of some length of which one is left by a typo, in what may be that form."""
    middle = length // 2
    return (length, "first", text[: middle - 1]), (length, "last", text[len(text) - (length - middle) :])


def _is_typo(typed: str, name: str) -> bool:
    """Whether texts that differ a little may be one: their digits are the same, in short ones the letters."""
    if [char for char in typed if char.isdigit()] != [char for char in name if char.isdigit()]:
        return False
    return _letters(name) >= _ANY_TYPO_FROM or len(typed) != len(name) or sorted(typed) == sorted(name)
