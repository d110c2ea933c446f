"""Exports a sentence-transformers model to ONNX. Imports torch: never import it when serving."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer

from nlu.building import load, prefixes
from nlu.errors import EncoderError
from nlu.exported import FORMAT, MANIFEST, MODEL, TOKENIZER, Export, ExportedEncoder, file_hash, pointer
from nlu.use import MAX_CHARS

_OPSET = 17
_LEAST_COSINE = 0.999
_SENTENCES = (
    "J'ai oublié mon mot de passe",
    "The VPN does not connect.",
    "La centrale vapeur fuit et le voyant rouge clignote depuis ce matin : que dois-je faire ?",
)
"""What an export is tried on before it is taken."""


def export(model: str, models: Path, *, int8: bool = False) -> Path:
    """Exports a model and makes the export the one that serves it.

    Args:
        model: see `nlu.encoder.building_encoder`.
        models: folder of all exports; made when it is missing.
        int8: quantise the matrices: a third of the time and of the memory, and not quite the same vectors.

    Returns:
        The folder of the export.

    Raises:
        EncoderError: the model cannot be loaded or exported, or computes something else once exported.
    """
    models.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".export-", dir=models))
    try:
        transformer = load(model)
        _write_model(model, transformer, fresh)
        _write_tokenizer(model, transformer, fresh)
        found = _write_manifest(model, transformer, fresh)
        _check(model, transformer, fresh)
        if int8:
            quantize_dynamic(fresh / MODEL, fresh / MODEL, weight_type=QuantType.QInt8, per_channel=True)
            found = _write_manifest(model, transformer, fresh)
        target = models / found.model_id
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _point(pointer(models, model), target.name)
    return target


class _Alone(torch.nn.Module):
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


def _write_model(model: str, transformer: SentenceTransformer, folder: Path) -> None:
    if not hasattr(transformer[0], "model"):
        raise EncoderError(model, "its first module is no transformer, so it cannot be exported")
    transformer[0].model.set_attn_implementation("eager")
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter warns of each shape that it takes for a constant; `_check` tries other lengths.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Alone(transformer).eval(),
            (torch.tensor([[0, 5, 6, 7, 2]]),),
            str(folder / MODEL),
            input_names=["input_ids"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": {1: "tokens"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _write_tokenizer(model: str, transformer: SentenceTransformer, folder: Path) -> None:
    backend = getattr(transformer.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(model, "it has no fast tokenizer, so it cannot be served")
    backend.save(str(folder / TOKENIZER))


def _write_manifest(model: str, transformer: SentenceTransformer, folder: Path) -> Export:
    query, document = prefixes(model, transformer)
    files = {name: file_hash(folder / name) for name in (MODEL, TOKENIZER)}
    limit = int(transformer.max_seq_length or 512)
    digest = hashlib.sha256(
        json.dumps([FORMAT, query, document, limit, MAX_CHARS, files]).encode()
    ).hexdigest()
    found = Export(
        format=FORMAT,
        model_id=f"{_slug(model)}@{digest[:8]}",
        dim=int(transformer.get_embedding_dimension() or 0),
        query_prefix=query,
        document_prefix=document,
        max_tokens=limit,
        files=files,
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return found


def _slug(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model.partition("@")[0]).name).strip("-.") or "model"


def _check(model: str, transformer: SentenceTransformer, folder: Path) -> None:
    """Compares with what sentence-transformers computes, with its own tokens and padding."""
    prefix, _ = prefixes(model, transformer)
    wanted = transformer.encode(
        [prefix + sentence for sentence in _SENTENCES], normalize_embeddings=True, show_progress_bar=False
    )
    cosines = (ExportedEncoder(folder).encode(_SENTENCES) * wanted).sum(axis=1)
    if not np.min(cosines) >= _LEAST_COSINE:
        raise EncoderError(model, f"exported, it computes something else (cosine {np.min(cosines):.4f})")


def _point(path: Path, folder: str) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"folder": folder}), encoding="utf-8")
    fresh.replace(path)
