"""Builds ONNX graphs node by node, with or without the values of their weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_MICROSOFT = "com.microsoft"
"""onnxruntime's own operators: several of the standard's in one, or in whole numbers."""
_OF_MICROSOFT = frozenset({"DynamicQuantizeMatMul", "Gelu", "MultiHeadAttention", "SkipLayerNormalization"})
_IR_VERSION = 9

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class GraphBuilder:
    """A graph that grows. Its tensors go by the names that `constant`, `weight` and `apply` return.

    Args:
        weights: what `weight` may name.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._weights = weights
        self._used: dict[str, None] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, *values: int) -> str:
        """A list of whole numbers that belongs to the graph, such as axes."""
        return self._constant(np.array(values))

    def number(self, value: int) -> str:
        """The same for a single one."""
        return self._constant(np.array(value))

    def weight(self, name: str) -> str:
        """A weight of the model, which a skeleton leaves out."""
        if name not in self._weights:
            raise KeyError(name)
        self._used[name] = None
        return name

    def apply(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The one result of an operator of ONNX, or of onnxruntime."""
        return self.apply_many(operator, 1, *inputs, **attributes)[0]

    def apply_many(self, operator: str, results: int, *inputs: str, **attributes: Any) -> list[str]:
        """The same for an operator with several results."""
        place = len(self._nodes)
        names = [f"{operator}_{place}_{number}" for number in range(results)]
        domain = _MICROSOFT if operator in _OF_MICROSOFT else ""
        self._nodes.append(helper.make_node(operator, inputs, names, domain=domain, **attributes))
        return names

    def product(self, states: str, weight: str, bias: str | None = None) -> str:
        """States, (..., inner), times a weight, (inner, outer), plus a bias, (outer,), in float32."""
        found = self.apply("MatMul", states, self.weight(weight))
        return found if bias is None else self.apply("Add", found, self.weight(bias))

    def layer_norm(self, states: str, name: str, *, epsilon: float) -> str:
        """Layer normalisation with the weights `<name>.scale` and `<name>.shift`."""
        scale, shift = self.weight(f"{name}.scale"), self.weight(f"{name}.shift")
        return self.apply("LayerNormalization", states, scale, shift, axis=-1, epsilon=epsilon)

    def save(
        self,
        path: Path,
        *,
        inputs: Mapping[str, tuple[int, list[Any]]],
        outputs: Mapping[str, str],
        skeleton: bool,
    ) -> None:
        """Writes the graph.

        Args:
            inputs: element type and shape by name.
            outputs: tensors by the names that they get as outputs.
            skeleton: leaves out the values of weights: see `nlu.encoders.skeletons`.
        """
        given = [helper.make_tensor_value_info(name, *about) for name, about in inputs.items()]
        named = [helper.make_node("Identity", [tensor], [name]) for name, tensor in outputs.items()]
        results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
        weights = [_tensor(name, self._weights[name], skeleton=skeleton) for name in self._used]
        initialisers = [*self._constants, *weights]
        graph = helper.make_graph([*self._nodes, *named], "encoder", given, results, initialisers)
        operators = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        onnx.save(helper.make_model(graph, opset_imports=operators, ir_version=_IR_VERSION), path)

    def _constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name


def _tensor(name: str, values: NDArray[Any], *, skeleton: bool) -> onnx.TensorProto:
    if not skeleton:
        return numpy_helper.from_array(np.ascontiguousarray(values), name)
    dtype = helper.np_dtype_to_tensor_dtype(values.dtype)
    return onnx.TensorProto(name=name, data_type=dtype, dims=values.shape)
