"""A linear adapter behind an encoder: a matrix that brings questions nearer to what answers them.

Two may follow one another: the product's own, and one that was tuned to an organisation's questions.
"""

import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu.errors import EncoderError

if TYPE_CHECKING:
    from nlu.encoder import Encoder

Matrix = NDArray[np.float32]

_TUNE_AGAIN = "run `relais kb tune` again, or `relais kb tune --undo` to do without it"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A question and what answers it.

    Args:
        question: as somebody asked it.
        answer: a title, a text, or both.
    """

    question: str
    answer: str


class AdaptedEncoder:
    """An encoder whose vectors go through a matrix and are brought back to length 1.

    Args:
        encoder: what the matrix was trained behind.
        matrix: float32, (encoder.dim, dim).
        name: of the matrix in the model's id.
    """

    def __init__(self, encoder: "Encoder", matrix: Matrix, *, name: str = "adapter") -> None:
        if matrix.ndim != 2 or matrix.shape[0] != encoder.dim:
            raise EncoderError(encoder.model_id, "the adapter was trained for another encoder")
        self._encoder = encoder
        self._matrix = matrix
        digest = hashlib.sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
        self.model_id = f"{encoder.model_id}*{name}@{digest[:8]}"
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


def tuned_file(models: Path) -> Path:
    """Where the adapter that an organisation tuned is kept, if there is one."""
    return models / "tuned.npz"


def with_tuned(encoder: "Encoder", models: Path) -> "Encoder":
    """The encoder with what was tuned behind it, or as it is when nothing was.

    Raises:
        EncoderError: the file is damaged, or was tuned behind another encoder.
    """
    path = tuned_file(models)
    if not path.exists():
        return encoder
    try:
        with path.open("rb") as source, np.load(source, allow_pickle=False) as file:
            behind, matrix = str(file["behind"]), np.asarray(file["matrix"], dtype=np.float32)
    # zipfile raises RuntimeError where a damaged flag asks for a password or an unknown method.
    except (OSError, ValueError, TypeError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile) as exc:
        raise EncoderError(str(path), f"what was tuned cannot be read; {_TUNE_AGAIN}") from exc
    if behind != encoder.model_id:
        raise EncoderError(
            str(path), f"this was tuned behind {behind}, and {encoder.model_id} is in use; {_TUNE_AGAIN}"
        )
    return AdaptedEncoder(encoder, matrix, name="tuned")


def write_tuned(models: Path, encoder: "Encoder", matrix: Matrix) -> None:
    """Keeps what was tuned behind an encoder, in half precision and in one step."""
    models.mkdir(parents=True, exist_ok=True)
    path = tuned_file(models)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as file:
        np.savez(file, behind=np.array(encoder.model_id), matrix=matrix.astype(np.float16))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
