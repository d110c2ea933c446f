"""An encoder that gives the vectors of known texts again: to compare adapters without encoding anew."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.encoder import Encoder

Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]

_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class RememberedEncoder:
    """An `nlu.encoders.encoder.Encoder` for known texts; can be sent to another process.

    Args:
        asked, told: what `encode` and `encode_documents` give for each text, float32, (dim,).
    """

    model_id: str
    dim: int
    asked: Mapping[str, Matrix]
    told: Mapping[str, Matrix]

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`. Raises KeyError for another text."""
        return self._rows(self.asked, texts)

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode_documents`. Raises KeyError for another text."""
        return self._rows(self.told, texts)

    def _rows(self, known: Mapping[str, Matrix], texts: Sequence[str]) -> Matrix:
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)


def remember(
    encoder: Encoder, asked: Collection[str], told: Collection[str], on_progress: Progress
) -> RememberedEncoder:
    """Encodes texts once.

    Args:
        asked: questions.
        told: what they are held against.
        on_progress: told (texts encoded, texts to encode).
    """
    asked, told = list(dict.fromkeys(asked)), list(dict.fromkeys(told))
    found: tuple[dict[str, Matrix], dict[str, Matrix]] = ({}, {})
    for texts, encode, known in (
        (asked, encoder.encode, found[0]),
        (told, encoder.encode_documents, found[1]),
    ):
        for start in range(0, len(texts), _BATCH):
            on_progress(len(found[0]) + len(found[1]), len(asked) + len(told))
            batch = texts[start : start + _BATCH]
            known.update(zip(batch, encode(batch), strict=True))
    return RememberedEncoder(model_id=encoder.model_id, dim=encoder.dim, asked=found[0], told=found[1])
