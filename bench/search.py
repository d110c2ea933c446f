"""Time of one query: encoder, index, understanding, by themselves."""

import time
from collections.abc import Callable, Sequence

from bench.figures import Figures, percentiles
from bot.content.knowledge import Knowledge
from nlu.encoders.encoder import Encoder

_QUERIES = 400


def measure(figures: Figures, encoder: Encoder, knowledge: Knowledge, questions: Sequence[str]) -> None:
    """One thread, distinct questions."""
    figures.heading("One query by itself")
    asked = list(questions[:_QUERIES])
    vectors = [encoder.encode([question])[0] for question in asked]
    figures.add("encoder", _time(lambda n: encoder.encode([asked[n]]), len(asked)), "p50 < 10 ms")
    figures.add(
        "index, the question encoded already",
        _time(
            lambda n: knowledge.searcher.search(asked[n], lambda: vectors[n], desk="it", language="fr"),
            len(asked),
        ),
    )
    figures.add(
        "understanding, the question encoded already",
        _time(
            lambda n: knowledge.interpreter.understand(asked[n], language="fr", vector=lambda: vectors[n]),
            len(asked),
        ),
    )


def _time(work: Callable[[int], object], count: int) -> str:
    times = []
    for number in range(count):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return percentiles(times)
