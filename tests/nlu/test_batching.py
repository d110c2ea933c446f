"""What several threads ask of the encoder at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from nlu.batching import Batching
from nlu.encoder import Encoder


class _Slow:
    """An encoder that can be held in the middle of a batch, and that cannot encode "bad"."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.go_on = threading.Event()
        self.begun = threading.Event()
        self.batches: list[Sequence[str]] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.batches.append(texts)
        self.begun.set()
        assert self.go_on.wait(10)
        if "bad" in texts:
            raise ValueError("bad")
        return self._encoder.encode(texts)


def test_each_gets_the_vectors_of_its_own_texts(encoder: Encoder) -> None:
    slow = _Slow(encoder)
    batching = Batching(slow)
    questions = [[f"question {n}", f"autre {n}"] if n % 2 else [f"question {n}"] for n in range(12)]
    with ThreadPoolExecutor(12) as threads:
        first = threads.submit(batching, questions[0])
        assert slow.begun.wait(10)
        others = [threads.submit(batching, asked) for asked in questions[1:]]
        while len(batching._waiting) < len(others):
            threading.Event().wait(0.01)
        slow.go_on.set()
        found = [first.result(10), *(other.result(10) for other in others)]
    assert len(slow.batches) == 2
    for asked, rows in zip(questions, found, strict=True):
        assert np.allclose(rows, encoder.encode(asked), atol=1e-5)


def test_a_text_that_cannot_be_encoded_fails_alone(encoder: Encoder) -> None:
    slow = _Slow(encoder)
    batching = Batching(slow)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(batching, ["un"])
        assert slow.begun.wait(10)
        bad, good = threads.submit(batching, ["bad"]), threads.submit(batching, ["deux"])
        while len(batching._waiting) < 2:
            threading.Event().wait(0.01)
        slow.go_on.set()
        assert first.result(10).shape == good.result(10).shape
        with pytest.raises(ValueError, match="bad"):
            bad.result(10)
    assert np.allclose(batching(["trois"]), encoder.encode(["trois"]), atol=1e-5)
