"""Which documents have a sentence as title or way of asking, whatever its case and accents."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.text.folding import fold
from kb_index.index.arrays import Numbers
from kb_index.index.rows import DocumentRow, IndexedDocument, Role

_HASHES, _DOCUMENTS = "exact.hashes.npy", "exact.documents.npy"
FILES = (_HASHES, _DOCUMENTS)


@dataclass(frozen=True, kw_only=True)
class ExactSentences:
    """A sorted table from sentence to document.

    Args:
        hashes: uint64, sorted: of the folded sentences.
        documents: number of the document that has each.
    """

    hashes: NDArray[np.uint64]
    documents: Numbers

    @classmethod
    def build(cls, documents: Sequence[IndexedDocument], rows: Sequence[DocumentRow]) -> "ExactSentences":
        """Takes the titles and ways of asking out of the rows."""
        found = sorted(
            (_hash(rows[row].shown), number)
            for number, document in enumerate(documents)
            for row in range(document.start, document.end)
            if rows[row].role in (Role.TITLE, Role.ASK)
        )
        return cls(
            hashes=np.array([value for value, _ in found], dtype=np.uint64),
            documents=np.array([number for _, number in found], dtype=np.int64),
        )

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Its arrays by file name."""
        return {_HASHES: self.hashes, _DOCUMENTS: self.documents}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "ExactSentences":
        """The table whose `arrays` were stored."""
        return cls(hashes=arrays[_HASHES], documents=arrays[_DOCUMENTS])

    def documents_with(self, sentence: str) -> Numbers:
        """Numbers of the documents that have it."""
        value = np.uint64(_hash(sentence))
        first, last = (np.searchsorted(self.hashes, value, side=side) for side in ("left", "right"))
        return self.documents[first:last]


def _hash(sentence: str) -> int:
    digest = hashlib.blake2b(fold(sentence).encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
