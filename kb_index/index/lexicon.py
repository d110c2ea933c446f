"""Similarity in spelling: TF-IDF over character n-grams of folded words, NumPy only."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.text.folding import fold

_LONGEST = 5
_MAX_CHARS = 4000
_ARRAYS = ("features", "starts", "texts", "weights", "idf")
_NUMBERS = "lexicon.numbers.npy"
FILES = (*(f"lexicon.{name}.npy" for name in _ARRAYS), _NUMBERS)
_CHUNK_CHARS = 2_000_000
_BLOCK = 8_000_000
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: Knuth, The Art of Computer Programming, volume 3, 6.4."""
_HASH_AT, _TEXT_AT = np.uint64(32), np.uint64(10)
_MOST_TEXTS, _MOST_OFTEN = 2**22, 2**10 - 1
_PRUNED_FROM = 20_000
_MOST_POSTINGS = 200_000
"""Read for a question once there are `_PRUNED_FROM` texts: those of its rarest n-grams, which weigh most."""

Keys = NDArray[np.uint64]


def ngrams(texts: Sequence[str]) -> Keys:
    """The n-grams of 2 to 5 bytes within each word, padded with a space on either side.

    Returns:
        Sorted; in each the hash of an n-gram (32 bits), the place of its text (22), how often it has it (10).
    """
    words = [b" " + fold(text[:_MAX_CHARS]).encode("utf-8", "replace") + b" " for text in texts]
    data = np.frombuffer(b"".join(words), dtype=np.uint8).astype(np.uint64)
    owner = np.repeat(np.arange(len(words), dtype=np.uint64), [len(part) for part in words])
    space = data == ord(" ")
    found: list[Keys] = []
    gram, inner = data, np.ones(len(data), dtype=np.bool_)
    for size in range(2, _LONGEST + 1):
        gram = (gram[:-1] << np.uint64(8)) | data[size - 1 :]
        inner = ~(space[:-1] & space[1:]) if size == 2 else inner[:-1] & ~space[size - 2 : -1]
        hashes = (gram[inner] * _MIX) >> _HASH_AT
        found.append((hashes << _HASH_AT) | (owner[: len(gram)][inner] << _TEXT_AT))
    keys, often = np.unique(np.concatenate(found), return_counts=True)
    return keys | np.minimum(often, _MOST_OFTEN).astype(np.uint64)


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """An inverted index of n-grams, as arrays that are stored as they are.

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
        """Indexes texts; their numbers are their places.

        Raises:
            ValueError: there are more than four million.
        """
        if len(texts) > _MOST_TEXTS:
            raise ValueError(f"more than {_MOST_TEXTS} texts")
        keys = np.concatenate(list(_keys(texts)))
        keys.sort()
        hashes = (keys >> _HASH_AT).astype(np.uint32)
        first = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
        starts = np.append(np.flatnonzero(first), len(keys)).astype(np.int64)
        features = hashes[starts[:-1]]
        del hashes, first
        idf = (np.log((1 + len(texts)) / (1 + np.diff(starts))) + 1).astype(np.float32)
        owners = np.empty(len(keys), dtype=np.int32)
        weights = np.empty(len(keys), dtype=np.float32)
        squares = np.zeros(len(texts))
        damping = (1 + np.log(np.maximum(np.arange(_MOST_OFTEN + 1), 1))).astype(np.float32)
        for at in _blocks(starts):
            part = keys[starts[at.start] : starts[at.stop]]
            texts_of = ((part >> _TEXT_AT) & np.uint64(_MOST_TEXTS - 1)).astype(np.int32)
            here = slice(starts[at.start], starts[at.stop])
            owners[here] = texts_of
            weights[here] = damping[part & np.uint64(_MOST_OFTEN)] * np.repeat(
                idf[at.start : at.stop], np.diff(starts[at.start : at.stop + 1])
            )
            squares += np.bincount(texts_of, weights=weights[here] ** 2, minlength=len(texts))
        lengths = np.maximum(np.sqrt(squares), 1e-9).astype(np.float32)
        for at in _blocks(starts):
            here = slice(starts[at.start], starts[at.stop])
            weights[here] /= lengths[owners[here]]
        return cls(
            features=features,
            starts=starts,
            texts=owners,
            weights=weights,
            idf=idf,
            unseen_idf=float(np.log(1 + len(texts)) + 1),
            count=len(texts),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by file name."""
        numbers = np.array([self.unseen_idf, self.count], dtype=np.float64)
        return {f"lexicon.{name}.npy": getattr(self, name) for name in _ARRAYS} | {_NUMBERS: numbers}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Lexicon":
        """The lexicon whose `arrays` were stored."""
        unseen_idf, count = arrays[_NUMBERS]
        stored = {name: arrays[f"lexicon.{name}.npy"] for name in _ARRAYS}
        return cls(unseen_idf=float(unseen_idf), count=int(count), **stored)

    def scores(self, text: str, start: int = 0, end: int | None = None) -> NDArray[np.float32]:
        """Cosine of a text with indexed ones: float32, (end - start,), 0 to 1.

        Args:
            text: as it was written.
            start, end: with which; all by default. Where they are many, n-grams that very many of them
                have are passed over.
        """
        end = self.count if end is None else end
        found = ngrams([text])
        none = np.zeros(end - start, dtype=np.float32)
        if not len(found) or not len(self.features):
            return none
        hashes = (found >> _HASH_AT).astype(np.uint32)
        weights = 1 + np.log((found & np.uint64(_MOST_OFTEN)).astype(np.float32))
        at = np.minimum(np.searchsorted(self.features, hashes), len(self.features) - 1)
        known = self.features[at] == hashes
        weights *= np.where(known, self.idf[at], self.unseen_idf).astype(np.float32)
        length = float(np.linalg.norm(weights))
        at, weights = at[known], weights[known]
        if not len(at):
            return none
        first, last, origin = self.starts[at], self.starts[at + 1], 0
        if self.count > _PRUNED_FROM:
            origin = start
            first, last, weights = self._rarest(first, last, weights, np.array([start, end], dtype=np.int32))
        parts = list(zip(first.tolist(), last.tolist(), strict=True))
        texts = np.concatenate([self.texts[a:b] for a, b in parts])
        products = np.concatenate([self.weights[a:b] for a, b in parts]) * np.repeat(weights, last - first)
        sums = np.bincount(texts - origin, weights=products, minlength=end - origin)
        return (sums[start - origin : end - origin] / length).astype(np.float32)

    def _rarest(
        self,
        first: NDArray[np.int64],
        last: NDArray[np.int64],
        weights: NDArray[np.float32],
        among: NDArray[np.int32],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """The postings, from first to last, of the rarest n-grams in the texts from one up to another."""
        bounds = np.array(
            [
                a + np.searchsorted(self.texts[a:b], among)
                for a, b in zip(first.tolist(), last.tolist(), strict=True)
            ]
        )
        first, last = bounds.T
        rarest = np.argsort(last - first, kind="stable")
        kept = rarest[: max(1, int(np.searchsorted(np.cumsum((last - first)[rarest]), _MOST_POSTINGS)))]
        return first[kept], last[kept], weights[kept]


def _keys(texts: Sequence[str]) -> Iterator[Keys]:
    """The `ngrams` of all texts, some at a time; their places are those among all."""
    yield np.empty(0, dtype=np.uint64)
    begun, size = 0, 0
    for place, text in enumerate(texts, start=1):
        size += min(len(text), _MAX_CHARS)
        if size > _CHUNK_CHARS or place == len(texts):
            yield ngrams(texts[begun:place]) + (np.uint64(begun) << _TEXT_AT)
            begun, size = place, 0


def _blocks(starts: NDArray[np.int64]) -> Iterator[range]:
    """Ranges of features that together have some millions of postings."""
    cuts = np.searchsorted(starts, np.arange(0, starts[-1], _BLOCK))
    edges = np.unique(np.append(cuts, len(starts) - 1))
    for first, last in itertools.pairwise(edges.tolist()):
        yield range(first, last)
