"""The trained part: from a sentence's vector and its spelling to a probability for each intent.

Regularised least squares on one-hot targets (Rifkin, "Everything Old Is New Again", 2002): one linear
system instead of many passes, and its leave-one-out predictions come in closed form, so that the
probabilities are calibrated on sentences that the head has not seen.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.text import normal

QUESTION = "question"
"""The class of ordinary questions, which the knowledge base may answer."""
NONE = frozenset({QUESTION, "out_of_scope"})
"""The classes that are no intent."""

_BUCKETS = 4096
_NGRAMS = (2, 3, 4)
_MAX_CHARS = 200
_SPELLING_WEIGHT = 0.6
_RIDGE = 0.15
_FALSE_ACCEPTS = 0.02
_TEMPERATURES = np.geomspace(2.0, 40.0, 40)

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Head:
    """Weights of a trained head.

    Args:
        labels: classes, in the order of the columns.
        weights: float32, (dim + buckets + 1, classes); the last row is the bias.
        temperature: what scores are multiplied by before the softmax.
        threshold: probability from which an intent is taken; chosen on leave-one-out predictions so
            that two in a hundred other sentences pass.
    """

    labels: tuple[str, ...]
    weights: Matrix
    temperature: float
    threshold: float

    def probabilities(self, text: str, vector: Matrix) -> dict[str, float]:
        """The probability of each class; those of `NONE` are no intents.

        Args:
            text: the sentence.
            vector: its encoding, float32, (dim,).
        """
        scores = features([text], vector[np.newaxis, :])[0] @ self.weights
        return dict(zip(self.labels, softmax(self.temperature * scores).tolist(), strict=True))


def train(texts: Sequence[str], labels: Sequence[str], vectors: Matrix) -> Head:
    """Trains a head; about a second for 1500 sentences.

    Args:
        texts: sentences; each has one label, `NONE` for those without an intent.
        vectors: their encodings, float32, (len(texts), dim).
    """
    classes = tuple(sorted(set(labels)))
    column = {label: index for index, label in enumerate(classes)}
    truth = np.array([column[label] for label in labels])
    targets = np.zeros((len(texts), len(classes)), dtype=np.float64)
    targets[np.arange(len(texts)), truth] = 1.0
    matrix = features(texts, vectors)
    dual, left_out = _solve(matrix, targets, truth)
    temperature = _temperature(left_out, truth)
    threshold = _threshold(
        softmax(temperature * left_out), truth, np.array([label in NONE for label in classes], dtype=np.bool_)
    )
    weights = (matrix.T @ dual.astype(np.float32)).astype(np.float32)
    return Head(labels=classes, weights=weights, temperature=temperature, threshold=threshold)


def features(texts: Sequence[str], vectors: Matrix) -> Matrix:
    """Vectors beside spelling beside a one: float32, (n, dim + buckets + 1)."""
    spelling = np.zeros((len(texts), _BUCKETS), dtype=np.float32)
    for row, text in enumerate(texts):
        padded = f" {normal(text[:_MAX_CHARS])} "
        for size in _NGRAMS:
            for start in range(len(padded) - size + 1):
                spelling[row, zlib.crc32(padded[start : start + size].encode()) % _BUCKETS] += 1.0
    np.sqrt(spelling, out=spelling)
    lengths = np.linalg.norm(spelling, axis=1, keepdims=True)
    spelling *= _SPELLING_WEIGHT / np.maximum(lengths, 1e-9)
    ones = np.ones((len(texts), 1), dtype=np.float32)
    return np.concatenate([vectors.astype(np.float32), spelling, ones], axis=1)


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exps / exps.sum(axis=-1, keepdims=True), dtype=np.float64)


def _solve(
    matrix: Matrix, targets: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Dual weights, and predictions for each row by the head that lacks it: y - a / diag(G^-1)."""
    counts = np.bincount(truth)[truth]
    # Half way between each sentence and each class counting alike.
    weight = np.sqrt(counts.mean() / counts)
    kernel = (matrix @ matrix.T).astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += _RIDGE / weight
    inverse = np.linalg.inv(kernel)
    dual = inverse @ targets
    left_out = targets - dual / np.diag(inverse)[:, np.newaxis]
    return dual, left_out


def _temperature(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The one with the least log-loss."""
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(t * scores)[rows, truth] + 1e-12).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _threshold(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], none: NDArray[np.bool_]
) -> float:
    others = probabilities[none[truth]][:, ~none]
    if not others.size:
        return 0.5
    return float(np.clip(np.quantile(others.max(axis=1), 1 - _FALSE_ACCEPTS), 0.4, 0.9))
