"""Trains the classifier of intents. Importing it imports scipy: for training only.

How strictly it is regularised, and the temperature, are learnt on sentences that the classifier under trial
has not seen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from nlu.encoders.vectors import l2_normalise
from nlu.intents import logistic
from nlu.intents.classifier import (
    BUCKETS,
    IntentClassifier,
    Matrix,
    Scope,
    nearness,
    signs,
    softmax,
    spelling,
)

_NAME_PART = re.compile(r"[^\W_a-z]+(?![a-z])|[^\W_]?[^\W_A-Z]+|[^\W_]+")
_TEMPERATURES = np.geomspace(0.2, 5.0, 40)
_PENALTIES = (1.0, 0.3, 0.1, 0.03)
"""Tried from the strictest; each trial starts where the one before it ended."""
_FOLDS = 3
_MANY = 3000
"""Examples from which one fold tells enough."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A classifier, and what is known of it.

    Args:
        classifier: trained on all sentences.
        scope: tells what is for none of its classes.
        left_out: probabilities of some sentences by a classifier that lacks them, (k, classes).
        truth: the classes of those, (k,).
    """

    classifier: IntentClassifier
    scope: Scope
    left_out: NDArray[np.float64]
    truth: NDArray[np.int64]


def train(texts: Sequence[str], labels: Sequence[str], vectors: Matrix) -> Fitted:
    """Trains a classifier; some seconds for 1500 sentences.

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
    found = signs(scores, near[tried])
    mean, prototypes = _prototypes(examples, len(classes))
    weights = _weights(examples, len(classes), (penalty,))[0] * np.float32(temperature)
    return Fitted(
        classifier=IntentClassifier(labels=classes, weights=weights),
        scope=Scope(
            mean=mean,
            prototypes=prototypes,
            means=found.mean(axis=0),
            spreads=np.maximum(found.std(axis=0), 1e-6),
        ),
        left_out=softmax(scores),
        truth=truth[tried],
    )


def spoken(label: str) -> str:
    """The name of an intent as words, as a person might say them: "order_status", "cancelOrder"."""
    return " ".join(_NAME_PART.findall(label)).lower() or label


@dataclass(frozen=True, kw_only=True)
class _Examples:
    """Sentences to learn from.

    Args:
        vectors: float32, (n, dim).
        spelling: float32, (n, BUCKETS).
        truth: class of each, (n,).
    """

    vectors: Matrix
    spelling: "sparse.csr_array"
    truth: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "_Examples":
        return _Examples(vectors=self.vectors[rows], spelling=self.spelling[rows], truth=self.truth[rows])


def _spelling(texts: Sequence[str]) -> "sparse.csr_array":
    rows = [spelling(text) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    buckets = np.concatenate([buckets for buckets, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return sparse.csr_array((values, buckets, ends), shape=(len(rows), BUCKETS))


def _weights(examples: _Examples, classes: int, penalties: Sequence[float]) -> list[Matrix]:
    """Weights for each penalty, as `IntentClassifier.weights`."""
    counts = np.bincount(examples.truth, minlength=classes)
    targets = np.zeros((len(examples.truth), classes), dtype=np.float32)
    # Half way between each sentence and each class counting alike.
    balance = np.sqrt(counts.sum() / np.count_nonzero(counts) / np.maximum(counts, 1))
    targets[np.arange(len(examples.truth)), examples.truth] = balance[examples.truth]
    whitening = logistic.whitening(examples.vectors, examples.truth, classes)
    dense = np.asarray((examples.vectors - whitening.mean) @ whitening.matrix, dtype=np.float32)
    found: list[Matrix] = []
    fitted: Matrix | None = None
    for penalty in penalties:
        fitted = logistic.fit(dense, examples.spelling, targets, penalty=penalty, start=fitted)
        whole = fitted.copy()
        dim = dense.shape[1]
        whole[:dim] = whitening.matrix @ fitted[:dim]
        whole[-1] -= whitening.mean @ whole[:dim]
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
        near[out] = nearness(other.vectors, *_prototypes(kept, classes))
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
    """The mean of the vectors, and the direction of each class's mean from there."""
    mean = examples.vectors.mean(axis=0)
    means = np.zeros((classes, len(mean)), dtype=np.float32)
    np.add.at(means, examples.truth, l2_normalise(examples.vectors - mean))
    return mean, l2_normalise(means)


def _log_loss(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    return float(-np.log(softmax(scores)[np.arange(len(truth)), truth] + 1e-12).mean())


def _temperature(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """The one with the least log-loss."""
    losses = [_log_loss(t * scores, truth) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
