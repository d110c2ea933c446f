"""USE and e5-small as one encoder: the two are wrong about different questions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlu.exported import ExportedEncoder
from nlu.use import UseEncoder

E5_SHARE = 0.4
"""Of the second cosine in the whole. Right answers change little between .3 and .5."""

Matrix = NDArray[np.float32]


class PairEncoder:
    """Vectors of both side by side, so that their dot product is a weighted mean of two cosines.

    e5's vectors all lie in one narrow cone (cosines of .7 to .9 between any two texts). Their middle is
    taken away first, which leaves cosines that spread like USE's.
    """

    def __init__(self, use: UseEncoder, e5: ExportedEncoder) -> None:
        self._use, self._e5 = use, e5
        self.model_id = f"{use.model_id}+{E5_SHARE:g}*{e5.model_id}"
        self.dim = use.dim + e5.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoder.Encoder.encode`."""
        return _beside(self._use.encode(texts), self._e5.encode(texts) - self._e5.means[0])

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoder.Encoder.encode_documents`."""
        return _beside(
            self._use.encode_documents(texts), self._e5.encode_documents(texts) - self._e5.means[1]
        )


def _beside(use: Matrix, e5: Matrix) -> Matrix:
    e5 = e5 / np.maximum(np.linalg.norm(e5, axis=1, keepdims=True), 1e-9)
    both = np.concatenate([np.sqrt(1 - E5_SHARE) * use, np.sqrt(E5_SHARE) * e5], axis=1)
    return np.asarray(both, dtype=np.float32)
