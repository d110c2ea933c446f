"""Tells intents apart from examples of each, and what is for none of them.

Multinomial logistic regression on a sentence's vector and spelling. How strictly it is regularised and the
temperature are learnt on sentences that the classifier under trial has not seen. What is kept is a matrix of
weights and a mean vector for each class, so that numpy alone serves it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu.head import Matrix, features, softmax

if TYPE_CHECKING:
    from scipy import sparse

_NAME_PART = re.compile(r"[^\W_a-z]+(?![a-z])|[^\W_]?[^\W_A-Z]+|[^\W_]+")
_TEMPERATURES = np.geomspace(0.2, 5.0, 40)
_PENALTIES = (1.0, 0.3, 0.1, 0.03)
"""Tried from the strictest; each trial starts where the one before it ended."""
_FOLDS = 3
_MANY = 3000
"""Examples from which one fold tells enough."""
_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Tells whether a sentence is for any of the classes at all, by three signs that count alike.

    The signs are how strong the scores are together (their "energy", Liu, 2020), how far the likeliest
    class is ahead (the log-odds of its probability), and how near the nearest class's mean vector is.

    Args:
        middle: of the vectors trained on, float32, (dim,).
        prototypes: direction of each class's mean from there, float32, (classes, dim), rows of length 1.
        means, spreads: of the signs on sentences not trained on, (3,).
    """

    middle: Matrix
    prototypes: Matrix
    means: NDArray[np.float64]
    spreads: NDArray[np.float64]

    def certainty(self, scores: NDArray[np.float64], vectors: Matrix) -> NDArray[np.float64]:
        """Rises with how surely each sentence is in scope; 0 is the middle of those trained on.

        Args:
            scores: see `IntentClassifier.scores`, (n, classes).
            vectors: float32, (n, dim).

        Returns:
            float64, (n,).
        """
        signs = _signs(scores, _nearness(vectors, self.middle, self.prototypes))
        return np.asarray(((signs - self.means) / self.spreads).mean(axis=1))


@dataclass(frozen=True, kw_only=True)
class IntentClassifier:
    """A trained classifier.

    Args:
        labels: classes, in the order of the columns.
        weights: float32, (dim + buckets + 1, classes); the last row is the bias.
        temperature: what scores are multiplied by before the softmax.
        scope: tells what is for none of the classes.
    """

    labels: tuple[str, ...]
    weights: Matrix
    temperature: float
    scope: Scope

    def scores(self, texts: Sequence[str], vectors: Matrix) -> NDArray[np.float64]:
        """What the softmax makes probabilities of, (n, classes)."""
        return np.asarray(self.temperature * (features(texts, vectors) @ self.weights), dtype=np.float64)


def train(texts: Sequence[str], labels: Sequence[str], vectors: Matrix) -> IntentClassifier:
    """Trains a classifier; some seconds for 1500 sentences. Needs scipy, which serving does not.

    Args:
        texts: sentences; each has one label.
        vectors: their encodings, float32, (len(texts), dim).
    """
    classes = tuple(sorted(set(labels)))
    column = {label: index for index, label in enumerate(classes)}
    truth = np.array([column[label] for label in labels])
    examples = _Examples(vectors=vectors.astype(np.float32), spelling=_spelling(texts), truth=truth)
    left_out, near, penalty = _left_out(examples, len(classes))
    tried = ~np.isnan(near)
    temperature = _temperature(left_out[tried], truth[tried])
    scores = temperature * left_out[tried]
    signs = _signs(scores, near[tried])
    middle, prototypes = _prototypes(examples, len(classes))
    return IntentClassifier(
        labels=classes,
        weights=_weights(examples, len(classes), (penalty,))[0],
        temperature=temperature,
        scope=Scope(
            middle=middle,
            prototypes=prototypes,
            means=signs.mean(axis=0),
            spreads=np.maximum(signs.std(axis=0), 1e-6),
        ),
    )


def spoken(label: str) -> str:
    """The name of an intent as words, as a person might say them: "order_status", "cancelOrder"."""
    return " ".join(_NAME_PART.findall(label)).lower() or label


@dataclass(frozen=True, kw_only=True)
class _Examples:
    """Sentences to learn from.

    Args:
        vectors: float32, (n, dim).
        spelling: float32, (n, buckets).
        truth: class of each, (n,).
    """

    vectors: Matrix
    spelling: "sparse.csr_array"
    truth: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "_Examples":
        return _Examples(vectors=self.vectors[rows], spelling=self.spelling[rows], truth=self.truth[rows])


def _spelling(texts: Sequence[str]) -> "sparse.csr_array":
    """The spelling part of the features; a block at a time, as it is nearly all zeros."""
    from scipy import sparse

    blocks = []
    for start in range(0, len(texts), _ROWS):
        block = texts[start : start + _ROWS]
        blocks.append(sparse.csr_array(features(block, np.empty((len(block), 0), np.float32))[:, :-1]))
    return sparse.vstack(blocks, format="csr")


def _weights(examples: _Examples, classes: int, penalties: Sequence[float]) -> list[Matrix]:
    """Weights for each penalty, as `IntentClassifier.weights`."""
    from nlu import logistic

    counts = np.bincount(examples.truth, minlength=classes)
    targets = np.zeros((len(examples.truth), classes), dtype=np.float32)
    # Half way between each sentence and each class counting alike.
    balance = np.sqrt(counts.sum() / np.count_nonzero(counts) / np.maximum(counts, 1))
    targets[np.arange(len(examples.truth)), examples.truth] = balance[examples.truth]
    metric = logistic.metric(examples.vectors, examples.truth, classes)
    dense = np.asarray((examples.vectors - metric.middle) @ metric.turn, dtype=np.float32)
    found: list[Matrix] = []
    fitted: Matrix | None = None
    for penalty in penalties:
        fitted = logistic.fit(dense, examples.spelling, targets, penalty=penalty, start=fitted)
        whole = fitted.copy()
        dim = dense.shape[1]
        whole[:dim] = metric.turn @ fitted[:dim]
        whole[-1] -= metric.middle @ whole[:dim]
        found.append(whole)
    return found


def _left_out(examples: _Examples, classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """What classifiers say of sentences that they lack.

    Returns:
        Scores, (n, classes), and nearness to the nearest prototype, (n,), both NaN where not tried; and the
        penalty with the least log-loss.
    """
    fold = _folds(examples.truth)
    tried = range(1 if len(fold) > _MANY else _FOLDS)
    scores = np.full((len(_PENALTIES), len(fold), classes), np.nan)
    near = np.full(len(fold), np.nan)
    for number in tried:
        out = fold == number
        if not out.any() or out.all():
            continue
        kept, other = examples.take(~out), examples.take(out)
        near[out] = _nearness(other.vectors, *_prototypes(kept, classes))
        for index, weights in enumerate(_weights(kept, classes, _PENALTIES)):
            dim = other.vectors.shape[1]
            scores[index, out] = (
                other.vectors @ weights[:dim] + other.spelling @ weights[dim:-1] + weights[-1]
            )
    rows = np.flatnonzero(~np.isnan(near))
    truth = examples.truth[rows]
    losses = [_log_loss(_temperature(each[rows], truth) * each[rows], truth) for each in scores]
    best = int(np.argmin(losses))
    return scores[best], near, _PENALTIES[best]


def _folds(truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold for each sentence; those of one class are spread over all, in an order fixed by chance."""
    shuffled = np.random.default_rng(0).permutation(len(truth))
    fold = np.empty(len(truth), dtype=np.int64)
    fold[shuffled[np.argsort(truth[shuffled], kind="stable")]] = np.arange(len(truth)) % _FOLDS
    return fold


def _prototypes(examples: _Examples, classes: int) -> tuple[Matrix, Matrix]:
    """The middle of the vectors, and the direction of each class's mean from there."""
    middle = examples.vectors.mean(axis=0)
    means = np.zeros((classes, len(middle)), dtype=np.float32)
    np.add.at(means, examples.truth, _directions(examples.vectors - middle))
    return middle, _directions(means)


def _nearness(vectors: Matrix, middle: Matrix, prototypes: Matrix) -> NDArray[np.float64]:
    """The largest cosine to a prototype, (n,)."""
    return np.asarray((_directions(vectors - middle) @ prototypes.T).max(axis=1), dtype=np.float64)


def _directions(vectors: Matrix) -> Matrix:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _signs(scores: NDArray[np.float64], near: NDArray[np.float64]) -> NDArray[np.float64]:
    """The signs of `Scope`, (n, 3)."""
    top = scores.max(axis=1)
    energy = top + np.log(np.exp(scores - top[:, np.newaxis]).sum(axis=1))
    ahead = np.clip(np.exp(top - energy), 1e-6, 1 - 1e-6)
    return np.stack([energy, np.log(ahead / (1 - ahead)), near], axis=1)


def _log_loss(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float(-np.log(softmax(scores)[np.arange(len(truth)), truth] + 1e-12).mean())


def _temperature(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The one with the least log-loss."""
    losses = [_log_loss(t * scores, truth) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
