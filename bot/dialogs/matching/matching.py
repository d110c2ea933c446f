"""Which of the offered answers somebody means: by number, label, synonym, typo, or yes and no."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from bot.text.folding import MAX_LABEL_CHARS, fold_label

_ALIKE = 85.0
"""Ratio (0 to 100) from which two phrases are the same but for typos."""
_CLEARLY = 6.0
"""How much nearer than the next one a phrase must be."""
_COVERED = 0.34
"""Share of the words said that must speak of an answer picked by its words; more in a question."""
_COVERED_IN_QUESTION = 0.6

_PARTS = re.compile(r"[,;/()]|\bou\b|\bor\b")
_IDIOM = "en train de "
_SENSE = {"oui": "yes", "yes": "yes", "non": "no", "no": "no"}
_NEGATION = frozenset(
    """
    rien aucun aucune jamais ne n pas sans
    nothing none never not don doesn didn isn aren wasn won cannot without
    """.split()  # noqa: SIM905
)
_LIGHT = frozenset(
    """
    a au aux c ca ce cela ces cet cette d dans de des du elle elles en est et il ils j je l la le les leur
    ma mais me mes moi mon ne n on ou par pas plutot pour qu que qui s sa se ses son sont sur tout toute
    tres un une vous y oui non euh ben bah alors donc crois pense ai suis
    actuellement aujourd hui maintenant moment
    am an and are at be but by do does for has have i in is it its m my not of on or please s so some t
    that the there they this to very was we with yes no well think rather currently now today
    """.split()  # noqa: SIM905
)


def weighty(text: str) -> frozenset[str]:
    """The words of a text that carry its meaning, folded."""
    return _weighty(fold_label(text).split())


def negated(text: str) -> bool:
    """Whether it says that something is not so."""
    return _negated(fold_label(text).split())


@dataclass(frozen=True)
class Offer:
    """One of the answers offered.

    Args:
        texts: its label and synonyms, in all languages.
        sense: "yes" or "no" when that is what it means, whatever its label.
    """

    texts: tuple[str, ...]
    sense: str | None = None

    @cached_property
    def forms(self) -> frozenset[str]:
        """Its texts as they are compared, whole and part by part ("Oui, il clignote", "Hôtel ou train")."""
        folded = {fold_label(part) for text in self.texts for part in (text, *_PARTS.split(text))}
        firsts = {form.split(" ", 1)[0] for form in folded}
        return frozenset(form for form in folded | (firsts & _SENSE.keys()) if form)

    @cached_property
    def means(self) -> str | None:
        """ "yes", "no", or None when it is neither."""
        senses = {_SENSE[form] for form in self.forms & _SENSE.keys()}
        return self.sense or (senses.pop() if len(senses) == 1 else None)


def plainly(text: str, offers: Sequence[Offer]) -> int | None:
    """The answer that the whole message names: its label, a synonym, a typo of them, or its number.

    Returns:
        Its index; None when it names none, or several.
    """
    said = fold_label(text)
    if not said or len(text) > MAX_LABEL_CHARS:
        return None
    same = [number for number, offer in enumerate(offers) if said in offer.forms]
    if same:
        return same[0] if len(same) == 1 else None
    if said.isdecimal():
        return _in_range(int(said[:3]), offers)
    return _by_spelling(said, offers)


def loosely(
    text: str, offers: Sequence[Offer], *, sense: str | None = None, number: str | None = None
) -> int | None:
    """The answer that a message speaks of, among other words.

    Args:
        text: the message.
        offers: the answers offered.
        sense: "yes" or "no" when the message was understood so.
        number: the number that it names, "-1" for the last.

    Returns:
        Its index; None when it speaks of none, or of several.
    """
    if number is not None:
        return _in_range(len(offers) if number == "-1" else int(number), offers)
    said = fold_label(text)
    by_sense = _of_sense(sense or _sense(said.split()), offers)
    by_words = _by_words(said, offers, question="?" in text) if len(text) <= MAX_LABEL_CHARS else None
    if by_words is not None and by_sense is not None and by_words != by_sense:
        return None
    return by_sense if by_words is None else by_words


def _sense(words: Sequence[str]) -> str | None:
    """Yes or no by the first word; or by any, when no other word weighs ("je crois que non")."""
    senses = {_SENSE[word] for word in (words if not _weighty(words) else words[:1]) if word in _SENSE}
    return senses.pop() if len(senses) == 1 else None


def _in_range(number: int, offers: Sequence[Offer]) -> int | None:
    return number - 1 if 1 <= number <= len(offers) else None


def _of_sense(sense: str | None, offers: Sequence[Offer]) -> int | None:
    found = [number for number, offer in enumerate(offers) if sense and offer.means == sense]
    return found[0] if len(found) == 1 else None


def _by_spelling(said: str, offers: Sequence[Offer]) -> int | None:
    scores = [max((_likeness(said, form) for form in offer.forms), default=0.0) for offer in offers]
    best, *others = sorted(scores, reverse=True) or [0.0]
    if best < _ALIKE or (others and best - others[0] < _CLEARLY):
        return None
    return scores.index(best)


def _likeness(said: str, form: str) -> float:
    """0 to 100; short words bear one slip, but not in the first letter; a "not" too many bears none."""
    if _negated(said.split()) != _negated(form.split()):
        return 0.0
    if len(form) < 5:
        slip = len(form) >= 3 and said[0] == form[0] and OSA.distance(said, form) == 1
        return _ALIKE if slip else 0.0
    return fuzz.ratio(said, form)


def _by_words(said: str, offers: Sequence[Offer], *, question: bool) -> int | None:
    """By the weighty words that the message and an answer share."""
    words = said.replace(_IDIOM, "").split()
    heavy = _weighty(words)
    scores = [_shared(words, heavy, offer.forms, question=question) for offer in offers]
    best = max(scores, default=0)
    if best == 0:
        return _contradicted(words, offers)
    winners = [number for number, score in enumerate(scores) if score == best]
    return winners[0] if len(winners) == 1 else None


def _contradicted(words: Sequence[str], offers: Sequence[Offer]) -> int | None:
    """ "It does not blink" to "Yes, it blinks" or "No": the answer that means no."""
    if not _negated(words):
        return None
    positive = [word for word in words if word not in _NEGATION]
    heavy = _weighty(positive)
    yes = _of_sense("yes", offers)
    if yes is None or not _shared(positive, heavy, offers[yes].forms, question=False):
        return None
    return _of_sense("no", offers)


def _shared(words: Sequence[str], heavy: Collection[str], forms: Iterable[str], *, question: bool) -> int:
    """How many weighty words are shared with the nearest form that is wholly in the message, or holds it."""
    best = 0
    for form in forms:
        parts = form.split()
        wanted = _weighty(parts)
        if not wanted or not heavy or _negated(words) != _negated(parts):
            continue
        shared = sum(_among(word, heavy) for word in wanted)
        enough = _COVERED_IN_QUESTION if question else _COVERED
        if (shared == len(wanted) and shared >= enough * len(heavy)) or shared >= len(heavy):
            best = max(best, shared)
    return best


def _weighty(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in _LIGHT)


def _negated(words: Collection[str]) -> bool:
    return not _NEGATION.isdisjoint(words)


def _among(word: str, words: Collection[str]) -> bool:
    return word in words or any(
        len(word) > 4 and word[0] == other[0] and OSA.distance(word, other) <= 1 for other in words
    )
