"""What is done to vectors everywhere."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def directions(vectors: Matrix) -> Matrix:
    """The vectors, drawn to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
