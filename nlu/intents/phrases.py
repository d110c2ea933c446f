"""Recognises whole short phrases by their spelling: exact once folded, or a typo away."""

from collections.abc import Iterable
from typing import NamedTuple

import re2
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from bot.text.normalization import words
from nlu.language.vocabulary import vocabulary

_MAX_WORDS = 10
_TYPO_MAX_WORDS = 6
_TYPO_CUTOFF = 0.75
_FILLED = 0.95
_FILLERS = "|".join(vocabulary().fillers)
_EDGES = re2.compile(rf"^(?:(?:{_FILLERS}) )+|(?: (?:{_FILLERS}))+$")
"""Words at either end of a phrase that do not change what it asks; in normal form."""


class PhraseMatch(NamedTuple):
    """The intent of a phrase, how near it is (1 when the same), and the example it is like."""

    intent: str
    score: float
    example: str


class PhraseMatcher:
    """Short examples by their normal form."""

    def __init__(self, examples: Iterable[tuple[str, str]]) -> None:
        self._exact: dict[str, PhraseMatch] = {}
        self._joined: dict[str, PhraseMatch] = {}
        for text, intent in examples:
            parts = words(text)
            if parts and len(parts) <= _MAX_WORDS:
                found = PhraseMatch(intent, 1.0, text)
                self._exact.setdefault(" ".join(parts), found)
                if len(parts) > 1:
                    self._joined.setdefault("".join(parts), found)
        self._forms: dict[int, list[str]] = {}
        """By their number of words, which a typo leaves as it is."""
        for form in self._exact:
            self._forms.setdefault(form.count(" ") + 1, []).append(form)

    def find(self, text: str) -> PhraseMatch | None:
        """The example that a text is, or is a typo away from; None when there is none."""
        parts = words(text)
        if not parts or len(parts) > _MAX_WORDS:
            return None
        form = " ".join(parts)
        found = self._exact.get(form) or self._joined.get("".join(parts))
        found = found or self._filled(form)
        return self._nearest(form, len(parts)) if found is None and len(parts) <= _TYPO_MAX_WORDS else found

    def _filled(self, form: str) -> PhraseMatch | None:
        """The example that is left when polite words at the ends are taken away."""
        core = str(_EDGES.sub("", form))
        found = self._exact.get(core) if core != form else None
        return found._replace(score=_FILLED) if found else None

    def _nearest(self, form: str, count: int) -> PhraseMatch | None:
        alike = self._forms.get(count, ())
        near = process.extract(
            form, alike, scorer=Indel.normalized_similarity, score_cutoff=_TYPO_CUTOFF, limit=8
        )
        best: PhraseMatch | None = None
        for other, _, _ in near:
            score = _similarity(form, other)
            if score is not None and (best is None or score > best.score):
                best = self._exact[other]._replace(score=score)
        return best


def _similarity(form: str, other: str) -> float | None:
    """Similarity of phrases whose words differ by typos only, 0 to 1; None when they are other words."""
    left, right = form.split(), other.split()
    if len(left) != len(right):
        return None
    edits = 0
    for mine, theirs in zip(left, right, strict=True):
        if mine == theirs:
            continue
        allowed = 0 if min(len(mine), len(theirs)) < 4 else 1 if len(theirs) < 8 else 2
        # The first letter is seldom mistyped, and telling "back" from "hack" matters.
        if mine[0] != theirs[0] or mine.isdigit() or OSA.distance(mine, theirs) > allowed:
            return None
        edits += 1
    return 1.0 - 0.1 * edits if edits <= max(1, len(left) // 2) else None
