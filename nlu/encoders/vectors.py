"""Matrices of embeddings."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""Embeddings, one a row, (n, dim), unless said otherwise."""


def l2_normalise(vectors: Matrix) -> Matrix:
    """The rows scaled to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
