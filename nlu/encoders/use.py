"""USE-multilingual v3 (16 languages, 512-d): the weights of its ONNX graph, in float32.

In int8 its embeddings were further from the original (mean cosine .995). Texts are read in lower case, which
found more articles.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "use-multilingual"
CHUNKS = 17
"""The table of pieces is stored in so many parts, each with a scale of its own; pieces take turns."""
NGRAMS = (2, 3, 5)
"""Lengths, in pieces, of what the convolutions look at."""
CONVOLUTIONS = ("1", "2")
"""Two over each length."""
_OF_NGRAMS = {
    "proj": "projection.weight",
    "proj_b": "projection.bias",
    "ln_g": "norm.scale",
    "ln_b": "norm.shift",
}
_HEAD = ("cnn_W", "d0", "p1", "d1", "d2", "p3", "d3")


def tensors(weights: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    """The weights by their names in the graph.

    Args:
        weights: see `nlu.encoders.wheels.read_use`.
    """
    first = weights["q1"]
    table = np.empty((CHUNKS * len(first), first.shape[1]), dtype=np.uint8)
    for chunk in range(CHUNKS):
        table[chunk::CHUNKS] = weights[f"q{chunk + 1}"]
    yield "pieces.table", table
    for name in ("scale", "lo"):
        yield f"pieces.{name}", weights[name][:, np.newaxis]
    for theirs, ours in _OF_NGRAMS.items():
        parts = [weights[f"{theirs}{length}"] for length in NGRAMS]
        yield f"ngrams.{ours}", np.concatenate(parts, axis=-1)
    for length in NGRAMS:
        for layer in CONVOLUTIONS:
            yield f"convolution{layer}_{length}.weight", weights[f"w{layer}_{length}"]
            yield f"convolution{layer}_{length}.bias", weights[f"b{layer}_{length}"]
    yield "features.norm.scale", weights["ln_g"]
    yield "features.norm.shift", weights["ln_b"]
    yield "head.cnn_b", weights["cnn_b"][np.newaxis]
    for name in _HEAD:
        yield f"head.{name}", weights[name]
