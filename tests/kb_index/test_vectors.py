"""Large desks are searched by clusters: as good as comparing all, kept from build to build, mapped."""

import os
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from kb_index.articles.errors import IndexUnusableError
from kb_index.build import build
from kb_index.index import checksums, vectors
from kb_index.index.arrays import map_arrays, write_arrays
from kb_index.index.checksums import Checksum, checksum, is_intact
from kb_index.index.contents import Index
from kb_index.index.manifest import VECTORS, Manifest
from kb_index.index.rows import rows_of
from kb_index.index.vectors import CANDIDATES, Rows, Vectors, cluster_file, make_vectors
from kb_index.search import Searcher
from nlu.encoders.encoder import Encoder
from tests.kb_index.documents import DOCUMENTS

_COUNT = 20_000
_SMALL = 500
_DESKS = {"small": (0, _SMALL), "large": (_SMALL, _COUNT)}


@pytest.fixture(scope="module")
def many(encoder: Encoder) -> NDArray[np.float32]:
    """Vectors between real encodings, the last 200 of them to ask with."""
    base = encoder.encode([row.text for document in DOCUMENTS for row in rows_of(document)])
    random = np.random.default_rng(5)
    shares = random.dirichlet((3, 1, 1), _COUNT + 200).astype(np.float32)
    made = np.einsum("ns,nsd->nd", shares, base[random.integers(0, len(base), shares.shape)])
    made += random.normal(0, 0.01, made.shape)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def large(many: NDArray[np.float32]) -> Vectors:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT_UP_TO", 1000)
        return make_vectors(Rows(kept=np.full(_COUNT, -1), fresh=many[:_COUNT]), _DESKS)


def _recall(found: Vectors, many: NDArray[np.float32], stored: NDArray[np.float32], desk: str) -> float:
    about = next(about for about in found.desks if about.desk == desk)
    own = stored[about.start : about.start + about.rows]
    right = 0
    for question in many[_COUNT:]:
        near, cosines = found.candidates(
            question, CANDIDATES, start=about.start, end=about.start + about.rows
        )
        assert np.all(np.diff(cosines) <= 0)
        right += len(set(near[:10]) & set(np.argsort(-own @ question)[:10] + about.start))
    return right / 10 / len(many[_COUNT:])


def test_the_kind_is_chosen_from_the_count(large: Vectors) -> None:
    small, clusters = large.desks
    assert (small.kind, small.recall) == ("exact", 1.0)
    assert clusters.kind == "clusters"
    assert 0 < clusters.probes < clusters.lists
    assert clusters.recall >= vectors.RECALL_SOUGHT


@pytest.mark.parametrize("desk", _DESKS)
def test_what_comparing_all_would_find_is_found(large: Vectors, many: NDArray[np.float32], desk: str) -> None:
    assert _recall(large, many, many[:_COUNT], desk) >= 0.97


def test_files_are_mapped_and_hold_the_same(
    large: Vectors, many: NDArray[np.float32], tmp_path: Path
) -> None:
    heads = large.save(tmp_path)
    assert set(heads) == {VECTORS, cluster_file(_SMALL)}
    sizes = {name: (tmp_path / name).stat().st_size for name in heads}
    assert all(heads[name] < sizes[name] / 10 for name in heads)
    opened = Vectors.load(tmp_path, large.desks)
    some = np.arange(0, _COUNT, 7)
    assert np.array_equal(opened.rows(some), large.rows(some))
    np.testing.assert_allclose(opened.rows(some), many[some], atol=1e-3)
    assert _recall(opened, many, many[:_COUNT], "large") >= 0.97


def test_rows_come_and_go_and_the_rest_keeps_its_clusters(
    large: Vectors, many: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 1000)
    kept = np.delete(np.arange(_COUNT), np.arange(600, 900))
    fresh = -many[:100]
    rows = Rows(kept=np.append(kept, np.full(100, -1)), fresh=fresh, old=large)
    changed = make_vectors(rows, {"small": (0, _SMALL), "large": (_SMALL, len(rows.kept))})
    before, after = (found.clusters_of("large") for found in (large, changed))
    assert before is not None
    assert after is not None
    centroids = (c.index.quantizer.reconstruct_n(0, c.index.nlist) for c in (before, after))
    assert np.array_equal(*centroids)
    still = kept[kept >= _SMALL] - _SMALL
    assert np.array_equal(after.lists_of_rows()[: len(still)], before.lists_of_rows()[still])
    assert np.array_equal(changed.rows(np.arange(len(kept))), large.rows(kept))
    assert _recall(changed, many, np.concatenate([many[kept], fresh]), "large") >= 0.97
    near, _ = changed.candidates(fresh[3], CANDIDATES, start=_SMALL, end=len(rows.kept))
    assert near[0] == len(kept) + 3


def test_clusters_are_found_anew_once_a_desk_has_halved(
    large: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 1000)
    rows = Rows(kept=np.arange(9000), fresh=np.empty((0, large.dim), np.float32), old=large)
    assert make_vectors(rows, {"small": (0, _SMALL), "large": (_SMALL, 9000)}).desks[1].trained_on == 8500


def test_a_whole_index_with_clusters_answers_as_one_without(
    tmp_path: Path, encoder: Encoder, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 10)
    _built(tmp_path, encoder)
    manifest = _built(tmp_path, encoder, DOCUMENTS[0].title + " hier")
    assert {about.kind for about in manifest.desks} == {"clusters"}
    assert {name for name in manifest.files if name.startswith("clusters")} == {
        cluster_file(about.start) for about in manifest.desks
    }
    opened = Searcher.open(tmp_path, model_id=encoder.model_id)
    for document in DOCUMENTS:
        for question in document.ask:
            row = encoder.encode([question])[0]
            found, expected = (
                s.search(question, lambda row=row: row, desk=document.desk, language="fr").hits[0].id  # type: ignore[misc]  # mypy cannot infer its default
                for s in (opened, searcher)
            )
            assert found == expected


def test_every_byte_is_checked_before_vectors_are_kept(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "HASHED_WHOLE_UP_TO", 0)
    manifest = _built(tmp_path, encoder)
    path = tmp_path / manifest.data / VECTORS
    data = bytearray(path.read_bytes())
    data[-100] ^= 0x01
    path.write_bytes(data)
    Searcher.open(tmp_path, model_id=encoder.model_id)
    with pytest.raises(IndexUnusableError, match=VECTORS):
        Index.load(tmp_path, manifest, wholly=True)
    again = _built(tmp_path, encoder)
    Index.load(tmp_path, again, wholly=True)
    os.truncate(tmp_path / again.data / VECTORS, len(data) - 1)
    with pytest.raises(IndexUnusableError, match=VECTORS):
        Searcher.open(tmp_path, model_id=encoder.model_id)


def test_a_file_with_another_number_of_rows_is_refused(large: Vectors, tmp_path: Path) -> None:
    large.save(tmp_path)
    fewer = [large.desks[0], replace(large.desks[1], rows=10)]
    with pytest.raises(IndexUnusableError, match=VECTORS):
        Vectors.load(tmp_path, fewer)
    faiss.write_index(faiss.IndexFlatIP(4), str(tmp_path / VECTORS))
    with pytest.raises(IndexUnusableError, match=VECTORS):
        Vectors.load(tmp_path, large.desks)


def test_arrays_are_mapped_where_they_stand(tmp_path: Path) -> None:
    written: dict[str, NDArray[np.generic]] = {
        "a.npy": np.arange(5, dtype=np.int64),
        "none.npy": np.empty(0, dtype=np.float32),
        "bytes.npy": np.arange(3, dtype=np.uint8),
        "z.npy": np.ones((2, 3), dtype=np.float32),
    }
    write_arrays(tmp_path, written)
    mapped = map_arrays(tmp_path, written)
    for name, array in written.items():
        assert np.array_equal(mapped[name], array)
        assert np.array_equal(np.load(tmp_path / name), array)
        assert isinstance(mapped[name].base, np.memmap)
        assert mapped[name].ctypes.data % 64 == 0 or not array.size


def test_an_array_cut_short_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path, {"a.npy": np.arange(1000)})
    os.truncate(tmp_path / "a.npy", 4000)
    with pytest.raises(ValueError, match="mmap"):
        map_arrays(tmp_path, ["a.npy"])


def test_of_a_large_file_the_head_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"head" + bytes(1000))
    expected = checksum(path, 4)
    path.write_bytes(b"head" + bytes(999) + b"x")
    assert not is_intact(path, expected)
    monkeypatch.setattr(checksums, "HASHED_WHOLE_UP_TO", 100)
    assert is_intact(path, expected)
    assert not is_intact(path, expected, wholly=True)
    path.write_bytes(b"hea_" + bytes(1000))
    assert not is_intact(path, expected)
    assert not is_intact(path, None)
    assert isinstance(expected, Checksum)


def _built(folder: Path, encoder: Encoder, first_title: str | None = None) -> Manifest:
    changed = [replace(DOCUMENTS[0], title=first_title)] if first_title else [DOCUMENTS[0]]
    return build([*changed, *DOCUMENTS[1:]], folder, encode=encoder.encode, model_id=encoder.model_id)
