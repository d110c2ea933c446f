"""The vectors of an index: all of them in half precision, and clusters of those of each large desk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb_index.articles.errors import IndexUnusableError
from kb_index.index.arrays import Matrix, Numbers
from kb_index.index.manifest import VECTORS, DeskVectors

EXACT_UP_TO = 20_000
"""Rows of a desk up to which every one is compared with the question: 6 ms at 896 dimensions."""
RECALL_SOUGHT = 0.98
"""Recall@10 to reach when an index is built: what is promised (.97) and the error of the sample."""
CANDIDATES = 128
"""Rows of clusters, compared in eight bits a number, that are compared again in sixteen."""
_SAMPLE = 150
"""Of each of the two sorts."""
_RECALL_AT = 10
_TIE = 1e-6
_CHUNK = 16_384
_ROWS_A_LIST = 40
_TRAINING_ROUNDS = 8
_BYTES_A_NUMBER = 8
_HEADER = 4096


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of an index to be built.

    Args:
        kept: for each row its number in `old`, or -1 for a new one; int64, (n,).
        fresh: the new ones in their order, float32, (new, dim).
        old: where kept rows come from.
    """

    kept: Numbers
    fresh: Matrix
    old: "Vectors | None" = None

    def take(self, numbers: Numbers) -> Matrix:
        """Some rows: float32, (len(numbers), dim)."""
        kept = self.kept[numbers]
        found = np.empty((len(numbers), self.dim), dtype=np.float32)
        new = kept < 0
        if new.any():
            found[new] = self.fresh[(np.cumsum(self.kept < 0) - 1)[numbers[new]]]
        if self.old is not None and not new.all():
            found[~new] = self.old.rows(kept[~new])
        return found

    @property
    def dim(self) -> int:
        """Length of a row."""
        return self.fresh.shape[1] if self.old is None else self.old.dim


@dataclass(frozen=True, kw_only=True)
class _Clusters:
    """The rows of a large desk by clusters, in eight bits a number: where to look first."""

    about: DeskVectors
    index: Any

    def candidates(self, query: Matrix, count: int) -> Numbers:
        near = faiss.SearchParametersIVF(nprobe=self.about.probes)  # type: ignore[call-arg]  # made by SWIG, which declares no arguments
        _, rows = self.index.search(query[np.newaxis, :], count, params=near)
        # A damaged number in the part of a file that is not read at opening may point anywhere.
        return np.asarray(rows[0][(rows[0] >= 0) & (rows[0] < self.about.rows)] + self.about.start)

    def lists_of_rows(self) -> Numbers:
        """The cluster of each row of the desk."""
        found = np.zeros(self.about.rows, dtype=np.int64)
        for number in range(self.index.nlist):
            size = self.index.invlists.list_size(number)
            if size:
                found[faiss.rev_swig_ptr(self.index.invlists.get_ids(number), size)] = number
        return found


class Vectors:
    """All rows, those of a desk side by side; read-only, and safe among threads."""

    def __init__(self, store: Any, desks: Sequence[DeskVectors], clusters: Mapping[str, Any]) -> None:
        self._store = store
        self.desks = tuple(desks)
        self.dim: int = store.d
        self.count: int = store.ntotal
        self._codes = (
            faiss.rev_swig_ptr(store.codes.data(), self.count * store.code_size).reshape(self.count, -1)
            if self.count
            else np.empty((0, store.code_size), dtype=np.uint8)
        )
        self._clusters = {
            about.start: _Clusters(about=about, index=clusters[about.desk])
            for about in desks
            if about.desk in clusters
        }

    def rows(self, numbers: Numbers) -> Matrix:
        """Some rows: float32, (len(numbers), dim)."""
        if not len(numbers):
            return np.empty((0, self.dim), dtype=np.float32)
        return np.asarray(self._store.sq.decode(self._codes[numbers]))

    def candidates(self, query: Matrix, count: int, *, start: int, end: int) -> tuple[Numbers, Matrix]:
        """Rows of a desk that are near a vector, nearest first, and their cosines.

        Args:
            query: float32, (dim,), of length 1.
            count: at most so many rows; of clusters no more than `CANDIDATES`.
            start, end: the desk's rows.
        """
        query = np.ascontiguousarray(query, dtype=np.float32)
        clusters = self._clusters.get(start)
        if clusters is None:
            among = faiss.SearchParameters(sel=faiss.IDSelectorRange(start, end))  # type: ignore[call-arg]  # made by SWIG, which declares no arguments
            cosines, rows = self._store.search(query[np.newaxis, :], min(count, end - start), params=among)
            return rows[0], cosines[0]
        rows = clusters.candidates(query, min(count, CANDIDATES))
        cosines = self.rows(rows) @ query
        order = np.argsort(-cosines, kind="stable")
        return rows[order], cosines[order]

    def clusters_of(self, desk: str) -> "_Clusters | None":
        """The clusters of a desk, if it has any."""
        return next((c for c in self._clusters.values() if c.about.desk == desk), None)

    def save(self, folder: Path) -> Mapping[str, int]:
        """Writes the files.

        Returns:
            For each file how many bytes at its beginning are read when it is opened.
        """
        written = {VECTORS: self._store}
        written |= {cluster_file(c.about.start): c.index for c in self._clusters.values()}
        heads = {}
        for name, index in written.items():
            faiss.write_index(index, str(folder / name))
            mapped = index.ntotal * index.code_size
            if index is not self._store:
                mapped += index.ntotal * _BYTES_A_NUMBER
            heads[name] = max((folder / name).stat().st_size - mapped, _HEADER)
        return heads

    @classmethod
    def load(cls, folder: Path, desks: Sequence[DeskVectors]) -> "Vectors":
        """Maps the files into memory: they are read where and when they are needed.

        Raises:
            IndexUnusableError: they do not belong together.
            RuntimeError: FAISS cannot read a file.
        """
        store = _mapped(folder / VECTORS)
        if not isinstance(store, faiss.IndexScalarQuantizer) or (
            [(about.start, about.start + about.rows) for about in desks]
            != list(_side_by_side(desks, store.ntotal))
        ):
            raise IndexUnusableError(f"{VECTORS} of the index is of another layout.")
        clusters = {
            about.desk: _mapped(folder / cluster_file(about.start))
            for about in desks
            if about.kind == "clusters"
        }
        return cls(store, desks, clusters)


def cluster_file(start: int) -> str:
    """Name of the file with the clusters of the desk whose first row it is."""
    return f"clusters-{start}.faiss"


def make_vectors(rows: Rows, desks: Mapping[str, tuple[int, int]]) -> Vectors:
    """Stores rows, and clusters those of large desks.

    Clusters that exist are kept, with the rows in them, until a desk has doubled or halved. How many of
    them a search looks at is found by measuring.

    Args:
        rows: those of a desk side by side.
        desks: the first row of each, and the one after its last.
    """
    store = faiss.IndexScalarQuantizer(rows.dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    for chunk in _chunks(0, len(rows.kept)):
        store.add(rows.take(chunk))
    abouts: list[DeskVectors] = []
    clusters: dict[str, Any] = {}
    for desk, (start, end) in desks.items():
        about = DeskVectors(desk=desk, start=start, rows=end - start, kind="exact")
        if about.rows > EXACT_UP_TO:
            about, clusters[desk] = _clustered(Vectors(store, (), {}), rows, about)
        abouts.append(about)
    return Vectors(store, abouts, clusters)


def _clustered(stored: Vectors, rows: Rows, about: DeskVectors) -> tuple[DeskVectors, Any]:
    numbers = np.arange(about.start, about.start + about.rows)
    assigned = np.full(about.rows, -1, dtype=np.int64)
    trained_on = about.rows
    before = None if rows.old is None else rows.old.clusters_of(about.desk)
    if before is not None and before.about.trained_on <= 2 * about.rows <= 4 * before.about.trained_on:
        trained_on = before.about.trained_on
        kept = rows.kept[numbers]
        assigned[kept >= 0] = before.lists_of_rows()[kept[kept >= 0] - before.about.start]
        centroids = before.index.quantizer.reconstruct_n(0, before.index.nlist)
        scale = faiss.vector_to_array(before.index.sq.trained).copy()
    else:
        sample = np.sort(np.random.default_rng(0).permutation(numbers)[: _lists(about.rows) * _ROWS_A_LIST])
        centroids, scale = _kmeans(stored.rows(sample), _lists(about.rows)), None
    quantizer = faiss.IndexFlatIP(stored.dim)
    quantizer.add(centroids)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer,
        stored.dim,
        len(centroids),
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
        False,
    )
    if scale is None:
        index.sq.train(stored.rows(sample))
    else:
        faiss.copy_array_to_vector(scale, index.sq.trained)
    index.is_trained = True
    for chunk in _chunks(about.start, about.start + about.rows):
        vectors = stored.rows(chunk)
        lists = assigned[chunk - about.start]
        new = lists < 0
        if new.any():
            lists[new] = (vectors[new] @ centroids.T).argmax(axis=1)
        index.add_core(len(chunk), faiss.swig_ptr(vectors), None, faiss.swig_ptr(lists))
    about = replace(about, kind="clusters", lists=len(centroids), trained_on=trained_on)
    return _tuned(stored, about, index), index


def _tuned(stored: Vectors, about: DeskVectors, index: Any) -> DeskVectors:
    """Doubles the clusters looked at until enough of the true neighbours of a sample are found.

    The sample is of rows of the desk and, as questions are less near than the rows are among themselves, of
    the middles of three; the rows that a question was made from are left out. The worse of the two counts.
    """
    some = np.random.default_rng(1).permutation(about.rows)[: 2 * _SAMPLE] + about.start
    sources = np.stack([some, np.roll(some, 1), np.roll(some, 2)], axis=1)
    sources[: len(some) // 2, 1:] = sources[: len(some) // 2, :1]
    questions = sum(stored.rows(column) for column in sources.T)
    questions /= np.maximum(np.linalg.norm(questions, axis=1, keepdims=True), 1e-9)
    least = _tenth_cosines(stored, about, sources, questions)
    probes = 1
    while True:
        about = replace(about, probes=min(probes, about.lists))
        clusters = _Clusters(about=about, index=index)
        found = np.empty(len(sources))
        for place, question in enumerate(questions):
            near = clusters.candidates(question, CANDIDATES)
            cosines = stored.rows(near[~np.isin(near, sources[place])]) @ question
            found[place] = min(int((cosines >= least[place] - _TIE).sum()), _RECALL_AT) / _RECALL_AT
        recall = min(float(half.mean()) for half in np.array_split(found, 2))
        if recall >= RECALL_SOUGHT or about.probes == about.lists:
            return replace(about, recall=round(recall, 4))
        probes *= 2


def _tenth_cosines(stored: Vectors, about: DeskVectors, sources: Numbers, questions: Matrix) -> Matrix:
    """For each question the cosine of its tenth neighbour, by comparing it with every row but its own."""
    best = np.full((len(questions), _RECALL_AT), -2.0, dtype=np.float32)
    for chunk in _chunks(about.start, about.start + about.rows):
        cosines = questions @ stored.rows(chunk).T
        own, which = np.nonzero((sources >= chunk[0]) & (sources <= chunk[-1]))
        cosines[own, sources[own, which] - chunk[0]] = -2.0
        both = np.concatenate([best, cosines], axis=1)
        best = np.partition(both, -_RECALL_AT, axis=1)[:, -_RECALL_AT:]
    return np.asarray(best.min(axis=1))


def _kmeans(vectors: Matrix, count: int) -> Matrix:
    """Centroids of k-means, float32, (count, dim), of length 1."""
    # Imported here: only building a large desk needs it, and it takes a while.
    from sklearn.cluster import KMeans

    model = KMeans(count, init="random", n_init=1, max_iter=_TRAINING_ROUNDS, random_state=0)
    centroids = model.fit(vectors).cluster_centers_
    lengths = np.linalg.norm(centroids, axis=1, keepdims=True)
    return np.ascontiguousarray(centroids / np.maximum(lengths, 1e-9), dtype=np.float32)


def _lists(rows: int) -> int:
    return int(rows**0.5)


def _chunks(start: int, end: int) -> Iterator[Numbers]:
    for first in range(start, end, _CHUNK):
        yield np.arange(first, min(first + _CHUNK, end))


def _side_by_side(desks: Sequence[DeskVectors], count: int) -> Iterator[tuple[int, int]]:
    """The rows that the desks must have if none is missing."""
    first = 0
    for place, about in enumerate(desks):
        last = count if place == len(desks) - 1 else first + about.rows
        yield first, last
        first = last


def _mapped(path: Path) -> Any:
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
