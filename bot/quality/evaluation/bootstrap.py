"""95 % intervals by the bootstrap (Efron, 1979): how far a figure may move on other questions."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
_SEED = 20_000
_COVERAGE = (2.5, 97.5)

Weights = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval; all None when there is nothing to compute it from."""

    value: float | None
    low: float | None
    high: float | None

    def rounded(self) -> dict[str, float | None]:
        """As JSON holds it, four decimals."""
        found: dict[str, float | None] = asdict(self)
        return {key: None if value is None else round(value, 4) for key, value in found.items()}

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "-"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def estimate(figure: Callable[[Weights], float | None], count: int) -> Estimate:
    """A figure on all questions, and its interval over samples of as many drawn with replacement.

    Args:
        figure: of the questions when each counts so many times, float64, (count,); None when the
            questions that count do not define it.
        count: how many questions there are.
    """
    value = figure(np.ones(count)) if count else None
    if value is None:
        return Estimate(value=None, low=None, high=None)
    rng = np.random.default_rng(_SEED)
    drawn = (
        figure(np.bincount(rng.integers(count, size=count), minlength=count).astype(np.float64))
        for _ in range(RESAMPLES)
    )
    low, high = np.percentile([one for one in drawn if one is not None], _COVERAGE)
    return Estimate(value=float(value), low=float(low), high=float(high))


def mean(values: NDArray[np.floating], *, where: NDArray[np.bool_] | None = None) -> Estimate:
    """The mean of a value of each question, such as whether it was answered rightly.

    Args:
        values: (n,).
        where: the questions that count; all when left out.
    """
    counted = np.ones(len(values)) if where is None else where.astype(np.float64)

    def figure(weights: Weights) -> float | None:
        total = float((weights * counted).sum())
        return float((weights * counted * values).sum()) / total if total else None

    return estimate(figure, len(values))


def grouped_mean(values: NDArray[np.floating], groups: NDArray[np.int64]) -> Estimate:
    """The mean of a value of each question; its interval is over samples of whole groups of questions.

    Args:
        values: (n,).
        groups: (n,): the number of each one's group, from 0 on without gaps.
    """
    sums, counts = np.bincount(groups, values), np.bincount(groups)
    return estimate(lambda weights: float(weights @ sums / (weights @ counts)), len(sums))


def auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> Estimate:
    """How often a positive scores higher than another; ties count half. None without both kinds.

    Args:
        scores: (n,).
        positive: (n,).
    """
    # Imported here: commands that only show an `Estimate` start without it.
    from sklearn.metrics import roc_auc_score

    _, ranks = np.unique(scores, return_inverse=True)  # a score may be infinite, a rank is not

    def figure(weights: Weights) -> float | None:
        drawn = weights > 0
        if len(np.unique(positive[drawn])) < 2:
            return None
        return float(roc_auc_score(positive[drawn], ranks[drawn], sample_weight=weights[drawn]))

    return estimate(figure, len(scores))


def to_json(figures: dict[str, Estimate], **more: float | int | str | None) -> str:
    """One object: a name, then value, low and high."""
    return json.dumps({**{name: figure.rounded() for name, figure in figures.items()}, **more}, indent=2)
