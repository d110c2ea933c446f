"""What every engine of understanding does: the interface and its result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What a message was taken to mean.

    Args:
        language: the message's own when `language_sure`, else the one it was asked with.
        language_sure: the text itself shows its language.
        intent: what the message as a whole is for; None for anything else, such as a question.
        score: probability that `intent` is right, 0 to 1; when `intent` is None, that none applies.
        ranking: the likeliest intents with their probabilities, best first; without the "none" class.
        matched: the example or the words of the message that decided it; None when no single one did.
        choice: "1" to "9", or "-1" for the last one, when the message is nothing but a choice.
        entities: values by the name of their entity, in the order of the message: "product", "identifier".
        also: other intents that ride along in the same message, such as "urgent" on a question.
    """

    language: str
    language_sure: bool
    intent: str | None
    score: float
    ranking: tuple[tuple[str, float], ...] = ()
    matched: str | None = None
    choice: str | None = None
    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also: frozenset[str] = frozenset()


class Interpreter(Protocol):
    """An engine that understands messages."""

    def understand(
        self, text: str, *, language: str, vector: Callable[[], NDArray[np.float32]]
    ) -> Understanding:
        """Understands one message.

        Args:
            text: what the person wrote, as it came.
            language: of the conversation so far.
            vector: gives the encoder's row for `text`, float32, (dim,); called at most once, and not
                at all for short commands.
        """
