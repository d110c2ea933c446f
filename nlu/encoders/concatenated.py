"""Two encoders as one: USE and e5-light are wrong about different questions."""

from collections.abc import Sequence

import numpy as np

from nlu.encoders.encoder import Encoder
from nlu.encoders.exported import ExportedEncoder
from nlu.encoders.vectors import Matrix, l2_normalise

SHARE = 0.4
"""Weight of the second cosine in the sum. Right answers change little between .3 and .5."""


class CentredEncoder:
    """An encoder whose mean embedding is subtracted.

    All embeddings of e5 lie in one narrow cone (cosines of .7 to .9 between any two texts). Without their
    mean, its cosines spread like USE's.
    """

    def __init__(self, encoder: ExportedEncoder) -> None:
        self._encoder = encoder
        self.model_id, self.dim = f"{encoder.model_id}-middle", encoder.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        return l2_normalise(self._encoder.encode(texts) - self._encoder.means[0])

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode_documents`."""
        return l2_normalise(self._encoder.encode_documents(texts) - self._encoder.means[1])


class ConcatenatedEncoder:
    """Embeddings of two encoders side by side; their dot product is a weighted mean of the two cosines."""

    def __init__(self, first: Encoder, second: Encoder) -> None:
        self._parts = first, second
        self.model_id = f"{first.model_id}+{SHARE:g}*{second.model_id}"
        self.dim = first.dim + second.dim

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        first, second = (part.encode(texts) for part in self._parts)
        return _concatenated(first, second)

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode_documents`."""
        first, second = (part.encode_documents(texts) for part in self._parts)
        return _concatenated(first, second)


def _concatenated(first: Matrix, second: Matrix) -> Matrix:
    both = np.concatenate([np.sqrt(1 - SHARE) * first, np.sqrt(SHARE) * second], axis=1)
    return np.asarray(both, dtype=np.float32)
