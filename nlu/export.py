"""Exports a sentence-transformers model to ONNX. Imports torch: never import it when serving."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentence_transformers import SentenceTransformer

from nlu import e5
from nlu.building import load, prefixes
from nlu.errors import EncoderError
from nlu.exported import FORMAT, MANIFEST, MODEL, TOKENIZER, Export, ExportedEncoder, file_hash, pointer
from nlu.samples import PASSAGES, QUESTIONS
from nlu.use import MAX_CHARS

_OPSET = 17
_LEAST_COSINE, _LEAST_COSINE_INT8 = 0.999, 0.997
"""Between a text's vector and what sentence-transformers makes of it."""
_MIGRATION = 0.65
"""How much of the trouble of int8 goes from activations to weights; .5 to .8 measured, .65 was best."""
_INT8 = frozenset({e5.NAME})
"""Models that measured no loss with int8 matrices."""


def export(model: str, models: Path) -> Path:
    """Exports a model and makes the export the one that serves it.

    Args:
        model: see `nlu.encoder.building_encoder`.
        models: folder of all exports; made when it is missing.

    Returns:
        The folder of the export.

    Raises:
        EncoderError: the model cannot be loaded or exported, or computes something else once exported.
    """
    models.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".export-", dir=models))
    try:
        transformer = load(model)
        wanted = _encoded(model, transformer)
        if model in _INT8:
            _smooth(transformer, [prefix + text for prefix, text in _samples(model, transformer)])
        _write_model(model, transformer, fresh)
        _write_tokenizer(model, transformer, fresh)
        found = _write_manifest(model, transformer, wanted, fresh)
        _check(model, wanted, ExportedEncoder(fresh), _LEAST_COSINE)
        if model in _INT8:
            _quantise(fresh / MODEL)
            found = _write_manifest(model, transformer, wanted, fresh)
            _check(model, wanted, ExportedEncoder(fresh), _LEAST_COSINE_INT8)
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


def _write_manifest(
    model: str, transformer: SentenceTransformer, wanted: NDArray[np.float32], folder: Path
) -> Export:
    query, document = prefixes(model, transformer)
    query_mean, document_mean = (
        rows.mean(axis=0).round(6) for rows in (wanted[: len(QUESTIONS)], wanted[len(QUESTIONS) :])
    )
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
        query_mean=query_mean.tolist(),
        document_mean=document_mean.tolist(),
        files=files,
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return found


def _slug(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model.partition("@")[0]).name).strip("-.") or "model"


def _samples(model: str, transformer: SentenceTransformer) -> list[tuple[str, str]]:
    """Prefixes and texts of all samples."""
    query, document = prefixes(model, transformer)
    return [(query, text) for text in QUESTIONS] + [(document, text) for text in PASSAGES]


def _encoded(model: str, transformer: SentenceTransformer) -> NDArray[np.float32]:
    """What sentence-transformers makes of the samples, with its own tokens and padding."""
    texts = [prefix + text for prefix, text in _samples(model, transformer)]
    vectors = transformer.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def _check(model: str, wanted: NDArray[np.float32], found: ExportedEncoder, least: float) -> None:
    vectors = np.concatenate([found.encode(QUESTIONS), found.encode_documents(PASSAGES)])
    cosine = float((vectors * wanted).sum(axis=1).min())
    if not cosine >= least:
        raise EncoderError(model, f"exported, it computes something else (cosine {cosine:.4f})")


class _Scaled(torch.nn.Module):
    """A linear layer whose inputs are divided by what its weights are multiplied by."""

    inverse: torch.Tensor

    def __init__(self, linear: torch.nn.Linear, scale: torch.Tensor) -> None:
        super().__init__()
        linear.weight.data *= scale
        self.linear = linear
        self.register_buffer("inverse", 1 / scale)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Args and returns: as the linear layer."""
        result: torch.Tensor = self.linear(states * self.inverse)
        return result


def _smooth(transformer: SentenceTransformer, texts: Sequence[str]) -> None:
    """Evens out the inputs of linear layers, of which a few channels are so large that int8 loses the rest.

    SmoothQuant (Xiao et al. 2023). Layers with the same input get the same scale: it is quantised once.
    """
    largest: dict[str, torch.Tensor] = {}
    same_input: dict[tuple[str, int], list[str]] = {}
    linears = {name: m for name, m in transformer.named_modules() if isinstance(m, torch.nn.Linear)}

    def watch(name: str, states: torch.Tensor) -> None:
        seen = states.detach().abs().flatten(0, -2).amax(dim=0)
        largest[name] = torch.maximum(largest[name], seen) if name in largest else seen

    hooks = [
        linear.register_forward_hook(lambda _, inputs, __, name=name: watch(name, inputs[0]))
        for name, linear in linears.items()
    ]
    transformer.encode(list(texts), batch_size=1, show_progress_bar=False)
    for hook in hooks:
        hook.remove()
    for name in largest:
        parent = name.rpartition(".")[0]
        same_input.setdefault((parent, linears[name].in_features), []).append(name)
    for names in same_input.values():
        weights = torch.stack([linears[name].weight.detach().abs().amax(dim=0) for name in names]).amax(dim=0)
        inputs = torch.stack([largest[name] for name in names]).amax(dim=0)
        scale = inputs.clamp(min=1e-5) ** _MIGRATION / weights.clamp(min=1e-5) ** (1 - _MIGRATION)
        for name in names:
            parent, _, leaf = name.rpartition(".")
            setattr(transformer.get_submodule(parent), leaf, _Scaled(linears[name], scale.clamp(min=1e-3)))


def _quantise(path: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".onnx", dir=path.parent) as quantised:
        quantize_dynamic(
            path,
            quantised.name,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
            extra_options={"MatMulConstBOnly": True},
        )
        shutil.copyfile(quantised.name, path)


def _point(path: Path, folder: str) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps({"folder": folder}), encoding="utf-8")
    fresh.replace(path)
