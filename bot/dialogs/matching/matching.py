"""Which of the offered answers somebody means: by number, label, synonym, typo, or yes and no."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from bot.dialogs.matching.lexicon import any_of, lexicon
from bot.text.folding import MAX_LABEL_CHARS, fold_label

_MIN_RATIO = 85.0
"""rapidfuzz ratio (0 to 100) from which two phrases are the same but for typos."""
_MIN_LEAD = 6.0
"""By which the ratio of the best phrase must exceed that of the next one."""
_MIN_COVERAGE = 0.34
"""Share of the message's content words that an answer must contain to be picked by them."""
_MIN_COVERAGE_IN_QUESTION = 0.6


def content_words(text: str) -> frozenset[str]:
    """The words of a text without stop words, folded."""
    return _content_words(fold_label(text).split())


def negated(text: str) -> bool:
    """Whether it says that something is not so."""
    return _negated(fold_label(text).split())


def sense_of(text: str) -> str | None:
    """ "yes" or "no" when a text says nothing else, by its last word of that kind ("oui, enfin non")."""
    words = fold_label(text).split()
    said = [_senses()[word] for word in words if word in _senses()]
    return said[-1] if said and not _content_words(words) else None


def starts_statement(text: str) -> bool:
    """Whether a text begins like a sentence: "non, le voyant ..." answers, "no sound" does not."""
    words = fold_label(text).split()
    return bool(words) and words[0] in _stop_words()


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
        folded = {fold_label(part) for text in self.texts for part in (text, *_separators().split(text))}
        firsts = {form.split(" ", 1)[0] for form in folded}
        return frozenset(form for form in folded | (firsts & _senses().keys()) if form)

    @cached_property
    def means(self) -> str | None:
        """ "yes", "no", or None when it is neither."""
        senses = {_senses()[form] for form in self.forms & _senses().keys()}
        return self.sense or (senses.pop() if len(senses) == 1 else None)


def full_match(text: str, offers: Sequence[Offer]) -> int | None:
    """The answer that is the whole message: its label, a synonym, either with typos, or its number.

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


def partial_match(
    text: str, offers: Sequence[Offer], *, sense: str | None = None, number: str | None = None
) -> int | None:
    """The answer that a part of the message names.

    Args:
        text: the message.
        offers: the answers offered.
        sense: "yes" or "no" when the message was understood so.
        number: the number that it names, "-1" for the last.

    Returns:
        Its index; None when it names none, or several.
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
    """Yes or no by the first word; or by any, when all others are stop words ("je crois que non")."""
    known = _senses()
    senses = {known[word] for word in (words if not _content_words(words) else words[:1]) if word in known}
    return senses.pop() if len(senses) == 1 else None


def _in_range(number: int, offers: Sequence[Offer]) -> int | None:
    return number - 1 if 1 <= number <= len(offers) else None


def _of_sense(sense: str | None, offers: Sequence[Offer]) -> int | None:
    found = [number for number, offer in enumerate(offers) if sense and offer.means == sense]
    return found[0] if len(found) == 1 else None


def _by_spelling(said: str, offers: Sequence[Offer]) -> int | None:
    scores = [max((_similarity(said, form) for form in offer.forms), default=0.0) for offer in offers]
    best, *others = sorted(scores, reverse=True) or [0.0]
    if best < _MIN_RATIO or (others and best - others[0] < _MIN_LEAD):
        return None
    return scores.index(best)


def _similarity(said: str, form: str) -> float:
    """0 to 100; a short word may have one typo, not in its first letter; a negation in one only gives 0."""
    if _negated(said.split()) != _negated(form.split()):
        return 0.0
    if len(form) < 5:
        slip = len(form) >= 3 and said[0] == form[0] and OSA.distance(said, form) == 1
        return _MIN_RATIO if slip else 0.0
    return fuzz.ratio(said, form)


def _by_words(said: str, offers: Sequence[Offer], *, question: bool) -> int | None:
    """By the content words that the message and an answer share."""
    words = _without_idioms(said).split()
    content = _content_words(words)
    scores = [_shared(words, content, offer.forms, question=question) for offer in offers]
    best = max(scores, default=0)
    if best == 0:
        return _contradicted(words, offers)
    winners = [number for number, score in enumerate(scores) if score == best]
    return winners[0] if len(winners) == 1 else None


def _contradicted(words: Sequence[str], offers: Sequence[Offer]) -> int | None:
    """ "It does not blink" to "Yes, it blinks" or "No": the answer that means no."""
    if not _negated(words):
        return None
    positive = [word for word in words if word not in _negations()]
    content = _content_words(positive)
    yes = _of_sense("yes", offers)
    if yes is None or not _shared(positive, content, offers[yes].forms, question=False):
        return None
    return _of_sense("no", offers)


def _shared(words: Sequence[str], content: Collection[str], forms: Iterable[str], *, question: bool) -> int:
    """How many content words are shared with the best form that is wholly in the message, or contains it."""
    best = 0
    for form in forms:
        parts = form.split()
        wanted = _content_words(parts)
        if not wanted or not content or _negated(words) != _negated(parts):
            continue
        shared = sum(_among(word, content) for word in wanted)
        enough = _MIN_COVERAGE_IN_QUESTION if question else _MIN_COVERAGE
        if (shared == len(wanted) and shared >= enough * len(content)) or shared >= len(content):
            best = max(best, shared)
    return best


def _content_words(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in _stop_words())


def _negated(words: Collection[str]) -> bool:
    return not _negations().isdisjoint(words)


def _among(word: str, words: Collection[str]) -> bool:
    return word in words or any(
        len(word) > 4 and word[0] == other[0] and OSA.distance(word, other) <= 1 for other in words
    )


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(lexicon().stop_words)


@cache
def _negations() -> frozenset[str]:
    return frozenset(lexicon().negations)


@cache
def _senses() -> Mapping[str, str]:
    """ "yes" or "no", by the words that say it."""
    words = lexicon()
    return dict.fromkeys(words.affirmative, "yes") | dict.fromkeys(words.negative, "no")


@cache
def _separators() -> re.Pattern[str]:
    """Between the parts of a label ("Oui, il clignote", "Hôtel ou train")."""
    return re.compile(rf"[,;/()]|\b{any_of(lexicon().conjunctions)}\b")


def _without_idioms(said: str) -> str:
    for idiom in lexicon().idioms:
        said = said.replace(f"{idiom} ", "")
    return said
