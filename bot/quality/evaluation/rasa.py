"""Rasa as an engine that `relais eval intents` can train and ask: our pipeline, in its own environment."""

import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bot.quality.evaluation.engines import Guess, LabelledSentence, Progress
from nlu.rasa import process
from nlu.rasa.client import RasaServer
from nlu.rasa.project import write_examples

_TIMEOUT_S = 60.0


class RasaEngine:
    """Trains Rasa in a temporary folder, and serves one model at a time on 127.0.0.1.

    Args:
        progress: see `bot.quality.evaluation.engines.Progress`.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._folder = ExitStack()
        self._running = ExitStack()
        self._served: tuple[Path, RasaServer] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        self._root = Path(self._folder.enter_context(TemporaryDirectory()))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        self._folder.close()

    def train(self, examples: Sequence[LabelledSentence]) -> "RasaClassifier":
        """Trains a model; see `bot.quality.evaluation.engines.Train`.

        Raises:
            RasaMissingError: Rasa is not set up, or cannot be trained.
        """
        self._count += 1
        project = self._root / str(self._count)
        intents = sorted({one.intent for one in examples})
        # Rasa reads more into some names, such as those with a slash.
        names = {intent: f"intent_{index}" for index, intent in enumerate(intents)}
        said: dict[str, list[str]] = {names[intent]: [] for intent in intents}
        for one in examples:
            said[names[one.intent]].append(one.text)
        model = process.train(project, write_examples(project, said), log=project / "train.log")
        return RasaClassifier(self, model, {name: intent for intent, name in names.items()})

    def server(self, model: Path) -> RasaServer:
        """The server of a model; the one of another model ends.

        Raises:
            RasaMissingError: it does not start.
        """
        if self._served is not None and self._served[0] == model:
            return self._served[1]
        self._running.close()
        self._progress("Starting Rasa", 0, 1)
        port, token = process.free_port(), secrets.token_urlsafe(16)
        self._running.enter_context(process.serving(model, port=port, token=token))
        url = f"http://{process.HOST}:{port}"
        server = self._running.enter_context(RasaServer(url, token, timeout_s=_TIMEOUT_S))
        self._served = model, server
        self._progress("Starting Rasa", 1, 1)
        return server


@dataclass(frozen=True)
class RasaClassifier:
    """A trained model.

    Args:
        engine: serves it when it is asked.
        model: its file.
        intents: their names by what Rasa calls them.
    """

    engine: RasaEngine
    model: Path
    intents: dict[str, str]

    def classify(self, texts: Sequence[str]) -> list[Guess]:
        """See `bot.quality.evaluation.engines.Classifier`; the certainty is Rasa's confidence.

        Raises:
            RasaMissingError: Rasa does not start.
            RasaUnavailableError: it gives no answer.
        """
        server = self.engine.server(self.model)
        return [self._guess(server.parse(text)) for text in texts]

    def _guess(self, chances: dict[str, float]) -> Guess:
        if not chances:
            return Guess(next(iter(self.intents.values())), 0.0)
        best = max(chances, key=chances.__getitem__)
        return Guess(self.intents[best], chances[best])
