"""A linear adapter behind an encoder: matrices that bring queries nearer to the documents that answer them.

Two may follow one another: the product's own, and one that was tuned to an organisation's questions.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.text.files import atomic_writer
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError
from nlu.encoders.vectors import Matrix, l2_normalise

_TUNE_AGAIN = "run `relais kb tune` again, or `relais kb tune --undo` to do without it"


@dataclass(frozen=True, kw_only=True)
class TrainingPair:
    """A question and what answers it: what an adapter is trained on.

    Args:
        question: as somebody asked it.
        answer: a title, a text, or both.
    """

    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """What embeddings are multiplied with.

    Args:
        queries: for what a person writes, float32, (dim, dim).
        documents: for titles and texts, float32, (dim, dim).
    """

    queries: Matrix
    documents: Matrix


class AdaptedEncoder:
    """An encoder whose embeddings are multiplied by a matrix and L2-normalised.

    Args:
        encoder: what the adapter was trained behind.
        adapter: its matrices are of the encoder's dimension.
        name: of the adapter in the model's id.
    """

    def __init__(self, encoder: Encoder, adapter: Adapter, *, name: str = "adapter") -> None:
        both = np.stack([adapter.queries, adapter.documents])
        if both.shape[1:] != (encoder.dim, encoder.dim):
            raise EncoderError(encoder.model_id, "the adapter was trained for another encoder")
        self._encoder = encoder
        self._adapter = adapter
        self.model_id = f"{encoder.model_id}*{name}@{hashlib.sha256(both.tobytes()).hexdigest()[:8]}"
        self.dim = encoder.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        return _multiplied(self._adapter.queries, self._encoder.encode(texts))

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode_documents`."""
        return _multiplied(self._adapter.documents, self._encoder.encode_documents(texts))


def _multiplied(matrix: Matrix, vectors: Matrix) -> Matrix:
    # One by one: BLAS rounds a row differently within a larger matrix, and a text must always get the same
    # embedding.
    moved = [row @ matrix for row in vectors]
    return l2_normalise(np.array(moved, dtype=np.float32).reshape(-1, matrix.shape[1]))


def read_adapter(path: Path) -> Adapter:
    """The adapter that `write_adapter` wrote.

    Raises:
        EncoderError: the file cannot be read.
    """
    try:
        queries, documents = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError, EOFError) as exc:
        raise EncoderError(str(path), "the adapter cannot be read; train it again") from exc
    return Adapter(queries=queries, documents=documents)


def write_adapter(path: Path, adapter: Adapter) -> None:
    """Writes an adapter in half precision, in one step."""
    with atomic_writer(path) as file:
        np.save(file, _half(adapter), allow_pickle=False)


def _half(adapter: Adapter) -> NDArray[np.float16]:
    return np.stack([adapter.queries, adapter.documents]).astype(np.float16)


def tuned_file(models: Path) -> Path:
    """Where the adapter that an organisation tuned is kept, if there is one."""
    return models / "tuned.npz"


def with_tuned(encoder: Encoder, models: Path) -> Encoder:
    """The encoder with what was tuned behind it, or as it is when nothing was.

    Raises:
        EncoderError: the file is damaged, or was tuned behind another encoder.
    """
    path = tuned_file(models)
    if not path.exists():
        return encoder
    try:
        with path.open("rb") as source, np.load(source, allow_pickle=False) as file:
            behind, (queries, documents) = str(file["behind"]), file["adapter"].astype(np.float32)
    # zipfile raises RuntimeError where a damaged flag asks for a password or an unknown method.
    except (OSError, ValueError, TypeError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile) as exc:
        raise EncoderError(str(path), f"what was tuned cannot be read; {_TUNE_AGAIN}") from exc
    if behind != encoder.model_id:
        raise EncoderError(
            str(path), f"this was tuned behind {behind}, and {encoder.model_id} is in use; {_TUNE_AGAIN}"
        )
    return AdaptedEncoder(encoder, Adapter(queries=queries, documents=documents), name="tuned")


def write_tuned(models: Path, encoder: Encoder, adapter: Adapter) -> None:
    """Keeps what was tuned behind an encoder, in half precision and in one step."""
    models.mkdir(parents=True, exist_ok=True)
    with atomic_writer(tuned_file(models)) as file:
        np.savez(file, behind=np.array(encoder.model_id), adapter=_half(adapter))
