"""Builds an index folder, and swaps it in whole."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb_index.calibration import calibrate, measure_scaling
from kb_index.documents import Document
from kb_index.errors import IndexUnusableError, KnowledgeError
from kb_index.index import Index, Matrix, Role, make_index, rows_of
from kb_index.manifest import DOCUMENTS, FORMAT, LEXICON, VECTORS, Manifest, sha256

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Progress = Callable[[int, int], None]

_BATCH = 64


def build(
    documents: Sequence[Document],
    folder: Path,
    *,
    encode: Encode,
    model_id: str,
    encode_documents: Encode | None = None,
    negatives: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> Manifest:
    """Builds the index of some documents in a folder; searches go on with the old one until it is done.

    Documents that have not changed keep their vectors.

    Args:
        documents: articles and flows, one a language.
        folder: made when it is missing.
        encode: see `nlu.encoder.Encoder.encode`.
        model_id: of the encoder.
        encode_documents: for titles and bodies, where the model wants them otherwise than questions.
        negatives: sentences that no document answers, to learn confidence from.
        on_progress: told (texts encoded, texts to encode).

    Returns:
        The manifest written.

    Raises:
        KnowledgeError: there is no document, or two have the same name and language.
    """
    _refuse_twins(documents)
    folder.mkdir(parents=True, exist_ok=True)
    known, previous = _known_vectors(folder, model_id)
    vectors = _vectors(
        documents, known, encode, encode_documents or encode, on_progress or (lambda done, total: None)
    )
    index = make_index(documents, vectors, dim=vectors[0].shape[1])
    scaling = measure_scaling(index)
    calibration = calibrate(index, scaling, negatives, encode)
    fresh = Path(tempfile.mkdtemp(prefix=".build-", dir=folder))
    try:
        index.save(fresh)
        files = {name: sha256(fresh / name) for name in (VECTORS, DOCUMENTS, LEXICON)}
        data = _settle(fresh, folder, files)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    manifest = Manifest(
        format=FORMAT,
        model_id=model_id,
        dim=index.vectors.d,
        documents=len(documents),
        vectors=index.vectors.ntotal,
        content_hash=content_hash(documents),
        data=data,
        files=files,
        scaling=scaling,
        calibration=calibration,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.write(folder)
    if previous is not None and previous != data:
        shutil.rmtree(folder / previous, ignore_errors=True)
    return manifest


def content_hash(documents: Sequence[Document]) -> str:
    """SHA-256 over documents in any order: an index with this hash is up to date."""
    return hashlib.sha256(
        "\n".join(sorted(document.content_hash for document in documents)).encode()
    ).hexdigest()


def _refuse_twins(documents: Sequence[Document]) -> None:
    if not documents:
        raise KnowledgeError("There is nothing to index: the workspace has no article and no flow.")
    seen: set[tuple[str, str, str, str]] = set()
    for document in documents:
        name = (document.desk, document.kind, document.id, document.language)
        if name in seen:
            raise KnowledgeError(f"There are two documents {'/'.join(name)}.")
        seen.add(name)


def _known_vectors(folder: Path, model_id: str) -> tuple[Mapping[str, Matrix], str | None]:
    """Vectors of the folder's documents by content hash, and the name of the data folder in use."""
    try:
        manifest = Manifest.read(folder)
        if manifest.model_id != model_id:
            return {}, manifest.data
        index = Index.load(folder, manifest)
    except (IndexUnusableError, OSError, ValueError, KeyError, TypeError, RuntimeError):
        return {}, None
    return {e.content_hash: index.row_vectors(e.start, e.end) for e in index.entries}, manifest.data


def _vectors(
    documents: Sequence[Document],
    known: Mapping[str, Matrix],
    encode: Encode,
    encode_documents: Encode,
    on_progress: Progress,
) -> list[Matrix]:
    rows = [row for document in documents if document.content_hash not in known for row in rows_of(document)]
    asked = [place for place, row in enumerate(rows) if row.role is Role.ASK]
    told = [place for place, row in enumerate(rows) if row.role is not Role.ASK]
    encoded: dict[int, Matrix] = {}
    on_progress(0, len(rows))
    for places, way in ((told, encode_documents), (asked, encode)):
        for start in range(0, len(places), _BATCH):
            batch = places[start : start + _BATCH]
            encoded.update(zip(batch, way([rows[place].text for place in batch]), strict=True))
            on_progress(len(encoded), len(rows))
    fresh = np.stack([encoded[place] for place in range(len(rows))]) if rows else np.empty((0, 0), np.float32)
    vectors: list[Matrix] = []
    taken = 0
    for document in documents:
        old = known.get(document.content_hash)
        if old is None:
            count = len(rows_of(document))
            old = fresh[taken : taken + count]
            taken += count
        vectors.append(old)
    return vectors


def _settle(fresh: Path, folder: Path, files: Mapping[str, str]) -> str:
    """Gives the finished files their place, named by their content."""
    name = f"data-{hashlib.sha256(''.join(files[key] for key in sorted(files)).encode()).hexdigest()[:16]}"
    target = folder / name
    if target.is_dir() and any(
        sha256(target / key) != files[key] for key in files if (target / key).is_file()
    ):
        shutil.rmtree(target)
    if not target.is_dir():
        fresh.rename(target)
    return name
