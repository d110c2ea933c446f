"""The graph of multilingual-e5-small, with matrices in float32 or in int8."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.e5 import PRODUCTS, common_tensors, int8_tensors, product, product_name
from nlu.encoders.vectors import Matrix
from nlu.encoders.wheels import E5Model
from training.graphs.builder import FLOAT, INT64, GraphBuilder


class E5Graph:
    """The graph of a model; it reads one text, so nothing is padded.

    Args:
        model: its weights.
        activations: see `nlu.encoders.e5.int8_tensors`; without them matrices are in float32.
    """

    def __init__(self, model: E5Model, activations: Mapping[str, Matrix] | None = None) -> None:
        weights = _float32_tensors(model) if activations is None else int8_tensors(model, activations)
        self._sizes = model.sizes
        self._is_int8 = activations is not None
        self._graph = GraphBuilder(dict(weights))
        self.product_inputs: dict[str, str] = {}
        """What is multiplied with each of the products, by the product's name."""
        self._result = self._pooled(self._encoded(self._embedded()))

    def save(self, path: Path, *, skeleton: bool = False, observed: bool = False) -> None:
        """Writes it: from `input_ids`, int64, (1, tokens), to `embedding`, float32, (1, hidden).

        Args:
            skeleton: without the values of the weights.
            observed: with the inputs of products as outputs too.
        """
        outputs = {"embedding": self._result, **(self.product_inputs if observed else {})}
        inputs = {"input_ids": (INT64, [1, "tokens"])}
        self._graph.save(path, inputs=inputs, outputs=outputs, skeleton=skeleton)

    def _embedded(self) -> str:
        """Sum of word, position and type, (1, tokens, hidden)."""
        graph = self._graph
        count = graph.apply("Shape", "input_ids", start=1, end=2)
        positions = graph.apply("Slice", graph.weight("positions"), graph.constant(0), count)
        return self._norm(graph.apply("Add", self._words(), positions), "emb.ln")

    def _words(self) -> str:
        """The row of each token; in int8 each row has a step of its own."""
        graph = self._graph
        if not self._is_int8:
            return graph.apply("Gather", graph.weight("words.float32"), "input_ids")
        rows = graph.apply("Cast", graph.apply("Gather", graph.weight("words.int8"), "input_ids"), to=FLOAT)
        return graph.apply("Mul", rows, graph.apply("Gather", graph.weight("words.steps"), "input_ids"))

    def _encoded(self, states: str) -> str:
        graph, sizes = self._graph, self._sizes
        thirds = graph.constant(*[sizes.hidden] * 3)
        for layer in range(sizes.layers):
            attention, output, up, down = (product_name(layer, matrices) for matrices in PRODUCTS)
            parts = graph.apply_many("Split", 3, self._product(states, attention), thirds, axis=2)
            attended = graph.apply("MultiHeadAttention", *parts, num_heads=sizes.heads)
            states = self._norm(self._product(attended, output), f"l{layer}.aln", residual=states)
            inner = graph.apply("Gelu", self._product(states, up))
            states = self._norm(self._product(inner, down), f"l{layer}.oln", residual=states)
        return states

    def _pooled(self, states: str) -> str:
        mean = self._graph.apply("ReduceMean", states, axes=[1], keepdims=0)
        return self._graph.apply("LpNormalization", mean, axis=1, p=2)

    def _product(self, states: str, name: str) -> str:
        """States times the matrices of a product, plus their biases."""
        graph = self._graph
        self.product_inputs[name] = states
        if not self._is_int8:
            return graph.product(states, f"{name}.float32", f"{name}.bias")
        smoothed = graph.apply("Mul", states, graph.weight(f"{name}.smoothing"))
        weights, steps, bias = (graph.weight(f"{name}.{part}") for part in ("int8", "steps", "bias"))
        # The empty input is the zero point: zero stays zero.
        return graph.apply("DynamicQuantizeMatMul", smoothed, weights, steps, "", bias)

    def _norm(self, states: str, name: str, *, residual: str | None = None) -> str:
        """Layer normalisation, of the states by themselves or with others added."""
        epsilon = self._sizes.epsilon
        if residual is None:
            return self._graph.layer_norm(states, name, epsilon=epsilon)
        scale, shift = self._graph.weight(f"{name}.scale"), self._graph.weight(f"{name}.shift")
        return self._graph.apply("SkipLayerNormalization", states, residual, scale, shift, epsilon=epsilon)


def _float32_tensors(model: E5Model) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from common_tensors(model)
    yield "words.float32", model.tensors["emb.word"].reshape(model.sizes.vocabulary, -1)
    for layer in range(model.sizes.layers):
        for matrices in PRODUCTS:
            weights, bias = product(model, layer, matrices)
            yield f"{product_name(layer, matrices)}.float32", weights.T
            yield f"{product_name(layer, matrices)}.bias", bias


def largest_activations(
    path: Path, names: Sequence[str], texts: Iterator[Sequence[int]]
) -> dict[str, Matrix]:
    """The largest size of each channel of what products are multiplied with.

    Args:
        path: of the graph, in float32, saved as `observed`.
        names: of its products.
        texts: token ids of texts to try.

    Returns:
        float32, (inner,), by product.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = {name: np.zeros(1, dtype=np.float32) for name in names}
    for ids in texts:
        states = session.run(list(names), {"input_ids": np.array([ids], dtype=np.int64)})
        for name, state in zip(names, states, strict=True):
            found[name] = np.maximum(found[name], np.abs(state[0]).max(axis=0))
    return found
