"""Building an index folder: whole, anew only where needed, and never half."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kb_index.articles.documents import Document
from kb_index.articles.errors import IndexUnusableError, KnowledgeError
from kb_index.build import build, content_hash
from kb_index.index.contents import Index
from kb_index.index.manifest import FORMAT, MANIFEST, Manifest
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from tests.kb_index.documents import DOCUMENTS, OFF_TOPIC


class CountingEncoder:
    """The real encoder, and what it was given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return self._encoder.encode(texts)


@pytest.fixture
def counting(encoder: Encoder) -> CountingEncoder:
    return CountingEncoder(encoder)


@pytest.fixture
def copied(small_index: Path, tmp_path: Path) -> Path:
    """An index that a test may spoil."""
    return shutil.copytree(small_index, tmp_path / "index")


def test_the_manifest_says_what_is_in_it(small_index: Path, encoder: Encoder) -> None:
    manifest = Manifest.read(small_index)
    assert (manifest.model_id, manifest.dim) == (encoder.model_id, encoder.dim)
    assert manifest.count == manifest.documents == len(DOCUMENTS)
    assert manifest.content_hash == content_hash(DOCUMENTS)
    assert set(manifest.files) == {path.name for path in (small_index / manifest.data).iterdir()}


def test_nothing_but_the_index_is_left_in_the_folder(copied: Path, encoder: Encoder) -> None:
    for documents in (DOCUMENTS, DOCUMENTS[:-1], DOCUMENTS):
        build(documents, copied, encode=encoder.encode, model_id=encoder.model_id)
        assert sorted(path.name for path in copied.iterdir()) == sorted(
            [MANIFEST, Manifest.read(copied).data]
        )


def test_unchanged_documents_are_not_encoded_again(
    copied: Path, counting: CountingEncoder, encoder: Encoder
) -> None:
    build(DOCUMENTS, copied, encode=counting.encode, model_id=encoder.model_id, negatives=OFF_TOPIC)
    assert set(counting.texts) == set(OFF_TOPIC)
    changed = replace(DOCUMENTS[0], title="Carte de lecteur égarée")
    counting.texts.clear()
    build([changed, *DOCUMENTS[1:]], copied, encode=counting.encode, model_id=encoder.model_id)
    assert counting.texts[0] == "Carte de lecteur égarée"
    assert len(counting.texts) == 2 + len(changed.ask)


def test_vectors_kept_are_the_ones_that_would_be_made(copied: Path, tmp_path: Path, encoder: Encoder) -> None:
    order = list(reversed(DOCUMENTS))
    for folder in (copied, tmp_path / "new"):
        build(order, folder, encode=encoder.encode, model_id=encoder.model_id, negatives=OFF_TOPIC)
    kept, made = Manifest.read(copied), Manifest.read(tmp_path / "new")
    assert kept.files["documents.json"] == made.files["documents.json"]
    kept_rows, made_rows = (
        Index.load(*at).row_vectors(0, kept.vectors) for at in ((copied, kept), (tmp_path / "new", made))
    )
    np.testing.assert_allclose(kept_rows, made_rows, atol=1e-5)


def test_another_model_encodes_everything(copied: Path, counting: CountingEncoder) -> None:
    build(DOCUMENTS, copied, encode=counting.encode, model_id="another")
    assert Manifest.read(copied).model_id == "another"
    assert len(counting.texts) == Manifest.read(copied).vectors


def test_a_removed_document_is_not_found_any_more(copied: Path, encoder: Encoder) -> None:
    left = [document for document in DOCUMENTS if document.id != "carte-perdue"]
    build(left, copied, encode=encoder.encode, model_id=encoder.model_id)
    searcher = Searcher.open(copied, model_id=encoder.model_id)
    row = encoder.encode(["carte perdue"])[0]
    hits = searcher.search("carte perdue", lambda: row, desk="lecteurs", language="fr", k=50).hits
    assert "carte-perdue" not in {hit.id for hit in hits}


def test_an_open_searcher_goes_on_while_another_index_is_swapped_in(copied: Path, encoder: Encoder) -> None:
    searcher = Searcher.open(copied, model_id=encoder.model_id)
    build(DOCUMENTS[:4], copied, encode=encoder.encode, model_id=encoder.model_id)
    row = encoder.encode(["horaires"])[0]
    assert searcher.search("horaires", lambda: row, desk="lecteurs", language="fr").hits[0].id == "horaires"


def test_a_build_that_fails_leaves_the_old_index(copied: Path, encoder: Encoder) -> None:
    def fail(texts: Sequence[str]) -> NDArray[np.float32]:
        raise MemoryError

    before = sorted(copied.rglob("*"))
    with pytest.raises(MemoryError):
        build(
            [replace(DOCUMENTS[0], title="Autre"), *DOCUMENTS[1:]],
            copied,
            encode=fail,
            model_id=encoder.model_id,
        )
    assert sorted(copied.rglob("*")) == before
    Searcher.open(copied, model_id=encoder.model_id)


def test_a_damaged_index_is_built_over(copied: Path, counting: CountingEncoder, encoder: Encoder) -> None:
    _flip(copied / Manifest.read(copied).data / "vectors.faiss")
    build(DOCUMENTS, copied, encode=counting.encode, model_id=encoder.model_id)
    assert len(counting.texts) == Manifest.read(copied).vectors
    Searcher.open(copied, model_id=encoder.model_id)


def test_progress_is_told(tmp_path: Path, encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    manifest = build(
        DOCUMENTS,
        tmp_path / "index",
        encode=encoder.encode,
        model_id=encoder.model_id,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told[0] == (0, manifest.vectors)
    assert told[-1] == (manifest.vectors, manifest.vectors)
    assert told == sorted(told)


def test_nothing_to_index_is_said(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(KnowledgeError, match="nothing to index"):
        build([], tmp_path, encode=encoder.encode, model_id=encoder.model_id)


def test_two_documents_of_one_name_are_refused(tmp_path: Path, encoder: Encoder, article: Document) -> None:
    with pytest.raises(KnowledgeError, match="lecteurs/article/carte-perdue/fr"):
        build(
            [article, replace(article, title="x")], tmp_path, encode=encoder.encode, model_id=encoder.model_id
        )


def test_one_document_alone_can_be_searched(tmp_path: Path, encoder: Encoder, article: Document) -> None:
    build([article], tmp_path, encode=encoder.encode, model_id=encoder.model_id)
    searcher = Searcher.open(tmp_path, model_id=encoder.model_id)
    row = encoder.encode([article.title])[0]
    assert (
        searcher.search(article.title, lambda: row, desk="lecteurs", language="fr").hits[0].id == article.id
    )


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x01
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    "name", ["vectors.faiss", "documents.json", "lexicon.weights.npy", "exact.hashes.npy"]
)
@pytest.mark.parametrize("spoil", [_flip, _truncate, Path.unlink])
def test_a_spoilt_file_is_noticed(
    copied: Path, encoder: Encoder, name: str, spoil: Callable[[Path], None]
) -> None:
    spoil(copied / Manifest.read(copied).data / name)
    with pytest.raises(IndexUnusableError, match=name):
        Searcher.open(copied, model_id=encoder.model_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "null",
        f'{{"format": {FORMAT}}}',
        "[" * 100_000,
        f'{{"format": {FORMAT}, "data": 3}}',
    ],
    ids=range(8),
)
def test_a_spoilt_manifest_is_noticed(copied: Path, encoder: Encoder, text: str) -> None:
    (copied / MANIFEST).write_text(text)
    with pytest.raises(IndexUnusableError, match="manifest"):
        Searcher.open(copied, model_id=encoder.model_id)


def test_a_missing_index_is_noticed(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(IndexUnusableError, match="no index"):
        Searcher.open(tmp_path / "none", model_id=encoder.model_id)


def test_an_index_of_another_model_is_refused(small_index: Path) -> None:
    with pytest.raises(IndexUnusableError, match=r"made by use.*by another"):
        Searcher.open(small_index, model_id="another")


def test_an_index_of_another_format_is_refused(copied: Path, encoder: Encoder) -> None:
    fields = json.loads((copied / MANIFEST).read_text())
    (copied / MANIFEST).write_text(json.dumps(fields | {"format": FORMAT + 1}))
    with pytest.raises(IndexUnusableError, match="format"):
        Searcher.open(copied, model_id=encoder.model_id)


def test_a_manifest_cannot_point_out_of_its_folder(copied: Path, encoder: Encoder, tmp_path: Path) -> None:
    fields = json.loads((copied / MANIFEST).read_text())
    shutil.move(copied / fields["data"], tmp_path / "elsewhere")
    (copied / MANIFEST).write_text(json.dumps(fields | {"data": "../elsewhere"}))
    with pytest.raises(IndexUnusableError):
        Searcher.open(copied, model_id=encoder.model_id)


def test_the_content_hash_is_of_the_content(article: Document) -> None:
    assert content_hash([article, DOCUMENTS[1]]) == content_hash([DOCUMENTS[1], article])
    for change in (
        {"title": "x"},
        {"body": "x"},
        {"ask": ("x",)},
        {"tags": ("x",)},
        {"language": "en"},
        {"desk": "x"},
    ):
        assert replace(article, **change).content_hash != article.content_hash
