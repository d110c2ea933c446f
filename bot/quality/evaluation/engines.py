"""The engines that `relais eval intents` can train and ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from nlu.encoders.encoder import Encoder
from nlu.intents.classifier import Matrix

if TYPE_CHECKING:
    from nlu.intents.fitting import Fitted

_BLOCK = 64


class LabelledSentence(NamedTuple):
    """A sentence and its intent."""

    text: str
    intent: str


class Guess(NamedTuple):
    """The likeliest intent of a sentence, and a number that rises with how surely it has any."""

    intent: str
    certainty: float


class Classifier(Protocol):
    """A trained engine."""

    def classify(self, texts: Sequence[str]) -> list[Guess]:
        """What each sentence is taken for; never "oos", as the threshold decides that."""


Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps done, and all steps."""
Train = Callable[[Sequence[LabelledSentence]], Classifier]
"""Trains on examples in scope; may be called several times."""


class Encoded:
    """Encodes each text once, so that cross-validation costs no more than one training.

    Args:
        encoder: see `nlu.encoders.serving.serving_encoder`.
        progress: see `Progress`.
    """

    def __init__(self, encoder: Encoder, progress: Progress) -> None:
        self._encoder = encoder
        self._progress = progress
        self._known: dict[str, Matrix] = {}

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """See `nlu.encoders.encoder.Encoder.encode`."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(fresh), _BLOCK):
            block = fresh[start : start + _BLOCK]
            self._known.update(zip(block, self._encoder.encode(block), strict=True))
            self._progress("Encoding", min(start + _BLOCK, len(fresh)), len(fresh))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True)
class Embedded:
    """The embedded engine's classifier, trained on foreign intents."""

    encode: Callable[[Sequence[str]], Matrix]
    fitted: "Fitted"

    def classify(self, texts: Sequence[str]) -> list[Guess]:
        """See `Classifier.classify`."""
        guesses: list[Guess] = []
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            vectors = self.encode(block)
            scores = self.fitted.classifier.scores(block, vectors)
            certainty = self.fitted.scope.certainty(scores, vectors)
            best = scores.argmax(axis=1)
            guesses += [
                Guess(self.fitted.classifier.labels[int(column)], float(sure))
                for column, sure in zip(best, certainty, strict=True)
            ]
        return guesses


def train_embedded(
    examples: Sequence[LabelledSentence], encode: Callable[[Sequence[str]], Matrix]
) -> Embedded:
    """Trains the embedded engine on examples, and on what each intent is called.

    Args:
        examples: in scope, of at least two intents.
        encode: see `nlu.encoders.encoder.Encoder.encode`.
    """
    from nlu.intents.fitting import spoken
    from nlu.intents.fitting import train as fit

    named = [LabelledSentence(spoken(intent), intent) for intent in sorted({one.intent for one in examples})]
    texts, labels = zip(*examples, *named, strict=True)
    return Embedded(encode, fit(texts, labels, encode(texts)))
