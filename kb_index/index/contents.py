"""The index in memory: embeddings in FAISS, the table of documents, and the lexicon."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from kb_index.articles.documents import Document
from kb_index.articles.errors import IndexUnusableError
from kb_index.index.arrays import Matrix, Numbers, map_arrays, write_arrays
from kb_index.index.checksums import is_intact
from kb_index.index.exact import FILES as EXACT_FILES
from kb_index.index.exact import ExactSentences
from kb_index.index.lexicon import FILES as LEXICON_FILES
from kb_index.index.lexicon import Lexicon
from kb_index.index.manifest import DOCUMENTS, VECTORS, Manifest
from kb_index.index.rows import DocumentRow, IndexedDocument, indexed, lexical_text, rows_of
from kb_index.index.vectors import Rows, Vectors, cluster_file, make_vectors

_ARRAYS = (*LEXICON_FILES, *EXACT_FILES)
_NPY_HEADER = 4096
"""Bytes at the beginning of a `.npy` file that stand for it when it is too large to be hashed whole."""


class Index:
    """An index that can be searched; read-only, and safe among threads.

    Attributes:
        documents: the table; a document's number is its place in it.
        roles: for each row its `Role`, int8, (rows,).
        shown: for each row what is said to have matched.
        owners: for each row the number of its document.
        topics: for each document a number that its versions in other languages share.
    """

    def __init__(
        self,
        *,
        vectors: Vectors,
        documents: Sequence[IndexedDocument],
        roles: NDArray[np.int8],
        shown: Sequence[str],
        lexicon: Lexicon,
        exact: ExactSentences,
    ) -> None:
        self.vectors = vectors
        self.documents = tuple(documents)
        self.roles = roles
        self.shown = tuple(shown)
        self.lexicon = lexicon
        self.exact = exact
        self.owners = np.repeat(
            np.arange(len(self.documents)), [document.end - document.start for document in self.documents]
        )
        numbers: dict[tuple[str, str], int] = {}
        self.topics = np.array(
            [numbers.setdefault((each.kind, each.id), len(numbers)) for each in self.documents],
            dtype=np.int64,
        )
        self._desks = _row_ranges(self.documents)
        self._desk_vectors: dict[int, Matrix] = {}
        self._named: dict[str, set[int]] = {}
        for number, document in enumerate(self.documents):
            for name in document.identifiers:
                self._named.setdefault(name, set()).add(number)

    @property
    def desks(self) -> Mapping[str, tuple[int, int]]:
        """The desks that have documents, each with its first row and the one after its last."""
        return self._desks

    def row_vectors(self, start: int, end: int) -> Matrix:
        """Embeddings of rows: float32, (end - start, dim)."""
        return self.vectors.rows(np.arange(start, end))

    def desk_vectors(self, start: int, end: int) -> Matrix:
        """The same for all rows of a small desk, kept: quicker than through FAISS."""
        found = self._desk_vectors.get(start)
        if found is None:
            found = self._desk_vectors[start] = self.row_vectors(start, end)
        return found

    def documents_naming(self, identifiers: Iterable[str]) -> list[int]:
        """Numbers of the documents that name one of some identifiers."""
        return [number for name in identifiers for number in self._named.get(name, ())]

    def save(self, folder: Path) -> Mapping[str, int | None]:
        """Writes the files of the index into a folder.

        Returns:
            For each file how many bytes at its beginning are read when it is opened; None for all.
        """
        heads = self.vectors.save(folder)
        table = {
            "documents": [{**vars(each), "identifiers": sorted(each.identifiers)} for each in self.documents],
            "roles": self.roles.tolist(),
            "shown": self.shown,
        }
        (folder / DOCUMENTS).write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
        write_arrays(folder, {**self.lexicon.arrays(), **self.exact.arrays()})
        return {**heads, DOCUMENTS: None, **dict.fromkeys(_ARRAYS, _NPY_HEADER)}

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
        clusters = [cluster_file(about.start) for about in manifest.desks if about.kind == "clusters"]
        for name in (VECTORS, DOCUMENTS, *_ARRAYS, *clusters):
            if not is_intact(data / name, manifest.files.get(name), wholly=wholly):
                raise IndexUnusableError(f"{name} of the index is missing or damaged.")
        # One thread: waiting for one another costs FAISS's threads more than such searches take.
        faiss.omp_set_num_threads(1)
        table: dict[str, Any] = json.loads((data / DOCUMENTS).read_bytes())
        arrays = map_arrays(data, _ARRAYS)
        return cls(
            vectors=Vectors.load(data, manifest.desks),
            documents=[
                IndexedDocument(**fields | {"identifiers": frozenset(fields["identifiers"])})
                for fields in table["documents"]
            ],
            roles=np.array(table["roles"], dtype=np.int8),
            shown=table["shown"],
            lexicon=Lexicon.from_arrays(arrays),
            exact=ExactSentences.from_arrays(arrays),
        )


def make_index(
    documents: Sequence[Document], vectors: Sequence[Matrix | range], *, old: Vectors | None = None
) -> Index:
    """Puts documents and their embeddings together.

    Args:
        documents: any order; those of a desk end up side by side.
        vectors: for each document the embeddings of its `rows_of`, float32, (rows, dim), or which rows of
            `old` they are.
        old: of the index that this one replaces.
    """
    order = sorted(range(len(documents)), key=lambda n: _sort_key(documents[n]))
    table: list[IndexedDocument] = []
    rows: list[DocumentRow] = []
    texts: list[str] = []
    for number in order:
        document = documents[number]
        own = rows_of(document)
        table.append(indexed(document, start=len(rows), end=len(rows) + len(own)))
        rows += own
        texts += [lexical_text(document, row) for row in own]
    return Index(
        vectors=make_vectors(_stored([vectors[number] for number in order], old), _row_ranges(table)),
        documents=table,
        roles=np.array([row.role for row in rows], dtype=np.int8),
        shown=[row.shown for row in rows],
        lexicon=Lexicon.build(texts),
        exact=ExactSentences.build(table, rows),
    )


def _stored(parts: Sequence[Matrix | range], old: Vectors | None) -> Rows:
    fresh = [part for part in parts if not isinstance(part, range)]
    kept: list[Numbers] = [
        np.arange(part.start, part.stop) if isinstance(part, range) else np.full(len(part), -1)
        for part in parts
    ]
    return Rows(
        kept=np.concatenate(kept),
        fresh=np.concatenate(fresh) if fresh else np.empty((0, 0), dtype=np.float32),
        old=old,
    )


def _sort_key(document: Document) -> tuple[str, str, str, str]:
    return document.desk, document.kind, document.id, document.language


def _row_ranges(documents: Sequence[IndexedDocument]) -> dict[str, tuple[int, int]]:
    """For each desk its first row, and the one after its last."""
    found: dict[str, tuple[int, int]] = {}
    for document in documents:
        found[document.desk] = (found.get(document.desk, (document.start, 0))[0], document.end)
    return found
