"""A linear adapter behind an encoder: a matrix that brings questions nearer to what answers them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu.errors import EncoderError

if TYPE_CHECKING:
    from nlu.encoder import Encoder

Matrix = NDArray[np.float32]


class AdaptedEncoder:
    """An encoder whose vectors go through a matrix and are brought back to length 1.

    Args:
        encoder: what the matrix was trained behind.
        matrix: float32, (encoder.dim, dim).
    """

    def __init__(self, encoder: "Encoder", matrix: Matrix) -> None:
        if matrix.ndim != 2 or matrix.shape[0] != encoder.dim:
            raise EncoderError(encoder.model_id, "the adapter was trained for another encoder")
        self._encoder = encoder
        self._matrix = matrix
        digest = hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
        self.model_id = f"{encoder.model_id}*adapter@{digest[:8]}"
        self.dim = matrix.shape[1]

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoder.Encoder.encode`."""
        return self._adapted(self._encoder.encode(texts))

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoder.Encoder.encode_documents`."""
        return self._adapted(self._encoder.encode_documents(texts))

    def _adapted(self, vectors: Matrix) -> Matrix:
        moved = vectors @ self._matrix
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), np.float32)


def read_matrix(path: Path) -> Matrix:
    """The matrix that `write_matrix` wrote.

    Raises:
        EncoderError: the file cannot be read.
    """
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    except (OSError, ValueError, EOFError) as exc:
        raise EncoderError(str(path), "the adapter cannot be read; train it again") from exc


def write_matrix(path: Path, matrix: Matrix) -> None:
    """Writes a matrix in half precision, in one step."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        np.save(file, matrix.astype(np.float16), allow_pickle=False)
    fresh.replace(path)
