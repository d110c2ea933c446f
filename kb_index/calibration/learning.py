"""Learns from a workspace what similarity is usual, and from which evidence a hit is right."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kb_index.calibration.probability import DEFAULT_CALIBRATION, DEFAULT_SCALING, probabilities
from kb_index.decision.questions import Question
from kb_index.decision.thresholds import Outcomes
from kb_index.index.arrays import Matrix
from kb_index.index.contents import Index
from kb_index.index.manifest import Calibration, Scaling
from kb_index.index.rows import Role
from kb_index.retrieval.evidence import gather
from kb_index.retrieval.fusion import Ranking, rank, similarity

_IN_SCOPE_PRIOR = 0.75
"""Share of questions that the knowledge base can answer: unknown beforehand, and of mild effect."""
_HITS_LEARNT_FROM = 3
_FOLDS = 5
_LEAST_POSITIVES, _LEAST_NEGATIVES = 40, 30
_MOST_QUESTIONS = 3000
_RIDGE = 1e-3
_CERTAIN = 10.0
"""Bias when nothing is ever right, or all is."""
_NONE: Matrix = np.empty(0, dtype=np.float32)


def measure_scaling(index: Index) -> Scaling:
    """Mean and deviation of similarity between each document's title and the other documents of its desk."""
    cosines: list[Matrix] = [_NONE]
    spellings: list[Matrix] = [_NONE]
    step = max(1, len(index.documents) // 400)
    for number in range(0, len(index.documents), step):
        entry = index.documents[number]
        vector = index.row_vectors(entry.start, entry.start + 1)[0]
        found = gather(index, entry.title, vector, desk=entry.desk)
        if found is None:
            continue
        other = np.array([index.documents[n].id != entry.id for n in found.documents])
        same_language = np.array([index.documents[n].language == entry.language for n in found.documents])
        cosines.append(similarity(found)[other & same_language])
        spellings.append(found.lexical[other & same_language])
    cosine, spelling = np.concatenate(cosines), np.concatenate(spellings)
    if len(cosine) < 20:
        return DEFAULT_SCALING
    return Scaling(
        cosine_mean=float(cosine.mean()),
        cosine_deviation=max(float(cosine.std()), 0.02),
        lexical_mean=float(spelling.mean()),
        lexical_deviation=max(float(spelling.std()), 0.01),
    )


def calibrate(
    index: Index,
    scaling: Scaling,
    negatives: Sequence[str],
    encode: Callable[[Sequence[str]], Matrix],
    questions: Sequence[Question] = (),
) -> tuple[Calibration, Outcomes | None]:
    """Learns when a hit is right.

    From labelled questions where there are enough. Otherwise positives are the documents' own ways of
    asking, each asked of the index without itself and without its nearest translation; negatives are
    sentences that no document answers, and the ways of asking of other desks.

    Args:
        negatives: sentences out of scope for every desk.
        encode: see `nlu.encoders.encoder.Encoder.encode`.
        questions: labelled; those of desks that the index does not know are passed over.

    Returns:
        The calibration; and what became of the labelled questions, each by a calibration learnt without
        it, or None when they were too few.
    """
    labelled = _labelled(index, scaling, questions, encode)
    if labelled is not None:
        return _fit(labelled), _cross_fitted(labelled)
    examples = _own(index, scaling) + _foreign(index, scaling, negatives, encode)
    inside = sum(example.inside for example in examples)
    if inside < _LEAST_POSITIVES or len(examples) - inside < _LEAST_NEGATIVES:
        return DEFAULT_CALIBRATION, None
    return _fit(examples), None


def try_out(
    index: Index,
    scaling: Scaling,
    questions: Sequence[Question],
    encode: Callable[[Sequence[str]], Matrix],
) -> Outcomes | None:
    """What becomes of labelled questions, each by a calibration learnt without it; None for too few."""
    labelled = _labelled(index, scaling, questions, encode)
    return None if labelled is None else _cross_fitted(labelled)


@dataclass(frozen=True)
class _QuestionFeatures:
    """What was found for one question: features of its first hits, float32, (hits, len(FEATURES))."""

    features: Matrix
    right: NDArray[np.bool_]
    inside: bool


def _outcomes(calibration: Calibration, examples: Sequence["_QuestionFeatures"]) -> Outcomes:
    """What a calibration makes of examples that it was not learnt from."""
    return Outcomes(
        confidence=np.array(
            [probabilities(calibration, e.features[:1])[0] if len(e.features) else 0.0 for e in examples]
        ),
        right=np.array([bool(e.right[:1].any()) for e in examples]),
        offered=np.array([bool(e.right.any()) for e in examples]),
        inside=np.array([e.inside for e in examples]),
    )


def _labelled(
    index: Index, scaling: Scaling, questions: Sequence[Question], encode: Callable[[Sequence[str]], Matrix]
) -> list[_QuestionFeatures] | None:
    """Labelled questions of the desks that the index knows; None for too few."""
    asked = [question for question in questions if question.desk in index.desks]
    inside = sum(bool(question.answers) for question in asked)
    if inside < _LEAST_POSITIVES or len(asked) - inside < _LEAST_NEGATIVES:
        return None
    return _asked(index, scaling, asked, encode([question.text for question in asked]))


def _asked(
    index: Index, scaling: Scaling, questions: Sequence[Question], vectors: Iterable[Matrix]
) -> list[_QuestionFeatures]:
    examples = []
    for question, vector in zip(questions, vectors, strict=True):
        found = gather(index, question.text, vector, desk=question.desk)
        if found is not None:
            right = {(question.desk, *answer) for answer in question.answers}
            examples.append(_example(index, rank(index, found, scaling), right))
    return examples


def _own(index: Index, scaling: Scaling) -> list[_QuestionFeatures]:
    """The documents' ways of asking, asked of every desk."""
    examples = []
    asked = [(n, row) for n, entry in enumerate(index.documents) for row in _asks(index, n)]
    for number, row in _sample(asked):
        entry = index.documents[number]
        vector = index.row_vectors(row, row + 1)[0]
        for desk in index.desks:
            without = _left_out(index, number, row, vector) if desk == entry.desk else ()
            found = gather(index, index.shown[row], vector, desk=desk, without=without)
            if found is not None:
                right = {entry.name} if desk == entry.desk else set()
                examples.append(_example(index, rank(index, found, scaling), right))
    return examples


def _foreign(
    index: Index, scaling: Scaling, negatives: Sequence[str], encode: Callable[[Sequence[str]], Matrix]
) -> list[_QuestionFeatures]:
    vectors = encode(negatives)
    return [
        example
        for desk in index.desks
        for example in _asked(
            index,
            scaling,
            [Question(text=text, desk=desk, answers=frozenset()) for text in negatives],
            vectors,
        )
    ]


def _example(index: Index, ranked: Ranking, right: Set[tuple[str, str, str]]) -> _QuestionFeatures:
    names = [index.documents[n].name for n in ranked.documents[:_HITS_LEARNT_FROM]]
    return _QuestionFeatures(
        features=ranked.features[:_HITS_LEARNT_FROM],
        right=np.array([name in right for name in names], dtype=np.bool_),
        inside=bool(right),
    )


def _cross_fitted(examples: Sequence[_QuestionFeatures]) -> Outcomes:
    """Each example by a calibration learnt from the other folds."""
    parts = [_outcomes(_fit(_others(examples, fold)), examples[fold::_FOLDS]) for fold in range(_FOLDS)]
    return Outcomes(
        confidence=np.concatenate([part.confidence for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        offered=np.concatenate([part.offered for part in parts]),
        inside=np.concatenate([part.inside for part in parts]),
    )


def _others(examples: Sequence[_QuestionFeatures], fold: int) -> list[_QuestionFeatures]:
    return [example for n, example in enumerate(examples) if n % _FOLDS != fold]


def _fit(examples: Sequence[_QuestionFeatures]) -> Calibration:
    examples = [example for example in examples if len(example.features)]
    positives = sum(example.inside for example in examples)
    negatives = len(examples) - positives
    each = {True: _IN_SCOPE_PRIOR / max(positives, 1), False: (1 - _IN_SCOPE_PRIOR) / max(negatives, 1)}
    weight = np.concatenate([np.full(len(e.features), each[e.inside]) for e in examples])
    matrix = np.concatenate([e.features for e in examples]).astype(np.float64)
    truth = np.concatenate([e.right for e in examples])
    weights, bias = logistic(matrix, truth, weight * len(weight) / weight.sum())
    found = Calibration(weights=weights, bias=bias, positives=positives, negatives=negatives, auroc=0.5)
    best = probabilities(found, np.stack([e.features[0] for e in examples]))
    return replace(found, auroc=auroc(best, np.array([e.right[0] for e in examples])))


def logistic(
    matrix: NDArray[np.float64], truth: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[tuple[float, ...], float]:
    """Weighted logistic regression, slightly regularised, on standardised columns.

    Args:
        matrix: (n, columns).
        truth: (n,).
        weight: (n,), how much each row counts.

    Returns:
        A weight for each column as it is, and the bias.
    """
    # Imported here: only building needs it, and it takes a while.
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any():
        return (0.0,) * matrix.shape[1], _CERTAIN if truth.any() else -_CERTAIN
    mean, deviation = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), 1e-6)
    model = LogisticRegression(C=1 / (_RIDGE * len(matrix)), solver="newton-cholesky", tol=1e-8)
    model.fit((matrix - mean) / deviation, truth, weight)
    weights = model.coef_[0] / deviation
    return tuple(weights.tolist()), float(model.intercept_[0] - weights @ mean)


def auroc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Probability that a true one scores above a false one; 0.5 when either is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, scores)) if truth.any() and not truth.all() else 0.5


def _asks(index: Index, number: int) -> Sequence[int]:
    entry = index.documents[number]
    return [row for row in range(entry.start, entry.end) if index.roles[row] == Role.ASK]


def _left_out(index: Index, number: int, row: int, vector: Matrix) -> Sequence[int]:
    """The row itself, and its nearest among the ways of asking for the same in another language."""
    entry = index.documents[number]
    near = [row]
    for other in (number - 1, number + 1):
        if 0 <= other < len(index.documents):
            twin = index.documents[other]
            rows = _asks(index, other)
            if twin.name == entry.name and rows:
                cosines = [float(index.row_vectors(r, r + 1)[0] @ vector) for r in rows]
                near.append(rows[int(np.argmax(cosines))])
    return near


def _sample(asked: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    step = max(1, -(-len(asked) // _MOST_QUESTIONS))
    return asked[::step]
