"""Search in very many vectors, and in very many texts: `python -m bench.large --vectors 1000000`."""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import faiss
import numpy as np
from rich.console import Console
from rich.table import Table

from bot.content.files import read_folder
from bot.content.workspace import parse
from config.settings import DEMO_WORKSPACE
from kb_index.index import vectors as kinds
from kb_index.index.arrays import Matrix, map_arrays, write_arrays
from kb_index.index.checksums import checksum
from kb_index.index.lexicon import Lexicon
from kb_index.index.manifest import DeskVectors
from kb_index.index.rows import lexical_text, rows_of
from kb_index.index.vectors import Rows, Vectors, make_vectors
from nlu.encoders.serving import serving_encoder

_DESK = "all"
_CHUNK = 50_000
_WARM_UP = 20
_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class _Served:
    """What a fresh process that opened the files measured."""

    rows: Sequence[Sequence[int]]
    seconds: Sequence[float]
    open_s: float
    opened_mb: tuple[int, int]
    searched_mb: tuple[int, int]


def main() -> None:
    """Prints one table for the vectors, and one for the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--dim", type=int, default=512, help="512 or more (default: %(default)s)")
    parser.add_argument("--queries", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=0, help="texts compared by spelling (default: none)")
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    documents = parse(read_folder(DEMO_WORKSPACE)).documents
    if arguments.vectors:
        texts = sorted({row.text for document in documents for row in rows_of(document)})
        _vectors(_encoded(texts, arguments.dim), arguments.vectors, arguments.queries)
    if arguments.texts:
        texts = [lexical_text(document, row) for document in documents for row in rows_of(document)]
        _texts([text for text in texts if text], arguments.texts)


def _encoded(texts: Sequence[str], dim: int) -> Matrix:
    """Encodings of real texts; beyond the encoder's own length, a mixture of their numbers, bent."""
    encoder = serving_encoder()
    base = np.concatenate([encoder.encode(texts[at : at + 64]) for at in range(0, len(texts), 64)])
    if dim <= base.shape[1]:
        return base
    more = np.random.default_rng(0).standard_normal((base.shape[1], dim - base.shape[1])).astype(np.float32)
    bent = np.tanh(3 * base @ more)
    bent -= bent.mean(axis=0)
    bent /= np.linalg.norm(bent, axis=1, keepdims=True)
    return np.concatenate([np.sqrt(0.6) * base, np.sqrt(0.4) * bent], axis=1).astype(np.float32)


def _made(base: Matrix, count: int, random: np.random.Generator) -> Matrix:
    """Vectors between three real ones in random shares, and pushed some way along the difference of two."""
    made = np.empty((count, base.shape[1]), dtype=np.float32)
    for at in range(0, count, _CHUNK):
        some = min(_CHUNK, count - at)
        near = random.integers(0, len(base), (5, some))
        shares = random.dirichlet((4, 1, 1), some).astype(np.float32).T[:, :, np.newaxis]
        push = random.uniform(0.05, 0.25, (some, 1)).astype(np.float32)
        part = sum(share * base[which] for share, which in zip(shares, near[:3], strict=True))
        part = part + push * (base[near[3]] - base[near[4]])
        made[at : at + some] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return made


def _vectors(base: Matrix, count: int, queries: int) -> None:
    random = np.random.default_rng(7)
    unseen = random.permutation(len(base))[: len(base) // 10]
    rows = _made(np.delete(base, unseen, axis=0), count, random)
    # Half of the questions resemble what is stored, half were made from texts that it has nothing of.
    asked = np.concatenate(
        [
            _made(np.delete(base, unseen, axis=0), queries // 2, random),
            _made(base[unseen], queries // 2, random),
        ]
    )
    truth = _nearest(rows, asked)
    table = Table(title=f"{count} vectors of {base.shape[1]} dimensions, one thread", box=None)
    for heading in ("", "exact", "clusters"):
        table.add_column(heading, justify="left" if not heading else "right")
    columns = [_measured(rows, asked, truth, exact=exact) for exact in (True, False)]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    Console(width=110).print(table)


def _measured(rows: Matrix, asked: Matrix, truth: Sequence[set[int]], *, exact: bool) -> dict[str, str]:
    kinds.EXACT_UP_TO = len(rows) if exact else 0
    with tempfile.TemporaryDirectory(prefix="relais-bench-") as name:
        folder = Path(name)
        begun = time.perf_counter()
        stored = Rows(kept=np.full(len(rows), -1), fresh=rows)
        built = make_vectors(stored, {_DESK: (0, len(rows))})
        build_s = time.perf_counter() - begun
        heads = built.save(folder)
        desks = built.desks
        del built
        begun = time.perf_counter()
        for file, head in heads.items():
            checksum(folder / file, head)
        hash_s = time.perf_counter() - begun
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            served = pool.apply(_served, (folder, desks, asked))
        sizes = {file: (folder / file).stat().st_size for file in heads}
    right = [len(set(found) & true) for found, true in zip(served.rows, truth, strict=True)]
    half = len(right) // 2
    p50, p99 = np.percentile(np.array(served.seconds) * 1000, [50, 99])
    return {
        "recall@10": f"{sum(right) / len(right) / 10:.4f}",
        "  questions like what is stored": f"{sum(right[:half]) / half / 10:.4f}",
        "  questions unlike it": f"{sum(right[half:]) / (len(right) - half) / 10:.4f}",
        "measured when it was built": f"{desks[0].recall:.4f}",
        "clusters, looked at": f"{desks[0].lists}, {desks[0].probes}",
        "p50": f"{p50:.2f} ms",
        "p99": f"{p99:.2f} ms",
        "build": f"{build_s:.0f} s",
        "hash all files (at a build)": f"{hash_s:.1f} s",
        "open": f"{served.open_s * 1000:.0f} ms",
        "files": f"{sum(sizes.values()) / 1e6:.0f} MB",
        "read to open": f"{sum(heads.values()) / 1e6:.1f} MB",
        "memory after opening, own + mapped": "{} + {} MB".format(*served.opened_mb),
        "memory after the questions": "{} + {} MB".format(*served.searched_mb),
    }


def _served(folder: Path, desks: Sequence[DeskVectors], asked: Matrix) -> _Served:
    faiss.omp_set_num_threads(1)
    before = _memory_mb()
    begun = time.perf_counter()
    opened = Vectors.load(folder, desks)
    open_s = time.perf_counter() - begun
    opened_mb = _memory_mb()

    def search(query: Matrix) -> Sequence[int]:
        rows, _ = opened.candidates(query, kinds.CANDIDATES, start=0, end=opened.count)
        return [int(row) for row in rows[:10]]

    for query in asked[:_WARM_UP]:
        search(query)
    rows, seconds = _timed(search, list(asked))
    return _Served(
        rows=rows,
        seconds=seconds,
        open_s=open_s,
        opened_mb=(opened_mb[0] - before[0], opened_mb[1] - before[1]),
        searched_mb=(_memory_mb()[0] - before[0], _memory_mb()[1] - before[1]),
    )


def _timed(work: Callable[[_Asked], _Found], asked: Sequence[_Asked]) -> tuple[list[_Found], list[float]]:
    found, seconds = [], []
    for one in asked:
        begun = time.perf_counter()
        found.append(work(one))
        seconds.append(time.perf_counter() - begun)
    return found, seconds


def _nearest(rows: Matrix, asked: Matrix) -> list[set[int]]:
    """The ten nearest rows of each question, by single-precision products with all of them."""
    best = np.full((len(asked), 10), -2.0, dtype=np.float32)
    which = np.zeros((len(asked), 10), dtype=np.int64)
    for at in range(0, len(rows), _CHUNK):
        cosines = asked @ rows[at : at + _CHUNK].T
        near = np.argpartition(-cosines, 10, axis=1)[:, :10]
        both = np.concatenate([best, np.take_along_axis(cosines, near, axis=1)], axis=1)
        places = np.concatenate([which, near + at], axis=1)
        order = np.argsort(-both, axis=1)[:, :10]
        best, which = np.take_along_axis(both, order, axis=1), np.take_along_axis(places, order, axis=1)
    return [set(line) for line in which.tolist()]


def _texts(sources: Sequence[str], count: int) -> None:
    """Compares by spelling with texts made of sentences of real ones."""
    random = np.random.default_rng(3)
    lines = sorted({line for text in sources for line in text.splitlines() if line})
    texts = [
        " ".join(lines[n] for n in random.integers(0, len(lines), random.integers(1, 8)))
        for _ in range(count)
    ]
    questions = [sources[n][:60] for n in random.integers(0, len(sources), 200)]
    before = _memory_mb()
    begun = time.perf_counter()
    built = Lexicon.build(texts)
    build_s = time.perf_counter() - begun
    kept = _memory_mb()[0] - before[0]
    with tempfile.TemporaryDirectory(prefix="relais-bench-") as name:
        folder, arrays = Path(name), built.arrays()
        write_arrays(folder, arrays)
        size = sum((folder / file).stat().st_size for file in arrays)
        files = list(arrays)
        del built, arrays
        lexicon = Lexicon.from_arrays(map_arrays(folder, files))
        _, seconds = _timed(lexicon.scores, questions)
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    table = Table(
        "", "spelling", title=f"{count} texts, {sum(map(len, texts)) / 1e6:.0f} M characters", box=None
    )
    table.add_row("p50", f"{p50:.2f} ms")
    table.add_row("p99", f"{p99:.2f} ms")
    table.add_row("build", f"{build_s:.0f} s")
    table.add_row("files", f"{size / 1e6:.0f} MB")
    table.add_row("memory that building keeps", f"{kept} MB")
    Console(width=110).print(table)


def _memory_mb() -> tuple[int, int]:
    """Memory of this process in MB: its own, and mapped from files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(lines[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


if __name__ == "__main__":
    main()
