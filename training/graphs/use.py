"""The graph of USE-multilingual: the same numbers as its wheel's own numpy code, in half the time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.use import CHUNKS, CONVOLUTIONS, NGRAMS, tensors
from training.graphs.builder import FLOAT, INT64, GraphBuilder

_BEFORE = {2: 0, 3: 1, 5: 2}
"""How many pieces of each n-gram stand before the middle one."""
_WIDTH = 256
_END = np.iinfo(np.int64).max


def save(path: Path, weights: Mapping[str, NDArray[Any]], *, skeleton: bool) -> None:
    """Writes the graph: from `input_ids`, int64, (1, pieces), to `embedding`, float32, (1, 512).

    Args:
        weights: see `nlu.encoders.wheels.read_use`.
        skeleton: without their values.
    """
    graph = GraphBuilder(dict(tensors(weights)))
    epsilon = float(weights["eps"])
    pieces = graph.apply("Squeeze", "input_ids", graph.constant(0))
    features = _features(graph, _embedded(graph, pieces), epsilon)
    graph.save(
        path,
        inputs={"input_ids": (INT64, [1, "pieces"])},
        outputs={"embedding": _head(graph, features, pieces)},
        skeleton=skeleton,
    )


def _embedded(graph: GraphBuilder, pieces: str) -> str:
    """(pieces, 512)."""
    chunks = graph.apply("Mod", pieces, graph.number(CHUNKS))
    scale, low = (graph.apply("Gather", graph.weight(name), chunks) for name in ("pieces.scale", "pieces.lo"))
    steps = graph.apply("Cast", graph.apply("Gather", graph.weight("pieces.table"), pieces), to=FLOAT)
    return graph.apply("Add", graph.apply("Mul", steps, scale), low)


def _features(graph: GraphBuilder, embedded: str, epsilon: float) -> str:
    """The pieces themselves, and what two convolutions over each n-gram make of them: (pieces, 1280)."""
    projected = graph.product(embedded, "ngrams.projection.weight", "ngrams.projection.bias")
    normal = graph.layer_norm(projected, "ngrams.norm", epsilon=epsilon)
    sizes = graph.constant(*[_WIDTH] * len(NGRAMS))
    parts = graph.apply_many("Split", len(NGRAMS), normal, sizes, axis=1)
    found = [embedded]
    for states, length in zip(parts, NGRAMS, strict=True):
        for layer in CONVOLUTIONS:
            name = f"convolution{layer}_{length}"
            product = graph.product(_window(graph, states, length), f"{name}.weight", f"{name}.bias")
            states = graph.apply("Add", graph.apply("Relu", product), states)
        found.append(states)
    return graph.layer_norm(graph.apply("Concat", *found, axis=1), "features.norm", epsilon=epsilon)


def _window(graph: GraphBuilder, states: str, length: int) -> str:
    """Each piece with its neighbours, nothing where the text ends: (pieces, length * 256)."""
    rows, before = graph.constant(0), _BEFORE[length]
    padded = graph.apply("Pad", states, graph.constant(before, 0, length - 1 - before, 0))
    shifted = [
        graph.apply("Slice", padded, graph.constant(first), graph.constant(first - length + 1 or _END), rows)
        for first in range(length)
    ]
    return graph.apply("Concat", *shifted, axis=1)


def _head(graph: GraphBuilder, features: str, pieces: str) -> str:
    """The sum of all pieces, through dense layers: (1, 512), of length 1."""
    count = graph.apply("Cast", graph.apply("Shape", pieces), to=FLOAT)
    total = graph.apply("ReduceSum", features, graph.constant(0), keepdims=1)
    bias = graph.apply("Mul", count, graph.weight("head.cnn_b"))
    summed = graph.apply("Add", graph.product(total, "head.cnn_W"), bias)
    mean = graph.apply("Div", summed, graph.apply("Sqrt", count))

    first = graph.apply("Relu", graph.product(mean, "head.d0"))
    joined = graph.apply("Add", graph.product(mean, "head.p1"), graph.product(first, "head.d1"))
    second = graph.apply("Relu", joined)
    third = graph.apply("Relu", graph.product(second, "head.d2"))
    last = graph.apply("Add", graph.product(second, "head.p3"), graph.product(third, "head.d3"))
    return graph.apply("LpNormalization", graph.apply("Tanh", last), axis=1, p=2)
