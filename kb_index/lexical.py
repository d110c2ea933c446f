"""Likeness by spelling: TF-IDF over character n-grams of folded words, numpy only."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb_index.text import fold

_SIZES = (2, 3, 4, 5)
_MAX_CHARS = 4000
_ARRAYS = ("features", "starts", "texts", "weights", "idf")


def ngrams(text: str) -> Counter[int]:
    """Hashes of the n-grams within each word (padded with spaces), and how often each occurs."""
    found: Counter[int] = Counter()
    for word in fold(text[:_MAX_CHARS]).split():
        padded = f" {word} ".encode("utf-8", "replace")
        for size in _SIZES:
            if len(padded) <= size:
                found[zlib.crc32(padded)] += 1
                break
            found.update(zlib.crc32(padded[at : at + size]) for at in range(len(padded) - size + 1))
    return found


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """An inverted index of n-grams, as arrays that store as they are.

    Args:
        features: uint32, sorted: hashes of the known n-grams.
        starts: int64, (features + 1,): where the postings of each begin.
        texts: int32: numbers of the texts that hold it.
        weights: float32: its weight in each; a text's weights have length 1.
        idf: float32, (features,).
        unseen_idf: of an n-gram that no text has.
        count: how many texts there are.
    """

    features: NDArray[np.uint32]
    starts: NDArray[np.int64]
    texts: NDArray[np.int32]
    weights: NDArray[np.float32]
    idf: NDArray[np.float32]
    unseen_idf: float
    count: int

    @classmethod
    def build(cls, texts: Sequence[str]) -> "Lexicon":
        """Indexes texts; their numbers are their places."""
        counted = [ngrams(text) for text in texts]
        features, inverse = np.unique(
            np.fromiter((h for found in counted for h in found), dtype=np.uint32), return_inverse=True
        )
        owner = np.repeat(np.arange(len(texts), dtype=np.int32), [len(found) for found in counted])
        counts = np.fromiter((n for found in counted for n in found.values()), dtype=np.float32)
        documents = np.bincount(inverse, minlength=len(features))
        idf = (np.log((1 + len(texts)) / (1 + documents)) + 1).astype(np.float32)
        weights = (1 + np.log(counts)) * idf[inverse]
        lengths = np.sqrt(np.bincount(owner, weights=weights**2, minlength=len(texts)))
        weights /= np.maximum(lengths, 1e-9)[owner].astype(np.float32)
        order = np.argsort(inverse, kind="stable")
        starts = np.zeros(len(features) + 1, dtype=np.int64)
        np.cumsum(documents, out=starts[1:])
        return cls(
            features=features,
            starts=starts,
            texts=owner[order],
            weights=weights[order].astype(np.float32),
            idf=idf,
            unseen_idf=float(np.log(1 + len(texts)) + 1),
            count=len(texts),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name, to be stored."""
        numbers = np.array([self.unseen_idf, self.count], dtype=np.float64)
        return {name: getattr(self, name) for name in _ARRAYS} | {"numbers": numbers}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Lexicon":
        """The lexicon whose `arrays` were stored."""
        unseen_idf, count = arrays["numbers"]
        return cls(unseen_idf=float(unseen_idf), count=int(count), **{name: arrays[name] for name in _ARRAYS})

    def scores(self, text: str) -> NDArray[np.float32]:
        """Cosine of a text with each indexed one: float32, (count,), 0 to 1."""
        found = ngrams(text)
        none = np.zeros(self.count, dtype=np.float32)
        if not found or not len(self.features):
            return none
        hashes = np.fromiter(found.keys(), dtype=np.uint32, count=len(found))
        weights = 1 + np.log(np.fromiter(found.values(), dtype=np.float32, count=len(found)))
        at = np.minimum(np.searchsorted(self.features, hashes), len(self.features) - 1)
        known = self.features[at] == hashes
        weights *= np.where(known, self.idf[at], self.unseen_idf).astype(np.float32)
        length = float(np.linalg.norm(weights))
        at, weights = at[known], weights[known]
        if not len(at):
            return none
        sizes = self.starts[at + 1] - self.starts[at]
        postings = np.repeat(self.starts[at] - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
        postings += np.arange(len(postings))
        sums = np.bincount(
            self.texts[postings],
            weights=self.weights[postings] * np.repeat(weights, sizes),
            minlength=self.count,
        )
        return (sums / length).astype(np.float32)
