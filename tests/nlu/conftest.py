"""The interpreter as the product trains it, once for the run."""

from pathlib import Path

import pytest

import config
from nlu.encoders.encoder import Encoder
from nlu.interpreter.embedded import EmbeddedInterpreter
from tests.support.once import made_once

_INTENTS = Path(config.__file__).parent / "base" / "intents"


@pytest.fixture(scope="session")
def base_intents() -> dict[str, str]:
    """The product's own training data, text by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(_INTENTS.glob("*.yml"))}


@pytest.fixture(scope="session")
def interpreter(base_intents: dict[str, str], encoder: Encoder, shared_folder: Path) -> EmbeddedInterpreter:
    """Trained on them, once for the run."""

    def train(folder: Path) -> None:
        trained = EmbeddedInterpreter.train(base_intents, encoder.encode, model_id=encoder.model_id)
        (folder / "interpreter.npz").write_bytes(trained.to_bytes())

    made = made_once(shared_folder / "interpreter", train)
    return EmbeddedInterpreter.from_bytes((made / "interpreter.npz").read_bytes())
