"""Multinomial logistic regression on vectors and spelling. Importing it imports scipy: for training only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

_SHRINKAGE = 0.3
_WHITENING = -0.25
"""Power of the covariance within classes: -0.5 would be Fisher's discriminant, 0 the vectors as they are.
Half way helps classes of few examples."""
_LENGTH = 1.5
"""Root mean square length of a vector once whitened; that of spelling is 0.6."""
_STEPS = 150
_TOLERANCE = 1e-6

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Whitening:
    """How vectors are transformed before they are classified: the mean subtracted, then multiplied.

    Args:
        mean: float32, (dim,).
        matrix: float32, (dim, dim).
    """

    mean: Matrix
    matrix: Matrix


def whitening(vectors: Matrix, truth: NDArray[np.int64], classes: int) -> Whitening:
    """Shrinks the directions in which vectors vary within classes.

    Args:
        vectors: float32, (n, dim).
        truth: class of each row, (n,).
        classes: how many there are.
    """
    mean = vectors.mean(axis=0)
    centred = (vectors - mean).astype(np.float64)
    counts = np.maximum(np.bincount(truth, minlength=classes), 1)
    class_means = np.zeros((classes, vectors.shape[1]))
    np.add.at(class_means, truth, centred)
    rest = centred - (class_means / counts[:, np.newaxis])[truth]
    covariance = rest.T @ rest / len(vectors)
    dim = len(covariance)
    floor = max(float(np.trace(covariance)) / dim, 1e-9)
    values, axes = np.linalg.eigh((1 - _SHRINKAGE) * covariance + _SHRINKAGE * floor * np.eye(dim))
    matrix = (axes * values**_WHITENING) @ axes.T
    length = float(np.sqrt(np.square(centred @ matrix).sum(axis=1).mean()))
    matrix *= _LENGTH / max(length, 1e-9)
    return Whitening(mean=mean, matrix=matrix.astype(np.float32))


def fit(
    dense: Matrix,
    spelling: "sparse.csr_array",
    targets: Matrix,
    *,
    penalty: float,
    start: Matrix | None = None,
) -> Matrix:
    """The weights with the least log-loss plus half the penalty times their squares.

    Args:
        dense: float32, (n, dim).
        spelling: float32, (n, buckets).
        targets: how much each row counts, in the column of its class, (n, classes).
        penalty: in examples; the bias has none.
        start: weights to begin with.

    Returns:
        float32, (dim + buckets + 1, classes); the last row is the bias.
    """
    dim, buckets, classes = dense.shape[1], spelling.shape[1], targets.shape[1]
    shape = (dim + buckets + 1, classes)
    weight = targets.sum(axis=1, keepdims=True)
    transposed = spelling.T.tocsr()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        scores = dense @ weights[:dim] + spelling @ weights[dim:-1] + weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        exps = np.exp(scores)
        sums = exps.sum(axis=1, keepdims=True)
        lost = float((weight * np.log(sums)).sum(dtype=np.float64) - (targets * scores).sum(dtype=np.float64))
        errors = weight * (exps / sums) - targets
        gradient = np.empty(shape)
        gradient[:dim] = dense.T @ errors + penalty * weights[:dim]
        gradient[dim:-1] = transposed @ errors + penalty * weights[dim:-1]
        gradient[-1] = errors.sum(axis=0)
        lost += 0.5 * penalty * float(np.square(weights[:-1]).sum(dtype=np.float64))
        return lost, gradient.ravel()

    first = np.zeros(shape) if start is None else start.astype(np.float64)
    found = minimize(
        loss,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _STEPS, "ftol": _TOLERANCE, "maxcor": 8},
    )
    return np.asarray(found.x.reshape(shape), dtype=np.float32)
