"""Tells intents apart by a sentence's vector and its spelling. Trained by `nlu.intents.fitting`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.text.normalization import normalized
from nlu.encoders.vectors import l2_normalise

_BUCKET_BITS = 12
BUCKETS = 1 << _BUCKET_BITS
"""Of the spelling."""
_LONGEST = 4
_MAX_CHARS = 200
_SPELLING_WEIGHT = 0.6
_SHIFT = np.uint32(32 - _BUCKET_BITS)
_FNV_PRIME = np.uint32(16777619)
_GOLDEN = np.uint32(2654435769)
"""2^32 over the golden ratio: its product's upper bits spread well (Knuth, vol. 3, 6.4)."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class IntentClassifier:
    """Multinomial logistic regression, as one matrix.

    Args:
        labels: classes, in the order of the columns.
        weights: float32, (dim + BUCKETS + 1, classes); the last row is the bias. Scores are ready for the
            softmax: the temperature is in them.
    """

    labels: tuple[str, ...]
    weights: Matrix

    def scores(self, texts: Sequence[str], vectors: Matrix) -> NDArray[np.float64]:
        """What the softmax makes probabilities of, (len(texts), classes).

        Args:
            vectors: encodings of the texts, float32, (len(texts), dim).
        """
        dim = vectors.shape[1]
        scores = vectors @ self.weights[:dim] + self.weights[-1]
        for row, text in enumerate(texts):
            buckets, values = spelling(text)
            scores[row] += values @ self.weights.take(dim + buckets, axis=0)
        return np.asarray(scores, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Tells whether a sentence is for any of the classes at all, by three signs that count alike.

    For classes that come without examples of what is for none of them. The signs are those of `signs`.

    Args:
        mean: of the vectors trained on, float32, (dim,).
        prototypes: direction of each class's mean from there, float32, (classes, dim), rows of length 1.
        means, spreads: of the signs on sentences not trained on, (3,).
    """

    mean: Matrix
    prototypes: Matrix
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]

    def certainty(self, scores: NDArray[np.float64], vectors: Matrix) -> NDArray[np.float64]:
        """Rises with how surely each sentence is in scope; 0 is the mean of those trained on.

        Args:
            scores: see `IntentClassifier.scores`, (n, classes).
            vectors: float32, (n, dim).

        Returns:
            float64, (n,).
        """
        found = signs(scores, nearness(vectors, self.mean, self.prototypes))
        return np.asarray(((found - self.means) / self.spreads).mean(axis=1))


def spelling(text: str) -> tuple[NDArray[np.int64], Matrix]:
    """Pieces of two to four letters, hashed: which buckets they fall in, and how much each counts.

    Returns:
        Buckets, each once, (k,), and values, float32, (k,).
    """
    padded = f" {normalized(text[:_MAX_CHARS])} "
    letters = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32)
    pieces, hashes = [], letters
    for size in range(2, _LONGEST + 1):
        hashes = hashes[:-1] * _FNV_PRIME ^ letters[size - 1 :]
        pieces.append(hashes)
    found = np.concatenate(pieces) * _GOLDEN >> _SHIFT
    counts = np.bincount(found)
    # A mask's rows are found ten times as fast as those of numbers.
    buckets = (counts > 0).nonzero()[0]
    # The squares of the roots add up to the number of pieces.
    values = np.sqrt(counts[buckets], dtype=np.float32) * np.float32(_SPELLING_WEIGHT / len(found) ** 0.5)
    return buckets, values


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=-1, keepdims=True), dtype=np.float64)


def signs(scores: NDArray[np.float64], near: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three signs that a sentence is in scope.

    How strong the scores are together (their "energy", Liu, 2020), how far the likeliest class is ahead (the
    log-odds of its probability), and how near the nearest class's mean vector is.

    Args:
        scores: (n, classes).
        near: see `nearness`, (n,).

    Returns:
        float64, (n, 3).
    """
    top = scores.max(axis=1)
    energy = top + np.log(np.exp(scores - top[:, np.newaxis]).sum(axis=1))
    ahead = np.clip(np.exp(top - energy), 1e-6, 1 - 1e-6)
    return np.stack([energy, np.log(ahead / (1 - ahead)), near], axis=1)


def nearness(vectors: Matrix, mean: Matrix, prototypes: Matrix) -> NDArray[np.float64]:
    """The largest cosine to a prototype, (n,); see `Scope`."""
    return np.asarray((l2_normalise(vectors - mean) @ prototypes.T).max(axis=1), dtype=np.float64)
