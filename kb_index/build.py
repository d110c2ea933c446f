"""Builds an index folder, and swaps it in whole."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb_index.articles.documents import Document
from kb_index.articles.errors import IndexUnusableError, KnowledgeError
from kb_index.calibration.learning import calibrate, measure_scaling
from kb_index.decision.questions import Question
from kb_index.decision.thresholds import DEFAULT_DECISION, DEFAULT_TARGET, decide
from kb_index.index.arrays import Matrix
from kb_index.index.checksums import Checksum, checksum, is_intact
from kb_index.index.contents import Index, make_index
from kb_index.index.manifest import FORMAT, Manifest
from kb_index.index.rows import Role, rows_of

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
    questions: Sequence[Question] = (),
    target: float = DEFAULT_TARGET,
    on_progress: Progress | None = None,
) -> Manifest:
    """Builds the index of some documents in a folder; searches go on with the old one until it is done.

    Documents that have not changed keep their vectors.

    Args:
        documents: articles and flows, one a language.
        folder: made when it is missing.
        encode: see `nlu.encoders.encoder.Encoder.encode`.
        model_id: of the encoder.
        encode_documents: for titles and bodies, where the model wants them otherwise than questions.
        negatives: sentences that no document answers, to learn confidence from.
        questions: labelled ones, to learn confidence and thresholds from.
        target: share of the answers given that may be wrong.
        on_progress: called with (texts encoded, texts to encode).

    Returns:
        The manifest written.

    Raises:
        KnowledgeError: there is no document, or two have the same name and language.
    """
    _refuse_duplicates(documents)
    folder.mkdir(parents=True, exist_ok=True)
    before, previous = _index_before(folder, model_id)
    known = {e.content_hash: range(e.start, e.end) for e in before.documents} if before else {}
    vectors = _vectors(
        documents, known, encode, encode_documents or encode, on_progress or (lambda done, total: None)
    )
    index = make_index(documents, vectors, old=before.vectors if before else None)
    scaling = measure_scaling(index)
    calibration, outcomes = calibrate(index, scaling, negatives, encode, questions)
    decision = replace(DEFAULT_DECISION, target=target) if outcomes is None else decide(outcomes, target)
    fresh = Path(tempfile.mkdtemp(prefix=".build-", dir=folder))
    try:
        files = {name: checksum(fresh / name, head) for name, head in index.save(fresh).items()}
        data = _put_in_place(fresh, folder, files)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    manifest = Manifest(
        format=FORMAT,
        model_id=model_id,
        dim=index.vectors.dim,
        documents=len(documents),
        vectors=index.vectors.count,
        content_hash=content_hash(documents, questions, target),
        data=data,
        files=files,
        desks=index.vectors.desks,
        scaling=scaling,
        calibration=calibration,
        decision=decision,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.write(folder)
    if previous is not None and previous != data:
        shutil.rmtree(folder / previous, ignore_errors=True)
    return manifest


def content_hash(
    documents: Sequence[Document], questions: Sequence[Question] = (), target: float = DEFAULT_TARGET
) -> str:
    """SHA-256 over documents and questions in any order: an index with this hash is up to date."""
    labelled = [repr((q.desk, q.text, sorted(q.answers))) for q in questions]
    parts = [*sorted(document.content_hash for document in documents), *sorted(labelled), str(target)]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _refuse_duplicates(documents: Sequence[Document]) -> None:
    if not documents:
        raise KnowledgeError("There is nothing to index: the workspace has no article and no flow.")
    seen: set[tuple[str, str, str, str]] = set()
    for document in documents:
        name = (document.desk, document.kind, document.id, document.language)
        if name in seen:
            raise KnowledgeError(f"There are two documents {'/'.join(name)}.")
        seen.add(name)


def _index_before(folder: Path, model_id: str) -> tuple[Index | None, str | None]:
    """The folder's index if its vectors can be kept, and the name of the data folder in use."""
    try:
        manifest = Manifest.read(folder)
        if manifest.model_id != model_id:
            return None, manifest.data
        return Index.load(folder, manifest, wholly=True), manifest.data
    except (IndexUnusableError, OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None, None


def _vectors(
    documents: Sequence[Document],
    known: Mapping[str, range],
    encode: Encode,
    encode_documents: Encode,
    on_progress: Progress,
) -> list[Matrix | range]:
    """For each document the rows where it is known, or its vectors."""
    rows = [row for document in documents if document.content_hash not in known for row in rows_of(document)]
    queries = [place for place, row in enumerate(rows) if row.role is Role.ASK]
    texts = [place for place, row in enumerate(rows) if row.role is not Role.ASK]
    fresh: Matrix = np.empty((0, 0), dtype=np.float32)
    done = 0
    on_progress(0, len(rows))
    for places, embed in ((texts, encode_documents), (queries, encode)):
        for start in range(0, len(places), _BATCH):
            batch = places[start : start + _BATCH]
            vectors = embed([rows[place].text for place in batch])
            if not done:
                fresh = np.empty((len(rows), vectors.shape[1]), dtype=np.float32)
            fresh[batch] = vectors
            done += len(batch)
            on_progress(done, len(rows))
    found: list[Matrix | range] = []
    taken = 0
    for document in documents:
        kept = known.get(document.content_hash)
        count = 0 if kept is not None else len(rows_of(document))
        found.append(fresh[taken : taken + count] if kept is None else kept)
        taken += count
    return found


def _put_in_place(fresh: Path, folder: Path, files: Mapping[str, Checksum]) -> str:
    """Gives the finished files their place, named by their content."""
    hashes = "".join(files[key].sha256 for key in sorted(files))
    name = f"data-{hashlib.sha256(hashes.encode()).hexdigest()[:16]}"
    target = folder / name
    if target.is_dir() and not all(is_intact(target / key, files[key], wholly=True) for key in files):
        shutil.rmtree(target)
    if not target.is_dir():
        fresh.rename(target)
    return name
