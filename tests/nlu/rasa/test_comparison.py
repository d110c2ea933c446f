"""The engines on the same sentences, which neither has seen; docs/evaluation-rasa.md has the figures."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from nlu.encoders.encoder import Encoder
from nlu.intents.background import NONE
from nlu.interpreter.embedded import EmbeddedInterpreter
from nlu.rasa.client import THRESHOLD, Breaker, RasaInterpreter, RasaServer
from tests.nlu.rasa.conftest import Listener
from tests.nlu.rasa.sentences import IN_SCOPE, QUESTIONS
from tests.nlu.sentences import DANGER

pytestmark = pytest.mark.rasa

Engine = Callable[[str], str | None]
_DANGER = [(text, intent) for intent, texts in DANGER.items() for text in texts]


@dataclass(frozen=True)
class Figures:
    """Shares of 1, and milliseconds."""

    in_scope: float
    rejected: float
    danger: float
    p50_ms: float

    def __str__(self) -> str:
        return f"{self.in_scope:.3f} | {self.rejected:.3f} | {self.danger:.3f} | {self.p50_ms:.1f} ms"


@pytest.fixture(scope="module")
def figures(
    interpreter: EmbeddedInterpreter, encoder: Encoder, server: RasaServer, embedded: Listener
) -> dict[str, Figures]:
    """By engine."""
    beside = Listener(RasaInterpreter(interpreter, server, Breaker()), encoder)
    engines: dict[str, Engine] = {
        "embedded": lambda text: embedded.hear(text).intent,
        "rasa alone": lambda text: _alone(server, text),
        "rasa beside embedded": lambda text: beside.hear(text).intent,
    }
    return {name: _measured(engine) for name, engine in engines.items()}


def test_beside_the_embedded_engine_it_loses_nothing(
    figures: dict[str, Figures], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print("\nengine | intent right | question rejected | danger right | p50")
        for name, row in figures.items():
            print(f"{name} | {row}")
    alone, beside = figures["embedded"], figures["rasa beside embedded"]
    assert beside.danger == alone.danger
    assert beside.in_scope >= alone.in_scope - 0.05
    assert beside.rejected >= alone.rejected - 0.05


def test_alone_it_is_a_real_engine(figures: dict[str, Figures]) -> None:
    assert figures["rasa alone"].in_scope >= 0.2
    assert figures["rasa alone"].rejected >= 0.85


def _alone(server: RasaServer, text: str) -> str | None:
    """With the threshold and nothing else."""
    chances = server.parse(text)
    best = max(chances, key=chances.__getitem__)
    return best if best not in NONE and chances[best] >= THRESHOLD else None


def _measured(engine: Engine) -> Figures:
    times: list[float] = []

    def share(pairs: list[tuple[str, str | None]]) -> float:
        right = 0
        for text, intent in pairs:
            begun = time.perf_counter()
            right += engine(text) == intent
            times.append(time.perf_counter() - begun)
        return right / len(pairs)

    return Figures(
        share([*IN_SCOPE]),
        share([(text, None) for text in QUESTIONS]),
        share([*_DANGER]),
        1000 * statistics.median(times),
    )
