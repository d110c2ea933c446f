"""Polarity: whether a text says of something what another text says, or the opposite.

Vectors of meaning put "the wifi works" beside "the wifi does not work"; what differs is which words are
denied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from bot.dialogs.matching.lexicon import Words, lexicon
from bot.dialogs.matching.phrasing import is_question
from bot.dialogs.reading.clauses import clauses
from bot.text.language_files import read_language_files
from bot.text.normalization import words
from nlu.language.detection import detect

_MAX_CHARS = 300
"""Of a text that are looked at."""
_CACHED_TEXTS = 2048
_STEM_CHARS = 4
"""Words with this many first letters in common may be forms of one word."""
_MAX_ENDING_CHARS = 3


@dataclass(frozen=True, kw_only=True)
class PolarityWords:
    """Words of a language, folded; a final * stands for any ending.

    Args:
        negations_after: deny the word before them, or the participle or infinitive after them.
        negations_before: deny the word after them.
        links: passed over between a negation and the word that it denies.
        auxiliaries: before a negation they leave it to the word after it.
        articles: after a negation, before a thing that is meant to be left out.
        idioms: phrases with a negation that denies nothing.
        well: say that all is well.
        excess: say that there is too much of something.
        faults: say that something is wrong, without a negation.
        families: in each, words of which what is said of one is said of the others.
        opposites: in each, two lists of words with a slash between, of which only one side can hold.
    """

    negations_after: tuple[str, ...]
    negations_before: tuple[str, ...]
    links: tuple[str, ...]
    auxiliaries: tuple[str, ...]
    articles: tuple[str, ...]
    idioms: tuple[str, ...]
    well: tuple[str, ...]
    excess: tuple[str, ...]
    faults: tuple[str, ...]
    families: tuple[Words, ...]
    opposites: tuple[str, ...]

    @cached_property
    def sides(self) -> Sequence[tuple[Sequence[str], Sequence[str]]]:
        """The opposites, each both ways round."""
        pairs = [tuple(side.split() for side in each.split(" / ")) for each in self.opposites]
        return [*((one, other) for one, other in pairs), *((other, one) for one, other in pairs)]


@dataclass(frozen=True)
class Polarity:
    """What a text says of its words.

    Args:
        language: of the text.
        affirmed: content words that are not denied.
        denied: words in reach of a negation.
        excluded: denied with a definite article: "not the printer".
        well: it says that all is well.
        excess: it says that there is too much of something.
        fault: it says that something is wrong, by a negation or by a word for it.
        asks: it is a question.
    """

    language: str
    affirmed: frozenset[str]
    denied: frozenset[str]
    excluded: frozenset[str]
    well: bool
    excess: bool
    fault: bool
    asks: bool

    @property
    def is_well(self) -> bool:
        """Whether it states that something works, and nothing else."""
        return self.well and not (self.fault or self.excess or self.asks)


@lru_cache(maxsize=_CACHED_TEXTS)
def polarity(text: str, language: str) -> Polarity:
    """Reads which words of a text are denied.

    Args:
        text: read up to 300 characters.
        language: taken where the text itself shows none.
    """
    text = text[:_MAX_CHARS]
    language = detect(text, language)
    known = _words(language)
    denied: set[str] = set()
    excluded: set[str] = set()
    said: list[str] = []
    for clause in clauses(" ".join(text.replace("’", "'").split())):
        tokens = _without_idioms(words(clause.text), known)
        said += tokens
        for number, token in enumerate(tokens):
            if token in known.negations_after:
                denied.update(_denied_around(tokens, number, known))
                excluded.update(_excluded(tokens, number, known))
            elif token in known.negations_before:
                denied.update(_first(tokens[number + 1 :], known))  # "does not heat", "no sound"
                excluded.update(_excluded(tokens, number, known))
    content = [word for word in said if word not in _passed_over(language)]
    return Polarity(
        language=language,
        affirmed=frozenset(content) - denied - excluded,
        denied=frozenset(denied | excluded),
        excluded=frozenset(excluded),
        well=any(_is_one(word, known.well) for word in said),
        excess=any(_is_one(word, known.excess) for word in said),
        fault=any(not _is_one(word, known.faults) for word in denied)
        or any(_is_one(word, known.faults) for word in said if word not in denied),
        asks=is_question(text),
    )


@lru_cache(maxsize=_CACHED_TEXTS)  # each look at the hits of a turn asks again
def is_reversed(said: str, matched: str, language: str) -> bool:
    """Whether what somebody says is the opposite of the way of asking that it was matched with."""
    mine, other = polarity(said, language), polarity(matched, language)
    known = _words(mine.language)
    if _denies_alike(mine, other, known):
        return False
    if _common(mine.excluded, other.affirmed, known) and not _common(mine.affirmed, other.affirmed, known):
        return True
    faults = {word for word in mine.denied if _is_one(word, known.faults)}
    if _common(faults, other.affirmed, known) and not mine.fault:
        return True
    if mine.excess and _common(mine.affirmed, other.denied, known):
        return True
    if mine.asks:
        return False
    if _opposite(mine, other, known) or (mine.is_well and (other.fault or other.denied)):
        return True
    if not _common(_predicates(mine.affirmed, known), other.denied, known):
        return False
    adds = any(not _common({word}, other.affirmed | other.denied, known) for word in mine.affirmed)
    return bool(mine.denied) or not (adds or mine.fault)


def is_well(said: str, language: str) -> bool:
    """Whether it states that something works, and nothing else."""
    return polarity(said, language).is_well


def _denied_around(tokens: Sequence[str], number: int, known: PolarityWords) -> list[str]:
    """ "Ne marche pas", "n'ai pas reçu", "n'arrive pas à imprimer"."""
    found = []
    before = next((word for word in reversed(tokens[:number]) if word not in known.links), None)
    is_verb = before is not None and before not in known.auxiliaries and before not in known.articles
    if before is not None and is_verb:
        found.append(before)
    after = tokens[number + 1 :]
    linked = bool(after) and after[0] in known.links
    if not is_verb or linked:
        found += _first(after, known)
    return found


def _first(tokens: Sequence[str], known: PolarityWords) -> list[str]:
    """The first word that can be denied, unless a thing with its article stands before it."""
    for word in tokens:
        if word in known.articles:
            return []
        if word not in known.links and word not in known.negations_after and word not in known.auxiliaries:
            return [word]
    return []


def _excluded(tokens: Sequence[str], number: int, known: PolarityWords) -> list[str]:
    """The thing of "pas l'imprimante", "it is not the printer": with no verb before the negation."""
    before = [word for word in tokens[:number] if word not in known.auxiliaries and word not in known.links]
    after = tokens[number + 1 :]
    if before or not after or after[0] not in known.articles:
        return []
    return [word for word in after if word not in known.articles][:1]


def _without_idioms(tokens: Sequence[str], known: PolarityWords) -> Sequence[str]:
    line = f" {' '.join(tokens)} "
    for idiom in known.idioms:
        line = line.replace(f" {idiom} ", " ")
    return line.split()


def _denies_alike(mine: Polarity, other: Polarity, known: PolarityWords) -> bool:
    """Whether both deny the same, or both deny that something does what it should."""
    denied = mine.denied - mine.excluded
    if _common(denied, other.denied, known):
        return True
    return bool(_predicates(denied, known)) and bool(_predicates(other.denied, known))


def _opposite(mine: Polarity, other: Polarity, known: PolarityWords) -> bool:
    """Whether one side of a pair of opposites is said here, and the other one there."""
    for one, two in known.sides:
        here = any(_is_one(word, one) for word in mine.affirmed)
        back = any(_is_one(word, two) for word in mine.affirmed)
        if here and not back and any(_is_one(word, two) for word in other.affirmed):
            return not any(_is_one(word, one) for word in other.affirmed | other.denied)
    return False


def _predicates(said: frozenset[str], known: PolarityWords) -> frozenset[str]:
    """The words that belong to a family: what things do, such as working, starting, arriving."""
    return frozenset(word for word in said if any(_is_one(word, forms) for forms in known.families))


def _common(mine: set[str] | frozenset[str], other: frozenset[str], known: PolarityWords) -> bool:
    return any(_same(word, each, known) for word in mine for each in other)


def _same_form(one: str, other: str) -> bool:
    if one == other:
        return True
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= _STEM_CHARS and max(len(one), len(other)) - shared <= _MAX_ENDING_CHARS


def _same(one: str, other: str, known: PolarityWords) -> bool:
    if _same_form(one, other):
        return True
    return any(_is_one(one, family) and _is_one(other, family) for family in known.families)


def _is_one(word: str, forms: Sequence[str]) -> bool:
    return any(word.startswith(form[:-1]) if form.endswith("*") else word == form for form in forms)


def _words(language: str) -> PolarityWords:
    """Of a language; of the first one there is for a language without its own."""
    known = _by_language()
    return known.get(language) or next(iter(known.values()))


@cache
def _by_language() -> Mapping[str, PolarityWords]:
    adapter = TypeAdapter(Mapping[str, PolarityWords])
    return adapter.validate_python(read_language_files(Path(__file__).parent / "polarity_words"))


@cache
def _passed_over(language: str) -> frozenset[str]:
    known = _words(language)
    more = (
        *known.links,
        *known.auxiliaries,
        *known.articles,
        *known.negations_after,
        *known.negations_before,
    )
    return frozenset({*lexicon().stop_words, *more, *known.well, *known.excess})
