"""What every sentence encoder does."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Turns texts into embeddings whose dot product is their cosine similarity."""

    @property
    def model_id(self) -> str:
        """Name and start of a hash of weights, prefixes and version: one id, one result."""

    @property
    def dim(self) -> int:
        """Length of an embedding."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encodes each text on its own, as a query: questions, ways of asking, examples of intents.

        Args:
            texts: any length each; read up to `nlu.encoders.exported.MAX_CHARS`. An empty one is encoded too.

        Returns:
            float32, (len(texts), dim), rows of length 1.
        """

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same for what queries are compared with: titles and texts of articles.

        Some models were trained with another prefix for these.
        """
