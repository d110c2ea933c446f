"""An encoder of known texts whose embeddings are computed beforehand: to compare adapters on them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlu.encoders.encoder import Encoder
from nlu.encoders.vectors import Matrix

_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class PrecomputedEncoder:
    """An `nlu.encoders.encoder.Encoder` for known texts; can be sent to another process.

    Args:
        queries, documents: what `encode` and `encode_documents` give for each text, float32, (dim,).
    """

    model_id: str
    dim: int
    queries: Mapping[str, Matrix]
    documents: Mapping[str, Matrix]

    def encode(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`. Raises KeyError for another text."""
        return self._rows(self.queries, texts)

    def encode_documents(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode_documents`. Raises KeyError for another text."""
        return self._rows(self.documents, texts)

    def _rows(self, known: Mapping[str, Matrix], texts: Sequence[str]) -> Matrix:
        return np.stack([known[text] for text in texts]) if texts else np.empty((0, self.dim), np.float32)


def precompute(
    encoder: Encoder,
    queries: Collection[str],
    documents: Collection[str],
    on_progress: Callable[[int, int], None],
) -> PrecomputedEncoder:
    """Encodes each text once.

    Args:
        on_progress: called with (texts encoded, texts to encode).
    """
    queries, documents = list(dict.fromkeys(queries)), list(dict.fromkeys(documents))
    found: tuple[dict[str, Matrix], dict[str, Matrix]] = ({}, {})
    for texts, encode, known in (
        (queries, encoder.encode, found[0]),
        (documents, encoder.encode_documents, found[1]),
    ):
        for start in range(0, len(texts), _BATCH):
            on_progress(len(found[0]) + len(found[1]), len(queries) + len(documents))
            batch = texts[start : start + _BATCH]
            known.update(zip(batch, encode(batch), strict=True))
    return PrecomputedEncoder(
        model_id=encoder.model_id, dim=encoder.dim, queries=found[0], documents=found[1]
    )
