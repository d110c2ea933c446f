"""A Rasa that is trained and served for these tests."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from nlu.encoders.encoder import Encoder
from nlu.interpreter.base import Interpreter, Understanding
from nlu.interpreter.embedded import EmbeddedInterpreter
from nlu.rasa import process
from nlu.rasa.client import RasaServer
from nlu.rasa.project import write_project
from tests.support.once import made_once


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    token: str
    model: Path
    process: "subprocess.Popen[bytes]"

    def client(self, *, token: str | None = None, timeout_s: float = 20.0) -> RasaServer:
        """Patient, since these tests may share a slow machine."""
        return RasaServer(self.url, self.token if token is None else token, timeout_s=timeout_s)


@pytest.fixture(scope="session")
def model(base_intents: dict[str, str], shared_folder: Path) -> Path:
    """Trained on the product's own intents, once for the run."""
    if not process.is_installed():
        pytest.skip("Rasa is not installed: run ./scripts/rasa setup")

    def train(folder: Path) -> None:
        trained = process.train(folder, write_project(folder, base_intents))
        (folder / "trained").write_text(str(trained), encoding="utf-8")

    made = made_once(shared_folder / "rasa", train)
    return Path((made / "trained").read_text(encoding="utf-8"))


@contextmanager
def served(model: Path) -> Iterator[Served]:
    """A server on a free port, as long as the block."""
    port = process.free_port()
    token = f"-{secrets.token_urlsafe(16)}"  # one in 64 begins so, and must not be read as an option
    with process.serving(model, port=port, token=token) as running:
        yield Served(f"http://{process.HOST}:{port}", token, model, running)


@pytest.fixture(scope="session")
def rasa(model: Path) -> Iterator[Served]:
    """Serves the model, once for the run."""
    with served(model) as server:
        yield server


@pytest.fixture(scope="session")
def server(rasa: Served) -> Iterator[RasaServer]:
    """A client of it."""
    with rasa.client() as client:
        yield client


class Listener:
    """Understands texts with the real encoder."""

    def __init__(self, engine: Interpreter, encoder: Encoder) -> None:
        self._engine = engine
        self._encoder = encoder

    def hear(self, text: str) -> Understanding:
        """What the engine makes of a text."""
        return self._engine.understand(text, language="fr", vector=lambda: self._encoder.encode([text])[0])


@pytest.fixture(scope="session")
def embedded(interpreter: EmbeddedInterpreter, encoder: Encoder) -> Listener:
    """The engine that is always there."""
    return Listener(interpreter, encoder)
