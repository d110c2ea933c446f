"""Measures an engine of understanding on a set of labelled sentences."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.domain.errors import ContentError
from bot.quality.evaluation.bootstrap import Estimate, Weights, auroc, estimate, mean
from bot.quality.evaluation.engines import Classifier, LabelledSentence, Progress, Train
from bot.quality.evaluation.lines import read_objects, storable

OUT_OF_SCOPE = "oos"
_FOLDS = 4
_OUTSIDE = 0.25
"""Share of sentences out of scope that a threshold is chosen for. How many there will be is not known, and
how many a file holds tells nothing of it."""
_GRID = 200
_TIMED = 200
_REMEDY = 'Each line is {"text": "...", "intent": "..."}.'


@dataclass(frozen=True, kw_only=True)
class IntentReport:
    """What is printed.

    Args:
        figures: by their names in the JSON object.
        latency_ms_p50: of one sentence, with its encoding.
        threshold: of certainty; below it a sentence is taken to be out of scope.
        chosen_on: what the threshold was chosen on, for people.
    """

    figures: dict[str, Estimate]
    latency_ms_p50: float
    threshold: float
    chosen_on: str


@dataclass(frozen=True)
class _Answers:
    """What an engine said of sentences whose intent is known; -1 is out of scope.

    Args:
        truth: intent of each sentence, (n,).
        taken: what it was taken for, (n,).
        certainty: (n,).
    """

    truth: NDArray[np.int64]
    taken: NDArray[np.int64]
    certainty: NDArray[np.float64]


def read_examples(path: Path) -> list[LabelledSentence]:
    """Reads lines of `{"text": ..., "intent": ...}`.

    Raises:
        ContentError: a line is wrong, or the file cannot be read.
    """
    return [_example(path, number, item) for number, item in read_objects(path, (), _REMEDY)]


def _example(path: Path, number: int, item: Mapping[str, object]) -> LabelledSentence:
    found = []
    for key in ("text", "intent"):
        value = item.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ContentError(str(path), number, f"`{key}` is missing or no text.", _REMEDY)
        found.append(value)
    return LabelledSentence(storable(found[0]), found[1].strip())


def evaluate(
    train: Train,
    examples: Sequence[LabelledSentence],
    test: Sequence[LabelledSentence],
    *,
    val: Sequence[LabelledSentence] = (),
    progress: Progress,
) -> IntentReport:
    """Trains an engine and measures it.

    Args:
        train: see `bot.quality.evaluation.engines`.
        examples: to train on; those out of scope help to choose the threshold only.
        test: to measure on.
        val: to choose the threshold on; without it, cross-validation on `examples` chooses.
        progress: see `bot.quality.evaluation.engines.Progress`.
    """
    known = [one for one in examples if one.intent != OUT_OF_SCOPE]
    outside = [one for one in examples if one.intent == OUT_OF_SCOPE]
    column = {intent: index for index, intent in enumerate(sorted({one.intent for one in known}))}
    for one in (*test, *val):
        if one.intent != OUT_OF_SCOPE:
            column.setdefault(one.intent, len(column))
    progress("Training", 0, 1)
    classifier = train(known)
    progress("Training", 1, 1)
    if val:
        judged = _asked(classifier, [*val, *outside], column)
        chosen_on = "the validation file"
    else:
        judged = _cross_validated(train, known, outside, column, progress)
        chosen_on = "cross-validation on the training file"
    threshold = _best_threshold(judged, _balanced(judged.truth))
    answers = _asked(classifier, test, column)
    return IntentReport(
        figures=_figures(answers, threshold, len(column)),
        latency_ms_p50=_latency_ms(classifier, test, progress),
        threshold=threshold,
        chosen_on=chosen_on,
    )


def _asked(classifier: Classifier, asked: Sequence[LabelledSentence], column: dict[str, int]) -> _Answers:
    guesses = classifier.classify([one.text for one in asked])
    return _Answers(
        np.array([-1 if one.intent == OUT_OF_SCOPE else column[one.intent] for one in asked]),
        np.array([column[guess.intent] for guess in guesses]),
        np.array([guess.certainty for guess in guesses]),
    )


def _cross_validated(
    train: Train,
    known: Sequence[LabelledSentence],
    outside: Sequence[LabelledSentence],
    column: dict[str, int],
    progress: Progress,
) -> _Answers:
    """What engines say of examples that they lack.

    Without examples out of scope, each fold also leaves whole intents out, whose examples stand for them.
    """
    rng = np.random.default_rng(0)
    row_fold = rng.permutation(len(known)) % _FOLDS
    intents = sorted({one.intent for one in known})
    spread = rng.permutation(len(intents)) % _FOLDS
    intent_fold = dict(zip(intents, spread.tolist(), strict=True))
    found: list[_Answers] = []
    for fold in range(_FOLDS):
        progress("Choosing the threshold", fold, _FOLDS)
        left = {intent for intent in intents if not outside and intent_fold[intent] == fold}
        if len(intents) - len(left) < 2:
            continue
        pairs = list(zip(known, row_fold.tolist(), strict=True))
        kept = [one for one, at in pairs if at != fold and one.intent not in left]
        if len({one.intent for one in kept}) < 2:
            continue
        held = [one for one, at in pairs if at == fold and one.intent not in left]
        strange = [LabelledSentence(one.text, OUT_OF_SCOPE) for one in known if one.intent in left]
        found.append(_asked(train(kept), [*held, *strange, *outside], column))
    progress("Choosing the threshold", _FOLDS, _FOLDS)
    return _Answers(
        *(np.concatenate([getattr(one, name) for one in found]) for name in ("truth", "taken", "certainty"))
    )


def _balanced(truth: NDArray[np.int64]) -> Weights:
    """Weights by which sentences out of scope make up `_OUTSIDE` of all; even when there are none."""
    outside = truth < 0
    if not outside.any() or outside.all():
        return np.ones(len(truth))
    share = float(outside.mean())
    return np.asarray(np.where(outside, _OUTSIDE / share, (1 - _OUTSIDE) / (1 - share)))


def _best_threshold(answers: _Answers, weights: Weights) -> float:
    """The threshold with the best MCC."""
    thresholds = np.unique(answers.certainty)
    classes = int(max(answers.truth.max(), answers.taken.max())) + 1
    return float(thresholds[int(np.argmax(_mcc(answers, thresholds, weights, classes)))])


def _mcc(answers: _Answers, thresholds: NDArray[np.float64], weights: Weights, classes: int) -> Weights:
    """Matthews' correlation at each threshold, out of scope being one more class.

    The multi-class form (Gorodkin, 2004), as scikit-learn computes it one threshold at a time: the interval
    needs it 200,000 times, for which this takes a second and `matthews_corrcoef` half an hour.

    Args:
        thresholds: rising, (k,).
        weights: how much each sentence counts, (n,).
        classes: in scope.

    Returns:
        float64, (k,).
    """
    count = len(thresholds)
    # The number of thresholds that a sentence passes: it is taken for an intent at those.
    passed = np.searchsorted(thresholds, answers.certainty, side="right")
    outside = answers.truth < 0
    right = answers.truth == answers.taken
    total = weights.sum()

    def at_each(values: Weights) -> Weights:
        sums = np.bincount(passed, values, count + 1)
        return np.asarray(np.cumsum(sums[::-1])[::-1][1:])

    predicted = np.bincount(passed * classes + answers.taken, weights, (count + 1) * classes)
    predicted = np.cumsum(predicted.reshape(count + 1, classes)[::-1], axis=0)[::-1][1:]
    rejected = total - predicted.sum(axis=1)
    true = np.bincount(answers.truth[~outside], weights[~outside], classes)
    true_outside = weights[outside].sum()
    correct = at_each(weights * right) + true_outside - at_each(weights * outside)
    covered = correct * total - predicted @ true - rejected * true_outside
    spread_taken = total**2 - np.square(predicted).sum(axis=1) - rejected**2
    spread_true = total**2 - np.square(true).sum() - true_outside**2
    scale = np.sqrt(np.maximum(spread_taken * spread_true, 0.0))
    return np.asarray(np.where(scale > 0, covered / np.where(scale > 0, scale, 1.0), 0.0))


def _figures(answers: _Answers, threshold: float, classes: int) -> dict[str, Estimate]:
    inside = answers.truth >= 0
    right = (answers.truth == answers.taken).astype(np.float64)
    accepted = answers.certainty >= threshold
    every = np.unique(answers.certainty)
    grid = every if len(every) <= _GRID else np.quantile(every, np.linspace(0, 1, _GRID))
    exact = float(_mcc(answers, every, np.ones(len(inside)), classes).max())

    def best(weights: Weights) -> float:
        return float(_mcc(answers, grid, weights, classes).max())

    def chosen(weights: Weights) -> float:
        return float(_mcc(answers, np.array([threshold]), weights, classes)[0])

    mcc_best = estimate(best, len(inside))
    return {
        "accuracy": mean(right, where=inside),
        "macro_f1": estimate(lambda weights: _macro_f1(answers, weights * inside), len(inside)),
        "auroc": auroc(answers.certainty, inside),
        "mcc_best": Estimate(value=exact, low=mcc_best.low, high=mcc_best.high),
        "accuracy_at": mean(right * accepted, where=inside),
        "oos_recall_at": mean((~accepted).astype(np.float64), where=~inside),
        "mcc_at": estimate(chosen, len(inside)),
    }


def _macro_f1(answers: _Answers, weights: Weights) -> float | None:
    """Mean F1 of the intents that are the truth, or were taken for it, at least once."""
    from sklearn.metrics import f1_score

    drawn = weights > 0
    if not drawn.any():
        return None
    truth, taken = answers.truth[drawn], answers.taken[drawn]
    return float(f1_score(truth, taken, average="macro", sample_weight=weights[drawn]))


def _latency_ms(classifier: Classifier, test: Sequence[LabelledSentence], progress: Progress) -> float:
    """The median time of one sentence, each asked alone."""
    step = max(1, len(test) // _TIMED)
    spent: list[float] = []
    for one in test[::step][:_TIMED]:
        begun = time.perf_counter()
        # Another text than the measured one, so that nothing known is looked up.
        classifier.classify([f"{one.text} "])
        spent.append((time.perf_counter() - begun) * 1000)
        progress("Timing", len(spent), min(_TIMED, len(test)))
    return round(float(np.median(spent)), 2)


def counts(examples: Sequence[LabelledSentence]) -> str:
    """How many of each kind there are, for people."""
    kinds = Counter(one.intent == OUT_OF_SCOPE for one in examples)
    intents = len({one.intent for one in examples} - {OUT_OF_SCOPE})
    return f"{kinds[False]} in scope ({intents} intents), {kinds[True]} out of scope"
