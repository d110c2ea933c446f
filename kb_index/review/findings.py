"""Findings of a review of the knowledge base: articles that say the same, and facts that do not agree."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import faiss
import numpy as np
from rapidfuzz import fuzz

from bot.text.folding import fold
from bot.text.identifiers import identifier_keys
from kb_index.articles.documents import Document
from kb_index.articles.text import plain
from kb_index.index.arrays import Matrix
from kb_index.index.contents import Index
from kb_index.index.manifest import Scaling
from kb_index.index.rows import Role
from kb_index.review.facts import Claims, Fact, claims, links, masked, stated
from kb_index.search import Searcher

Encode = Callable[[Sequence[str]], Matrix]
Progress = Callable[[int, int], None]

_SAME_DEVIATIONS = 5.0
"""By how many of a workspace's own deviations (`Scaling`) two articles that say the same are more alike than
unrelated ones: the mean of the cosines of their titles, texts and ways of asking. Of the texts of different
articles in helpdesk_fr, covidfaq_en and covidfaq_fr (docs/evaluation.md), 1 to 3 in 1,000 are above it."""
_NEAR_DEVIATIONS = 3.5
"""The same for the texts of articles about one subject: 10 to 16 pairs in 1,000 there."""
_SAME_TEXT = 80.0
"""Ratio of spelling (0 to 100) from which two texts are one, whatever their titles."""
_COPIED_DEVIATIONS = 6.0
"""The same for sentences that are alike but for their numbers: one was copied, and one was changed since."""
_SAME_SENTENCE_DEVIATIONS = 4.5
"""Where their articles say the same anyway."""
_LEAST_WORDS = 4
"""Of a sentence that says by itself what it is about."""
_VAGUE_LINKS = frozenset(
    {"ici", "here", "ce lien", "this link", "lien", "link", "page", "cette page", "this page"}
)


class FindingKind(StrEnum):
    """What may be wrong."""

    SAME_ASK = "same_ask"
    """One way of asking is listed by several articles or procedures."""
    ASK_ELSEWHERE = "ask_elsewhere"
    """The search gives something else for a way of asking."""
    DUPLICATE = "duplicate"
    """Two articles of a desk say nearly the same."""
    CONTRADICTION = "contradiction"
    """Two articles of a desk state different facts in like words, or different addresses for one name."""
    TRANSLATION = "translation"
    """The languages of an article differ in numbers, addresses, or how many steps they have."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to look at.

    Args:
        documents: two of them, or more that share a way of asking or the name of a link.
        details: what is compared, one line for each document; for a duplicate its similarity.
    """

    kind: FindingKind
    documents: tuple[Document, ...]
    details: tuple[str, ...]


def review(
    documents: Sequence[Document],
    searcher: Searcher,
    encode: Encode,
    *,
    on_progress: Progress | None = None,
) -> list[Finding]:
    """Looks through articles and flows; all that is found, by kind.

    Args:
        documents: what the index was built from.
        searcher: open on that index.
        encode: of the model that built it.
        on_progress: called with (ways of asking searched, all of them).
    """
    pairs = list(_near(documents, searcher.index, searcher.manifest.scaling))
    shared = list(_same_asks(documents))
    seen = {fold(finding.details[0]) for finding in shared}
    duplicates = [pair for pair in pairs if pair.is_same]
    return [
        *shared,
        *(each for each in _elsewhere(documents, searcher, on_progress) if fold(each.details[0]) not in seen),
        *(pair.finding for pair in duplicates),
        *_contradictions(pairs, searcher.manifest.scaling, encode),
        *_other_links(documents),
        *_translations(documents),
    ]


# Ways of asking -----------------------------------------------------------------------------------------


def _same_asks(documents: Sequence[Document]) -> Iterator[Finding]:
    by_text: defaultdict[tuple[str, str], dict[tuple[str, str], tuple[Document, str]]] = defaultdict(dict)
    for document in documents:
        for text in (document.title, *document.ask):
            by_text[document.desk, fold(text)].setdefault((document.kind, document.id), (document, text))
    for owners in by_text.values():
        if len(owners) > 1:
            found, texts = zip(*owners.values(), strict=True)
            yield Finding(kind=FindingKind.SAME_ASK, documents=found, details=texts)


def _elsewhere(
    documents: Sequence[Document], searcher: Searcher, on_progress: Progress | None
) -> Iterator[Finding]:
    known = {_name(document): document for document in documents}
    index = searcher.index
    rows = np.flatnonzero(index.roles == Role.ASK)
    owners = np.searchsorted([entry.start for entry in index.documents], rows, side="right") - 1
    for done, (row, owner) in enumerate(zip(rows.tolist(), owners.tolist(), strict=True), start=1):
        entry, text = index.documents[owner], index.shown[row]
        vector = index.row_vectors(row, row + 1)[0]
        hits = searcher.search(text, lambda: vector, desk=entry.desk, language=entry.language, k=1).hits  # noqa: B023
        for hit in hits:
            if (hit.kind, hit.id) != (entry.kind, entry.id):
                pair = (
                    known[entry.desk, entry.kind, entry.id, entry.language],
                    known[entry.desk, hit.kind, hit.id, hit.language],
                )
                yield Finding(kind=FindingKind.ASK_ELSEWHERE, documents=pair, details=(text, hit.matched))
        if on_progress is not None:
            on_progress(done, len(rows))


# Articles that are alike --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """Two articles of a desk and a language that are about one subject."""

    one: Document
    other: Document
    similarity: float
    is_same: bool

    @property
    def finding(self) -> Finding:
        return Finding(
            kind=FindingKind.DUPLICATE, documents=(self.one, self.other), details=(f"{self.similarity:.2f}",)
        )


def _near(documents: Sequence[Document], index: Index, scaling: Scaling) -> Iterator[_Pair]:
    places = {
        (entry.desk, entry.kind, entry.id, entry.language): n for n, entry in enumerate(index.documents)
    }
    for group in _by_desk_and_language(documents):
        parts = [_parts(index, places[_name(document)]) for document in group]
        bodies = np.concatenate([part[Role.BODY] for part in parts])
        flat = faiss.IndexFlatIP(bodies.shape[1])
        flat.add(bodies)
        limits, _, others = flat.range_search(bodies, _at(scaling, _NEAR_DEVIATIONS))
        for one in range(len(group)):
            for other in others[limits[one] : limits[one + 1]].tolist():
                if one < other:
                    alike = _similarity(parts[one], parts[other])
                    is_same = alike >= _at(scaling, _SAME_DEVIATIONS) or _same_text(group[one], group[other])
                    yield _Pair(group[one], group[other], alike, is_same)


def _parts(index: Index, number: int) -> Mapping[Role, Matrix]:
    entry = index.documents[number]
    vectors, roles = index.row_vectors(entry.start, entry.end), index.roles[entry.start : entry.end]
    return {
        Role.TITLE: vectors[roles == Role.TITLE][:1],
        Role.BODY: vectors[roles == Role.BODY],
        Role.ASK: vectors[roles == Role.ASK],
    }


def _similarity(one: Mapping[Role, Matrix], other: Mapping[Role, Matrix]) -> float:
    """Mean over titles, texts and ways of asking, each with the nearest of the other article."""
    tables = [one[role] @ other[role].T for role in one]
    means = [(table.max(axis=0).mean() + table.max(axis=1).mean()) / 2 for table in tables if table.size]
    return float(np.mean(means))


def _same_text(one: Document, other: Document) -> bool:
    return fuzz.ratio(plain(one.body), plain(other.body)) >= _SAME_TEXT


# Facts that do not agree --------------------------------------------------------------------------------


def _contradictions(pairs: Sequence[_Pair], scaling: Scaling, encode: Encode) -> Iterator[Finding]:
    """Sentences of two articles that are alike but for their numbers."""
    articles = {_name(document): document for pair in pairs for document in (pair.one, pair.other)}
    said = {name: _telling(document) for name, document in articles.items()}
    texts = [masked(sentence) for sentences in said.values() for sentence, _ in sentences]
    vectors = encode(texts) if texts else np.empty((0, 1), dtype=np.float32)
    ends = np.cumsum([0, *map(len, said.values())])
    rows = {name: vectors[ends[n] : ends[n + 1]] for n, name in enumerate(said)}
    for pair in pairs:
        one, other = _name(pair.one), _name(pair.other)
        alike = _at(scaling, _SAME_SENTENCE_DEVIATIONS if pair.is_same else _COPIED_DEVIATIONS)
        for left, right in np.argwhere(rows[one] @ rows[other].T >= alike).tolist():
            (text, facts), (text2, facts2) = said[one][left], said[other][right]
            if identifier_keys(text) == identifier_keys(text2) and _disagree(facts, facts2):
                yield Finding(
                    kind=FindingKind.CONTRADICTION, documents=(pair.one, pair.other), details=(text, text2)
                )


def _telling(document: Document) -> Sequence[tuple[str, Sequence[Fact]]]:
    found = stated(document.body)
    return [each for each in found if len(fold(masked(each[0])).split()) >= _LEAST_WORDS]


def _disagree(one: Sequence[Fact], other: Sequence[Fact]) -> bool:
    """Whether they have a unit in common, and no value of that unit."""
    units = {fact.unit for fact in one} & {fact.unit for fact in other}
    return any(
        {fact.size for fact in one if fact.unit == unit}.isdisjoint(
            fact.size for fact in other if fact.unit == unit
        )
        for unit in units
    )


def _other_links(documents: Sequence[Document]) -> Iterator[Finding]:
    """One name for several addresses."""
    for group in _by_desk_and_language(documents):
        named: defaultdict[str, dict[str, Document]] = defaultdict(dict)
        for document in group:
            for name, address in links(document.body):
                named[fold(name)].setdefault(address, document)
        for name, addresses in named.items():
            if len(addresses) > 1 and name and name not in _VAGUE_LINKS:
                yield Finding(
                    kind=FindingKind.CONTRADICTION,
                    documents=tuple(addresses.values()),
                    details=tuple(f"[{name}]({address})" for address in addresses),
                )


def _translations(documents: Sequence[Document]) -> Iterator[Finding]:
    versions: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
    for document in documents:
        if document.kind == "article":
            versions[document.desk, document.id].append(document)
    for same in versions.values():
        said = {document.language: claims(document.body) for document in same}
        for one, other in combinations(same, 2):
            left, right = said[one.language], said[other.language]
            details = _only(left, right), _only(right, left)
            if any(details):
                yield Finding(
                    kind=FindingKind.TRANSLATION,
                    documents=(one, other),
                    details=tuple(", ".join(each) or "-" for each in details),
                )


def _only(said: Claims, elsewhere: Claims) -> Sequence[str]:
    """What one version says and the other does not."""
    missing = [
        fact.text
        for fact in said.facts
        if fact.value > 1 and fact.value not in elsewhere.values and fact.size not in elsewhere.values
    ]
    missing += sorted(said.links - elsewhere.links)
    if said.steps != elsewhere.steps:
        missing.append(f"{said.steps} steps")
    if said.items != elsewhere.items:
        missing.append(f"{said.items} list items")
    return missing


def _at(scaling: Scaling, deviations: float) -> float:
    return scaling.cosine_mean + deviations * scaling.cosine_deviation


def _by_desk_and_language(documents: Sequence[Document]) -> Sequence[Sequence[Document]]:
    groups: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
    for document in documents:
        if document.kind == "article":
            groups[document.desk, document.language].append(document)
    return list(groups.values())


def _name(document: Document) -> tuple[str, str, str, str]:
    return document.desk, document.kind, document.id, document.language
