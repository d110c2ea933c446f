"""Whether work grows with its input, or with the input's square."""

import time
from collections.abc import Callable


def grows_linearly(work: Callable[[str], object], unit: str, *, chars: int = 10_000) -> bool:
    """Whether eight times the text takes less than 24 times the processor time (a square takes 64 times).

    Args:
        work: what is measured; the best of three runs counts, so other programs hardly do.
        unit: what the text repeats.
        chars: length of the shorter text.
    """
    short = _cpu_s(work, unit * (chars // len(unit)))
    long = _cpu_s(work, unit * (8 * chars // len(unit)))
    return long < 24 * short + 0.2


def _cpu_s(work: Callable[[str], object], text: str) -> float:
    times = []
    for _ in range(3):
        begun = time.process_time()
        work(text)
        times.append(time.process_time() - begun)
    return min(times)
