"""Exports models to ONNX, each compared with the original before it serves.

The two that come in wheels are written as graphs of their own, without torch; any other is traced from
sentence-transformers, which imports torch (seconds, 500 MB). Never import this when serving.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.text.files import atomic_write_text
from nlu.encoders import e5, e5_graph, use, use_graph
from nlu.encoders.errors import EncoderError
from nlu.encoders.exported import (
    FORMAT,
    MANIFEST,
    MAX_CHARS,
    MODEL,
    SENTENCEPIECE,
    TOKENIZER,
    Export,
    ExportedEncoder,
    file_hash,
    pointer,
    prepared,
)
from nlu.encoders.samples import PASSAGES, QUESTIONS

LEAST_COSINE, LEAST_COSINE_INT8 = 0.999, 0.997
"""Between a text's vector and what the original makes of it."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Original:
    """What is known of the model that was exported.

    Args:
        query_prefix, document_prefix, lower, max_tokens: see `nlu.encoders.exported.Export`.
        vectors: what it makes of the samples: questions first, then passages; float32, (n, dim).
        least_cosine: of the export's vectors to these.
    """

    query_prefix: str = ""
    document_prefix: str = ""
    lower: bool = False
    max_tokens: int = 512
    vectors: Matrix
    least_cosine: float = LEAST_COSINE


def export(model: str, models: Path) -> Path:
    """Exports a model and makes the export the one that serves it.

    Args:
        model: see `nlu.encoders.encoder.serving_encoder`.
        models: folder of all exports; made when it is missing.

    Returns:
        The folder of the export.

    Raises:
        EncoderError: the model cannot be loaded or exported, or computes something else once exported.
    """
    models.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".export-", dir=models))
    try:
        original = _WRITERS.get(model, _write_any(model))(fresh)
        found = _write_manifest(model, original, fresh)
        _check(model, original, ExportedEncoder(fresh))
        target = models / found.model_id
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    atomic_write_text(pointer(models, model), json.dumps({"folder": target.name}))
    return target


def _write_use(folder: Path) -> Original:
    """USE in float32: in int8 its vectors were further from the original (mean cosine .995)."""
    use.check_weights()
    use_graph.write(folder / MODEL)
    shutil.copyfile(use.resource(use.PIECES), folder / SENTENCEPIECE)
    return Original(lower=True, vectors=use.UseEncoder().encode([*QUESTIONS, *PASSAGES]))


def _write_e5(name: str, folder: Path) -> Original:
    """In int8, held against its own graph in float32; that one is held against torch by a test."""
    model = e5.read_model(name)
    tokenizer = e5.tokenizer(model)
    tokenizer.save(str(folder / TOKENIZER))
    prefixes = e5.PROMPTS[name]["query"], e5.PROMPTS[name]["document"]
    exact = Original(
        query_prefix=prefixes[0],
        document_prefix=prefixes[1],
        lower=name in e5.LOWER_CASE,
        max_tokens=e5.MAX_TOKENS,
        vectors=np.empty((0, model.sizes.hidden), dtype=np.float32),
    )
    graph = e5_graph.E5Graph(model)
    graph.save(folder / MODEL, watched=True)
    _write_manifest(name, exact, folder)
    in_float32 = ExportedEncoder(folder)
    vectors = np.concatenate([in_float32.encode(QUESTIONS), in_float32.encode_documents(PASSAGES)])
    samples = [
        prefix + prepared(text, lower=exact.lower)
        for prefix, texts in zip(prefixes, (QUESTIONS, PASSAGES), strict=True)
        for text in texts
    ]
    encode = tokenizer.encode
    largest = e5_graph.largest(folder / MODEL, list(graph.inputs), (encode(text).ids for text in samples))
    e5_graph.E5Graph(model, largest).save(folder / MODEL)
    return replace(exact, vectors=vectors, least_cosine=LEAST_COSINE_INT8)


def _write_any(model: str) -> Callable[[Path], Original]:
    def write(folder: Path) -> Original:
        from nlu.encoders import transformer_export

        return transformer_export.write(model, folder)

    return write


_WRITERS: dict[str, Callable[[Path], Original]] = {
    use.NAME: _write_use,
    **{name: partial(_write_e5, name) for name in e5.PROMPTS},
}


def _write_manifest(model: str, original: Original, folder: Path) -> Export:
    query_mean, document_mean = (
        rows.sum(axis=0).round(6) / max(len(rows), 1) for rows in np.split(original.vectors, [len(QUESTIONS)])
    )
    files = {
        name: file_hash(folder / name)
        for name in (MODEL, TOKENIZER, SENTENCEPIECE)
        if (folder / name).exists()
    }
    about: dict[str, Any] = {
        "query_prefix": original.query_prefix,
        "document_prefix": original.document_prefix,
        "lower": original.lower,
        "max_tokens": original.max_tokens,
    }
    digest = hashlib.sha256(json.dumps([FORMAT, about, MAX_CHARS, files]).encode()).hexdigest()
    found = Export(
        format=FORMAT,
        model_id=f"{_slug(model)}@{digest[:8]}",
        dim=original.vectors.shape[1],
        query_mean=query_mean.tolist(),
        document_mean=document_mean.tolist(),
        files=files,
        **about,
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return found


def _slug(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model.partition("@")[0]).name).strip("-.") or "model"


def _check(model: str, original: Original, found: ExportedEncoder) -> None:
    vectors = np.concatenate([found.encode(QUESTIONS), found.encode_documents(PASSAGES)])
    cosine = float((vectors * original.vectors).sum(axis=1).min())
    if not cosine >= original.least_cosine:
        raise EncoderError(model, f"exported, it computes something else (cosine {cosine:.4f})")
