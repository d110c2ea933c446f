"""The index in memory: FAISS vectors, the table of documents, and the lexicon."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bot.text.folding import fold
from bot.text.identifiers import identifier_keys, question_identifier_keys
from kb_index.articles.documents import Document
from kb_index.articles.errors import IndexUnusableError
from kb_index.articles.text import passages, plain
from kb_index.index.files import MAPPED_HEAD, is_intact, mapped_arrays, write_arrays
from kb_index.index.lexical import Lexicon
from kb_index.index.manifest import DOCUMENTS, LEXICON, VECTORS, Manifest
from kb_index.index.vectors import Rows, Vectors, clustered, make_vectors

_PASSAGES_FROM_CHARS = 900
_ALL_ROWS = 4096
_SUBTITLE = re.compile(r" ?: | [–—-] ")
"""Between the subject of a title and the rest: "Mot de passe oublié : le réinitialiser"."""
_CANDIDATE_ROWS = 512
_CANDIDATE_TEXTS = 64

Matrix = NDArray[np.float32]


class Role(IntEnum):
    """What part of a document a vector stands for."""

    TITLE = 0
    BODY = 1
    ASK = 2
    PASSAGE = 3


@dataclass(frozen=True, kw_only=True)
class Row:
    """One vector of a document.

    Args:
        role: what part it stands for.
        text: what is encoded.
        shown: what is said to have matched.
    """

    role: Role
    text: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One document in the table.

    Args:
        start, end: its vectors are the rows from start up to end.
        identifiers: product references and error codes that it names.
        for_agents: it is kept from everybody else.
        first_day, last_day: on which it is shown, as `date.toordinal` counts.
    """

    kind: str
    id: str
    desk: str
    language: str
    title: str
    content_hash: str
    start: int
    end: int
    identifiers: frozenset[str]
    for_agents: bool = False
    first_day: int = date.min.toordinal()
    last_day: int = date.max.toordinal()


def rows_of(document: Document) -> Sequence[Row]:
    """The vectors of a document: title, its subject, both with the body, its passages, ways of asking."""
    body = plain(document.body)
    title = document.title
    rows = [Row(role=Role.TITLE, text=title, shown=title)]
    subject = _SUBTITLE.split(title, maxsplit=1)[0]
    if subject != title:
        rows.append(Row(role=Role.TITLE, text=subject, shown=subject))
    if body:
        rows.append(Row(role=Role.BODY, text=f"{title}\n{body}", shown=title))
    if len(body) > _PASSAGES_FROM_CHARS:
        rows += [Row(role=Role.PASSAGE, text=part, shown=part) for part in passages(body)]
    return rows + [Row(role=Role.ASK, text=line, shown=line) for line in document.ask]


def lexical_text(document: Document, row: Row) -> str:
    """What a row's spelling is compared with: the title's row stands for the body too."""
    if row.text == document.title:
        return f"{document.title}\n{plain(document.body)}\n{' '.join(document.tags)}"
    return "" if row.role is Role.BODY else row.text


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for each candidate document; arrays of one length.

    Args:
        entries: numbers of the documents.
        title, body, ask, passage: greatest cosine by role; -1 where it has no such row.
        lexical: likeness by spelling, 0 to 1.
        best: greatest cosine of all.
        best_row: number of the row that has it.
        exact: the question is its title or one of its ways of asking, but for case and accents.
        identified: it names an identifier of the question.
    """

    entries: NDArray[np.int64]
    title: Matrix
    body: Matrix
    ask: Matrix
    passage: Matrix
    lexical: Matrix
    best: Matrix
    best_row: NDArray[np.int64]
    exact: NDArray[np.bool_]
    identified: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Which documents have a sentence as title or way of asking, whatever its case and accents.

    Args:
        keys: uint64, sorted: hashes of the folded sentences.
        entries: int64: number of the document that has each.
    """

    keys: NDArray[np.uint64]
    entries: NDArray[np.int64]

    @classmethod
    def build(cls, entries: Sequence[Entry], rows: Sequence[Row]) -> "Forms":
        """Takes the titles and ways of asking out of the rows."""
        found = sorted(
            (_form(rows[row].shown), number)
            for number, entry in enumerate(entries)
            for row in range(entry.start, entry.end)
            if rows[row].role in (Role.TITLE, Role.ASK)
        )
        return cls(
            keys=np.array([form for form, _ in found], dtype=np.uint64),
            entries=np.array([number for _, number in found], dtype=np.int64),
        )

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Its arrays by name, to be stored."""
        return {"forms": self.keys, "form_entries": self.entries}

    def entries_of(self, sentence: str) -> NDArray[np.int64]:
        """The documents that have it."""
        form = np.uint64(_form(sentence))
        first, last = (np.searchsorted(self.keys, form, side=side) for side in ("left", "right"))
        return self.entries[first:last]


def _changes(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where another value begins than the one before."""
    return np.flatnonzero(np.diff(values, prepend=-1))


def _among(entries: NDArray[np.int64], chosen: Sequence[int] | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the documents are chosen."""
    return np.isin(entries, chosen) if len(chosen) else np.zeros(len(entries), dtype=np.bool_)


def _form(sentence: str) -> int:
    digest = hashlib.blake2b(fold(sentence).encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")


class Index:
    """An index that can be asked; read-only, and safe among threads."""

    def __init__(
        self,
        *,
        vectors: Vectors,
        entries: Sequence[Entry],
        roles: NDArray[np.int8],
        shown: Sequence[str],
        lexicon: Lexicon,
        forms: "Forms",
    ) -> None:
        self.vectors = vectors
        self.entries = tuple(entries)
        self.roles = roles
        self.shown = tuple(shown)
        self.lexicon = lexicon
        self._entry_of_row = np.repeat(
            np.arange(len(self.entries)), [entry.end - entry.start for entry in self.entries]
        )
        self._desks = _ranges([entry.desk for entry in self.entries])
        self.forms = forms
        self._few: dict[int, Matrix] = {}
        """Of a small desk all rows, by the first of them: quicker than through FAISS."""
        numbers: dict[tuple[str, str], int] = {}
        self.topics = np.array(
            [numbers.setdefault((entry.kind, entry.id), len(numbers)) for entry in self.entries],
            dtype=np.int64,
        )
        """For each document a number that its versions in other languages share."""
        self._named: dict[str, set[int]] = {}
        for number, entry in enumerate(self.entries):
            for name in entry.identifiers:
                self._named.setdefault(name, set()).add(number)

    @property
    def desks(self) -> Sequence[str]:
        """The desks that have documents."""
        return tuple(self._desks)

    def evidence(
        self, question: str, vector: Matrix, *, desk: str, without: Sequence[int] = ()
    ) -> Evidence | None:
        """What speaks for the documents of a desk; None without documents.

        Args:
            question: as it was written.
            vector: its encoding, float32, (dim,).
            without: rows to pass over, when the index is asked one of its own ways of asking.
        """
        if desk not in self._desks:
            return None
        first, last = self._desks[desk]
        start, end = self.entries[first].start, self.entries[last - 1].end
        lexical = self.lexicon.scores(question, start, end)
        rows, cosines = self._cosines(vector, lexical, start, end)
        if without:
            keep = ~np.isin(rows, without)
            rows, cosines = rows[keep], cosines[keep]
        if not len(rows):
            return None
        # The rows of a document stand side by side, and in it those of a role.
        owners, roles = self._entry_of_row[rows], self.roles[rows]
        begins = _changes(owners)
        runs = _changes(owners * len(Role) + roles)
        entries = owners[begins]
        place = np.repeat(np.arange(len(entries)), np.diff(begins, append=len(rows)))
        table = np.full((len(entries), len(Role)), -1.0, dtype=np.float32)
        table[place[runs], roles[runs]] = np.maximum.reduceat(cosines, runs)
        best = table.max(axis=1)
        best_row = np.zeros(len(entries), dtype=np.int64)
        nearest = np.flatnonzero(cosines == best[place])
        best_row[place[nearest]] = rows[nearest]
        named = [n for name in question_identifier_keys(question) for n in self._named.get(name, ())]
        return Evidence(
            entries=entries,
            title=table[:, Role.TITLE],
            body=table[:, Role.BODY],
            ask=table[:, Role.ASK],
            passage=table[:, Role.PASSAGE],
            lexical=np.maximum.reduceat(lexical[rows - start], begins),
            best=best,
            best_row=best_row,
            exact=_among(entries, () if without else self.forms.entries_of(question)),
            identified=_among(entries, named),
        )

    def _cosines(
        self, vector: Matrix, lexical: Matrix, start: int, end: int
    ) -> tuple[NDArray[np.int64], Matrix]:
        """Rows between start and end that may matter, and their cosines; all of them when they are few.

        Whole documents, in the order of the rows.
        """
        count = end - start
        if count <= _ALL_ROWS:
            few = self._few.get(start)
            if few is None:
                few = self._few[start] = self.row_vectors(start, end)
            return np.arange(start, end), few @ vector
        near, _ = self.vectors.candidates(vector, _CANDIDATE_ROWS, start=start, end=end)
        kept = min(_CANDIDATE_TEXTS, count)
        spelt = start + np.argpartition(lexical, -kept)[-kept:]
        owners = np.unique(self._entry_of_row[np.concatenate([near, spelt])])
        rows = np.concatenate([np.arange(self.entries[n].start, self.entries[n].end) for n in owners])
        return rows, self.vectors.rows(rows) @ vector

    def row_vectors(self, start: int, end: int) -> Matrix:
        """Vectors of rows: float32, (end - start, dim)."""
        return self.vectors.rows(np.arange(start, end))

    def save(self, folder: Path) -> Mapping[str, int | None]:
        """Writes the files of the index into a folder.

        Returns:
            For each file how many bytes at its beginning are read when it is opened; None for all.
        """
        heads = self.vectors.save(folder)
        table = {
            "entries": [_plain(entry) for entry in self.entries],
            "roles": self.roles.tolist(),
            "shown": self.shown,
        }
        (folder / DOCUMENTS).write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
        write_arrays(folder / LEXICON, {**self.lexicon.arrays(), **self.forms.arrays()})
        return {**heads, DOCUMENTS: None, LEXICON: MAPPED_HEAD}

    @classmethod
    def load(cls, folder: Path, manifest: Manifest, *, wholly: bool = False) -> "Index":
        """Opens the files of the index in use.

        Args:
            folder: of the index.
            manifest: read from it.
            wholly: check every byte, also of files that are too large to be read each time.

        Raises:
            IndexUnusableError: a file is missing, or is not the one that was written.
        """
        data = folder / manifest.data
        clusters = [clustered(about.start) for about in manifest.desks if about.kind == "clusters"]
        for name in (VECTORS, DOCUMENTS, LEXICON, *clusters):
            if not is_intact(data / name, manifest.files.get(name), wholly=wholly):
                raise IndexUnusableError(f"{name} of the index is missing or damaged.")
        # One thread: waiting for one another costs FAISS's threads more than such searches take.
        faiss.omp_set_num_threads(1)
        table: dict[str, Any] = json.loads((data / DOCUMENTS).read_bytes())
        arrays = mapped_arrays(data / LEXICON)
        return cls(
            vectors=Vectors.load(data, manifest.desks),
            entries=[
                Entry(**fields | {"identifiers": frozenset(fields["identifiers"])})
                for fields in table["entries"]
            ],
            roles=np.array(table["roles"], dtype=np.int8),
            shown=table["shown"],
            lexicon=Lexicon.from_arrays(arrays),
            forms=Forms(keys=arrays["forms"], entries=arrays["form_entries"]),
        )


def make_index(
    documents: Sequence[Document], vectors: Sequence[Matrix | range], *, old: Vectors | None = None
) -> Index:
    """Puts documents and their vectors together.

    Args:
        documents: any order; those of a desk end up side by side.
        vectors: for each document the encodings of its `rows_of`, float32, (rows, dim), or which rows of
            `old` they are.
        old: of the index that this one replaces.
    """
    order = sorted(range(len(documents)), key=lambda n: _place(documents[n]))
    entries: list[Entry] = []
    rows: list[Row] = []
    texts: list[str] = []
    for number in order:
        document = documents[number]
        own = rows_of(document)
        whole = "\n".join([document.title, document.body, *document.ask])
        entries.append(
            Entry(
                kind=document.kind,
                id=document.id,
                desk=document.desk,
                language=document.language,
                title=document.title,
                content_hash=document.content_hash,
                start=len(rows),
                end=len(rows) + len(own),
                identifiers=identifier_keys(whole),
                for_agents=document.audience == "agents",
                first_day=(document.valid_from or date.min).toordinal(),
                last_day=(document.valid_until or date.max).toordinal(),
            )
        )
        rows += own
        texts += [lexical_text(document, row) for row in own]
    parts = [vectors[number] for number in order]
    fresh = [part for part in parts if not isinstance(part, range)]
    kept = [
        np.arange(part.start, part.stop) if isinstance(part, range) else np.full(len(part), -1)
        for part in parts
    ]
    desks = {
        desk: (entries[first].start, entries[last - 1].end)
        for desk, (first, last) in _ranges([entry.desk for entry in entries]).items()
    }
    stored = Rows(
        kept=np.concatenate(kept),
        fresh=np.concatenate(fresh) if fresh else np.empty((0, 0), dtype=np.float32),
        old=old,
    )
    return Index(
        vectors=make_vectors(stored, desks),
        entries=entries,
        roles=np.array([row.role for row in rows], dtype=np.int8),
        shown=[row.shown for row in rows],
        lexicon=Lexicon.build(texts),
        forms=Forms.build(entries, rows),
    )


def _place(document: Document) -> tuple[str, str, str, str]:
    return document.desk, document.kind, document.id, document.language


def _ranges(desks: Sequence[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for number, desk in enumerate(desks):
        found[desk] = (found.get(desk, (number, 0))[0], number + 1)
    return found


def _plain(entry: Entry) -> dict[str, Any]:
    return {**vars(entry), "identifiers": sorted(entry.identifiers)}
