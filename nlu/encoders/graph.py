"""Writes ONNX graphs node by node: for models whose weights come as plain numbers. Never when serving."""

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

Matrix = NDArray[np.float32]


class Graph:
    """A graph that grows. What flows through it goes by the names that `constant` and `apply` return."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[Any]) -> str:
        """Numbers that do not change."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
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

    def product(self, states: str, weights: Matrix, bias: Matrix | None = None) -> str:
        """States times weights, plus a bias, in float32.

        Args:
            states: (..., inner).
            weights: (inner, outer).
        """
        found = self.apply("MatMul", states, self.constant(weights))
        return found if bias is None else self.apply("Add", found, self.constant(bias))

    def product_in_int8(self, states: str, weights: Matrix, bias: Matrix) -> str:
        """The same with each column of the weights, and all of the states, rounded to eight bits."""
        steps = np.maximum(np.abs(weights).max(axis=0) / 127, 1e-12).astype(np.float32)
        rounded = np.round(weights / steps).astype(np.int8)
        return self.apply(
            "DynamicQuantizeMatMul",
            states,
            self.constant(rounded),
            self.constant(steps),
            "",  # zero stays zero
            self.constant(bias),
        )

    def save(
        self, path: Path, *, inputs: Mapping[str, tuple[int, list[Any]]], outputs: Mapping[str, str]
    ) -> None:
        """Writes the graph.

        Args:
            inputs: element type and shape by name.
            outputs: what flows out, by the name that it gets.
        """
        given = [helper.make_tensor_value_info(name, *about) for name, about in inputs.items()]
        named = [helper.make_node("Identity", [tensor], [name]) for name, tensor in outputs.items()]
        results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
        graph = helper.make_graph([*self._nodes, *named], path.stem, given, results, self._constants)
        operators = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        onnx.save(helper.make_model(graph, opset_imports=operators, ir_version=_IR_VERSION), path)
