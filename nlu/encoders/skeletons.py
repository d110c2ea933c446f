"""Fills an ONNX graph that was published without its large weights (see `nlu.encoders.weights`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from nlu.encoders.errors import EncoderError


def write_filled(skeleton: Path, weights: Mapping[str, NDArray[Any]], target: Path) -> None:
    """Writes a graph with its weights.

    Args:
        skeleton: a graph in which some initialisers have a type and a shape, and no values.
        weights: values of these by their names.
        target: of the whole graph.

    Raises:
        EncoderError: the weights are not those of the graph.
    """
    model = onnx.load(skeleton)
    empty = [tensor for tensor in model.graph.initializer if not tensor.HasField("raw_data")]
    if {tensor.name for tensor in empty} != weights.keys():
        raise EncoderError(skeleton.parent.name, "its graph and its weights are of different versions")
    for tensor in empty:
        values = weights[tensor.name]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        if values.shape != tuple(tensor.dims) or values.dtype != dtype:
            raise EncoderError(skeleton.parent.name, f"{tensor.name} has another shape in its graph")
        tensor.raw_data = np.ascontiguousarray(values).tobytes()
    onnx.save(model, target)
