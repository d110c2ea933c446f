"""Traces a sentence-transformers model to ONNX. Imports torch: never import it when serving."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from nlu.encoders.errors import EncoderError
from nlu.encoders.exported import MODEL, TOKENIZER, Reading
from nlu.encoders.samples import PASSAGES, QUESTIONS, Reference

_OPSET = 17
_E5_PREFIXES = ("query: ", "passage: ")
"""What models of the E5 family expect before questions and documents (their cards say so; not all of
their folders do)."""


def write(model: str, folder: Path) -> tuple[Reading, Reference]:
    """Writes a model's graph and tokenizer.

    Args:
        model: a folder, or a name on the model hub: see `nlu.encoders.serving.serving_encoder`.
        folder: for the files.

    Returns:
        How it reads texts, and what sentence-transformers makes of the samples.

    Raises:
        EncoderError: it cannot be loaded or exported.
    """
    transformer = load(model)
    query, document = prefixes(model, transformer)
    texts = [query + text for text in QUESTIONS] + [document + text for text in PASSAGES]
    vectors = transformer.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    queries, documents = np.split(np.asarray(vectors, dtype=np.float32), [len(QUESTIONS)])
    _write_model(model, transformer, folder / MODEL)
    _write_tokenizer(model, transformer, folder / TOKENIZER)
    max_tokens = int(transformer.max_seq_length or 512)
    reading = Reading(query_prefix=query, document_prefix=document, max_tokens=max_tokens)
    return reading, Reference(queries=queries, documents=documents)


def load(model: str) -> SentenceTransformer:
    """A model of sentence-transformers, on the processor, ready to compute.

    Args:
        model: a folder, or a name on the model hub with `@revision` behind it to pin one.

    Raises:
        EncoderError: it cannot be loaded.
    """
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


class _SingleText(torch.nn.Module):
    """The model as it serves: one text's token numbers in, its unit vector out. Nothing is padded."""

    def __init__(self, transformer: SentenceTransformer) -> None:
        super().__init__()
        self._first, *rest = transformer
        self._rest = torch.nn.ModuleList(rest)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Args: int64, (1, tokens). Returns: float32, (1, dim)."""
        mask = torch.ones_like(input_ids)
        # Already in the shape that the layers use, so that what makes such masks is not traced.
        allowed = torch.zeros(1, 1, 1, 1).expand(-1, -1, input_ids.shape[1], input_ids.shape[1])
        states = self._first.model(input_ids=input_ids, attention_mask=allowed).last_hidden_state
        features: dict[str, Any] = {
            "token_embeddings": states,
            "attention_mask": mask,
            "input_ids": input_ids,
        }
        for module in self._rest:
            features = module(features)
        return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)


def _write_model(model: str, transformer: SentenceTransformer, path: Path) -> None:
    if not hasattr(transformer[0], "model"):
        raise EncoderError(model, "its first module is no transformer, so it cannot be exported")
    transformer[0].model.set_attn_implementation("eager")
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter warns of each shape that it takes for a constant; the check tries other lengths.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _SingleText(transformer).eval(),
            (torch.tensor([[0, 5, 6, 7, 2]]),),
            str(path),
            input_names=["input_ids"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": {1: "tokens"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _write_tokenizer(model: str, transformer: SentenceTransformer, path: Path) -> None:
    backend = getattr(transformer.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(model, "it has no fast tokenizer, so it cannot be served")
    backend.save(str(path))
