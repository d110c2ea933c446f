"""A server that is slow, away or gone costs one wait, and the embedded engine goes on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlu.encoders.encoder import Encoder
from nlu.interpreter.embedded import EmbeddedInterpreter
from nlu.rasa.client import Breaker, RasaInterpreter, RasaServer, RasaUnavailableError
from tests.nlu.rasa.conftest import Listener, Served, served

_REST_S = 30.0
_ASKED = "reviens à la question précédente stp"
"""The embedded engine weighs it by meaning."""


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_one_failure_keeps_away_and_then_one_caller_tries() -> None:
    clock = _Clock()
    breaker = Breaker(_REST_S, clock)
    assert breaker.admits()
    breaker.failed(RasaUnavailableError("gone"))
    assert not breaker.admits()
    clock.now += _REST_S
    assert [breaker.admits(), breaker.admits()] == [True, False], "others do not wait for the trial"
    breaker.answered()
    assert breaker.admits()


def test_a_server_that_never_was_there_is_asked_once(
    interpreter: EmbeddedInterpreter, encoder: Encoder, embedded: Listener
) -> None:
    breaker = Breaker()
    with RasaServer("http://127.0.0.1:1", "x") as nowhere:
        engine = Listener(RasaInterpreter(interpreter, nowhere, breaker), encoder)
        assert engine.hear(_ASKED) == embedded.hear(_ASKED)
        assert not breaker.admits()
        assert engine.hear(_ASKED) == embedded.hear(_ASKED)


@pytest.fixture
def mortal(model: Path) -> Iterator[Served]:
    """A server for one test, which kills it."""
    with served(model) as server:
        yield server


@pytest.mark.rasa
def test_a_server_that_hangs_answers_again_and_dies(
    mortal: Served,
    interpreter: EmbeddedInterpreter,
    encoder: Encoder,
    embedded: Listener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = _Clock()
    breaker = Breaker(_REST_S, clock)
    with mortal.client(timeout_s=1.0) as client:
        client.parse(_ASKED)
        engine = Listener(RasaInterpreter(interpreter, client, breaker), encoder)
        mortal.process.send_signal(signal.SIGSTOP)
        assert engine.hear(_ASKED) == embedded.hear(_ASKED)
        assert not breaker.admits()
        mortal.process.send_signal(signal.SIGCONT)
        with mortal.client() as patient:
            patient.parse(_ASKED)
        clock.now += _REST_S
        engine.hear(_ASKED)
        assert breaker.admits(), "it answers again"
        mortal.process.kill()
        mortal.process.wait()
        assert engine.hear(_ASKED) == embedded.hear(_ASKED)
        assert not breaker.admits()
    assert mortal.token not in caplog.text
    assert _ASKED not in caplog.text


@pytest.mark.parametrize("refused", [True, False])
def test_a_failure_is_told_once(caplog: pytest.LogCaptureFixture, refused: bool) -> None:
    breaker = Breaker()
    breaker.failed(RasaUnavailableError("status 401", refused=refused))
    breaker.failed(RasaUnavailableError("status 401", refused=refused))
    assert len(caplog.records) == 1
