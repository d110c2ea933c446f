"""From calibrated confidence to the two thresholds: computed from labelled questions for a stated target.

The target says how many of the answers given may be wrong. The threshold is the lowest at which that can be
promised: thresholds are tried from strict to lax, and each must keep the exact upper confidence bound of
its error (Clopper and Pearson, 1934) under the target; the first that fails ends the search, so that
trying many costs no confidence (fixed-sequence testing: Angelopoulos et al., "Learn then Test", 2021).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT_TARGET = 0.1
SURENESS = 0.95
"""Of the bound."""

_GRID = tuple(round(0.99 - step * 0.01, 2) for step in range(90))
_WORTH_ASKING = 0.5
"""A clarification is worth its trouble when it helps at least every second time."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What the search made of labelled questions; arrays of one length.

    Args:
        confidence: of the best hit; 0 without any.
        right: the best hit answers the question.
        offered: one of the first three does.
        inside: something answers it.
    """

    confidence: Floats
    right: Bools
    offered: Bools
    inside: Bools

    def __len__(self) -> int:
        return len(self.confidence)


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """What happens at one threshold.

    Args:
        threshold: confidence from which an answer is given.
        answers: how many questions are answered.
        coverage: share of the questions in scope that are answered, rightly or wrongly.
        error: share of the answers given that are wrong.
        bound: upper bound of that share, sure to 95 %.
    """

    threshold: float
    answers: int
    coverage: float
    error: float
    bound: float


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """The thresholds, and what was known when they were computed.

    Args:
        target: share of the answers given that may be wrong.
        answer: confidence from which an answer is given.
        clarify: confidence from which something is worth offering as a choice.
        kept: whether the target is promised with a bound; otherwise `answer` is the best guess.
        questions: how many labelled questions it was computed from; 0 for the built-in one.
        coverage, error, bound: see `CurvePoint`.
        missing: about how many more labelled questions would let the target be promised; 0 when it is,
            None when more of them would not help, because too many answers are wrong.
    """

    target: float
    answer: float
    clarify: float
    kept: bool
    questions: int
    coverage: float
    error: float
    bound: float
    missing: int | None


DEFAULT_DECISION = OperatingPoint(
    target=DEFAULT_TARGET,
    answer=0.45,
    clarify=0.18,
    kept=False,
    questions=0,
    coverage=0.0,
    error=0.0,
    bound=1.0,
    missing=60,
)
"""For a workspace without labelled questions."""


def decide(outcomes: Outcomes, target: float) -> OperatingPoint:
    """Computes the thresholds from questions whose confidence was learnt without them.

    Args:
        outcomes: of labelled questions, those out of scope included.
        target: share of the answers given that may be wrong, above 0 and below 1.
    """
    points = curve(outcomes)
    kept = _kept(points, target)
    chosen = kept or _guess(points, target)
    return OperatingPoint(
        target=target,
        answer=chosen.threshold,
        clarify=_clarify(outcomes, chosen.threshold),
        kept=kept is not None,
        questions=len(outcomes),
        coverage=chosen.coverage,
        error=chosen.error,
        bound=chosen.bound,
        missing=0 if kept else _missing(chosen, target, len(outcomes)),
    )


def curve(outcomes: Outcomes, thresholds: Sequence[float] = _GRID) -> Sequence[CurvePoint]:
    """Coverage against error, from strict to lax."""
    return [point_at(outcomes, threshold) for threshold in thresholds]


def point_at(outcomes: Outcomes, threshold: float) -> CurvePoint:
    """What happens at a threshold."""
    given = outcomes.confidence >= threshold
    answers, wrong = int(given.sum()), int((given & ~outcomes.right).sum())
    inside = int(outcomes.inside.sum())
    return CurvePoint(
        threshold=threshold,
        answers=answers,
        coverage=float((given & outcomes.inside).sum() / inside) if inside else 0.0,
        error=wrong / answers if answers else 0.0,
        bound=upper_bound(wrong, answers),
    )


def upper_bound(wrong: int, answers: int) -> float:
    """The share of wrong answers that is not exceeded, sure to 95 %; 1 without answers."""
    # Imported here: only building and evaluating need it.
    from scipy.stats import beta

    return float(beta.ppf(SURENESS, wrong + 1, answers - wrong)) if wrong < answers else 1.0


def calibration_error(outcomes: Outcomes, *, bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence from how often it is right, in equal bins."""
    order = np.argsort(outcomes.confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(
        sum(len(p) * abs(outcomes.confidence[p].mean() - outcomes.right[p].mean()) for p in parts)
        / max(len(outcomes), 1)
    )


def _kept(points: Sequence[CurvePoint], target: float) -> CurvePoint | None:
    """The last point of the sequence that keeps the target.

    It begins where a promise could be made with one wrong answer: before, a single one would end it.
    """
    kept: CurvePoint | None = None
    for point in points:
        if upper_bound(1, point.answers) > target:
            continue
        if point.bound > target:
            break
        kept = point
    return kept


def _guess(points: Sequence[CurvePoint], target: float) -> CurvePoint:
    """The laxest point up to which the target was observed; the strictest with an answer if none was."""
    answered = [point for point in points if point.answers]
    fitting = [point for point in answered if point.error <= target]
    return min(fitting, key=lambda point: point.threshold) if fitting else (answered or list(points))[0]


def _clarify(outcomes: Outcomes, answer: float) -> float:
    """From where offering three choices helps at least every second time."""
    worth = [answer]
    for threshold in (value for value in _GRID if value < answer):
        asked = (outcomes.confidence >= threshold) & (outcomes.confidence < answer)
        if asked.any() and outcomes.offered[asked].mean() >= _WORTH_ASKING:
            worth.append(threshold)
    return min(worth)


def _missing(point: CurvePoint, target: float, questions: int) -> int | None:
    """How many more questions would make the bound fit, were the share of wrong answers to stay."""
    if point.error >= target or not point.answers:
        return None
    answers = point.answers
    while upper_bound(round(point.error * answers), answers) > target:
        answers = math.ceil(answers * 1.1) + 1
    return math.ceil(questions * answers / point.answers) - questions
