"""Bounds on work instead of bounds on time: other programs on the machine do not count."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def little_work(cpu_s: float = 5.0) -> Iterator[None]:
    """Fails when the block took this much processor time in all threads, as a runaway pattern would."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < cpu_s
