"""Distilling e5-light: after a short lesson it is nearer to e5-small than the layers it began from."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.encoders import e5
from nlu.encoders.samples import PASSAGES, QUESTIONS
from training.distilling import distil, write_layers
from training.originals import SentenceTransformersEncoder


@pytest.mark.torch
def test_a_lesson_brings_it_nearer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SentenceTransformersEncoder(e5.NAME)
    model = e5.read_model()
    begun_from = {
        f"l{to}.{name}": tensor.astype(np.float16)
        for to, layer in zip((6, 7, 8), (6, 9, 11), strict=True)
        for full, tensor in model.tensors.items()
        for prefix, _, name in [full.partition(".")]
        if prefix == f"l{layer}"
    }
    taught = distil(QUESTIONS, PASSAGES, lambda *_: None)
    assert {name: tensor.size for name, tensor in taught.items()} == {
        name: tensor.size for name, tensor in begun_from.items()
    }

    def nearness(upper: dict[str, NDArray[np.float16]]) -> float:
        path = tmp_path / "layers.npz"
        write_layers(path, upper)
        monkeypatch.setattr(e5, "LIGHT_LAYERS", path)
        light = SentenceTransformersEncoder(e5.LIGHT)
        wanted, found = whole.encode(QUESTIONS), light.encode(QUESTIONS)
        directions = [rows - rows.mean(axis=0) for rows in (wanted, found)]
        a, b = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in directions)
        return float((a * b).sum(axis=1).mean())

    assert nearness(taught) > nearness(begun_from) + 0.1
