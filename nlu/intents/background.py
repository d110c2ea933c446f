"""What is for no intent: its classes, bare words of it to learn from, and how sure is enough."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bot.text.normalization import words

QUESTION = "question"
"""The class of ordinary questions, which the knowledge base may answer."""
NONE = frozenset({QUESTION, "out_of_scope"})
"""The classes that are no intent."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_MOST = 1000
_FALSE_ACCEPTS = 0.01
_AT_LEAST, _AT_MOST = 0.5, 0.9
"""Of the threshold; at even odds an intent is at least likelier than all else together."""


def bare_words(background: Iterable[str], said: Iterable[str]) -> list[str]:
    """Single words to learn from as questions: people who seek something often write no more than one.

    Without them whatever single word comes is near some short intent: "descaling" would be `cancel`.

    Args:
        background: sentences that are no intent.
        said: examples of intents, whose words are left out.

    Returns:
        A thousand at most, spread evenly over the background.
    """
    known = {word for text in said for word in words(text)}
    found = dict.fromkeys(word for text in background for word in _WORD.findall(text.lower()))
    fresh = [word for word in found if known.isdisjoint(words(word))]
    step = max(1, -(-len(fresh) // _MOST))
    return fresh[::step]


def threshold(probabilities: NDArray[np.float64], truth: NDArray[np.int64], none: NDArray[np.bool_]) -> float:
    """The probability from which an intent is taken, so that one in a hundred other sentences passes.

    Args:
        probabilities: of sentences not trained on, (n, classes).
        truth: their classes, (n,).
        none: which classes are no intent, (classes,).
    """
    others = probabilities[none[truth]][:, ~none]
    if not others.size:
        return _AT_LEAST
    return float(np.clip(np.quantile(others.max(axis=1), 1 - _FALSE_ACCEPTS), _AT_LEAST, _AT_MOST))
