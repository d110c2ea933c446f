"""Tunes the encoder to an organisation's own questions, and measures whether that helps.

Labelled questions judge and are not trained on: confidence and thresholds are computed from them, and would
promise too much about questions that the encoder has seen.
"""

import multiprocessing
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.domain.errors import ConfigurationError
from bot.quality.evaluation.bootstrap import Estimate, grouped_mean
from bot.text.folding import fold
from kb_index.articles.documents import Document
from kb_index.articles.text import plain
from kb_index.calibration.ranking import hits_at_1
from kb_index.decision.questions import Question
from kb_index.index.rows import Role, rows_of
from nlu.encoders.adapter import AdaptedEncoder, Adapter, TrainingPair
from nlu.encoders.encoder import Encoder
from nlu.encoders.precomputed import PrecomputedEncoder, precompute

LEAST_QUESTIONS = 40
LEAST_DOCUMENTS = 10

_FOLDS = 5
_DECAY = 1.0
"""How firmly the matrix is held near one that changes nothing: chosen on subjects of `training/subjects`."""
_SEED = 7

Name = tuple[str, str, str]
"""Desk, kind and id: what all languages of a document share."""
Show = Callable[[str, int, int], None]
"""Called with (what, done, total)."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What there is to learn from, and to judge by.

    Args:
        documents: as they are searched.
        taught: the same, with the questions that they are known to have answered as ways of asking.
        judges: questions with what answers them.
    """

    documents: Sequence[Document]
    taught: Sequence[Document]
    judges: Sequence[Question]

    @property
    def questions(self) -> int:
        """How many there are to learn from."""
        return sum(len(document.ask) for document in self.taught)

    @property
    def missing(self) -> tuple[int, int]:
        """How many more ways of asking are needed, and on how many more articles and flows."""
        asked = {_name(document) for document in self.taught if document.ask}
        judged = {_asked_for(question) for question in self.judges}
        return (
            max(LEAST_QUESTIONS - min(self.questions, len(self.judges)), 0),
            max(LEAST_DOCUMENTS - min(len(asked), len(judged)), 0),
        )


@dataclass(frozen=True, kw_only=True)
class TuningResult:
    """What tuning did for questions about documents that were held out of it.

    Args:
        before, after: share of the questions for which what answers them comes first.
        difference: paired; its interval is over samples of the documents asked for.
        judges: how many questions there were.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    judges: int

    @property
    def helps(self) -> bool:
        """Whether it is surely better: the lower 95 % bound of the difference is above zero."""
        return (self.difference.low or 0.0) > 0

    @property
    def missing(self) -> int | None:
        """About how many more questions would make this difference sure, from 1 on.

        None when there is no difference to see.
        """
        value, low = self.difference.value or 0.0, self.difference.low or 0.0
        # The interval narrows with the root of the number of questions.
        return max(1, round(self.judges * (((value - low) / value) ** 2 - 1))) if value > 0 else None


def gather(
    documents: Sequence[Document], labelled: Iterable[Question], confirmed: Mapping[Name, Sequence[str]]
) -> Material:
    """Puts together what an organisation has.

    Labelled questions judge where there are enough; otherwise the ways of asking do as well.

    Args:
        confirmed: questions of people who said that the answer helped, by what answered them.
    """
    judges = [question for question in labelled if question.answers]
    names = {_asked_for(question) for question in judges}
    if len(judges) < LEAST_QUESTIONS or len(names) < LEAST_DOCUMENTS:
        judges += [
            Question(text=text, desk=document.desk, answers=frozenset({(document.kind, document.id)}))
            for document in documents
            for text in document.ask
        ]
    taught = [
        replace(each, ask=_distinct([*each.ask, *confirmed.get(_name(each), ())])) for each in documents
    ]
    return Material(documents=documents, taught=taught, judges=judges)


def tune(material: Material, encoder: Encoder, show: Show) -> tuple[Adapter, TuningResult]:
    """Trains on everything; and judges by folds, each trained without the documents that it is asked for.

    Args:
        encoder: without what was tuned before.

    Returns:
        The adapter, and what to think of it.
    """
    pairs = pairs_of(material.taught)
    judges = [question.text for question in material.judges]
    known = _precomputed(encoder, material.taught, pairs, judges, show)
    fold_of = _folds(material.documents)
    held = np.array([fold_of[_asked_for(question)] for question in material.judges])
    before, after = _right(material.documents, material.judges, known), np.zeros(len(held), dtype=np.bool_)
    with _TrainingProcess() as trainer:
        for number in range(_FOLDS):
            show("Training", number, _FOLDS + 1)
            asked = [
                question for question, place in zip(material.judges, held, strict=True) if place == number
            ]
            if asked:
                unseen = {fold(question.text) for question in asked}
                others = pairs_of(each for each in material.taught if fold_of[_name(each)] != number)
                seen = [pair for pair in others if fold(pair.question) not in unseen]
                tuned = AdaptedEncoder(known, trainer.train(known, seen))
                after[held == number] = _right(material.documents, asked, tuned)
        show("Training", _FOLDS, _FOLDS + 1)
        adapter = trainer.train(known, pairs)
    return adapter, _verdict(before, after, material.judges)


def tuned_to(documents: Sequence[Document], encoder: Encoder, show: Show) -> Encoder:
    """The encoder, tuned to documents alone: their ways of asking, or their titles where there are none.

    Raises:
        ConfigurationError: there is too little to learn from.
    """
    pairs = pairs_of(documents) or _titles_with_texts(documents)
    if len({pair.answer for pair in pairs}) < LEAST_DOCUMENTS:
        problem = f"fewer than {LEAST_DOCUMENTS} documents have a text: there is too little to learn from."
        raise ConfigurationError("--tune", problem)
    known = _precomputed(encoder, documents, pairs, (), show)
    show("Training", 0, 1)
    with _TrainingProcess() as trainer:
        return AdaptedEncoder(encoder, trainer.train(known, pairs), name="tuned")


def pairs_of(documents: Iterable[Document]) -> list[TrainingPair]:
    """Each way of asking with the title, and with the title and the text."""
    return [
        TrainingPair(question=question, answer=answer)
        for document in documents
        for question in document.ask
        for answer in answers(document.title, plain(document.body))
    ]


def answers(title: str, text: str) -> Sequence[str]:
    """What a question about an article is held against."""
    return (title, f"{title}\n{text}") if text else (title,)


class _TrainingProcess:
    """A process that trains, and takes PyTorch away with it when it ends."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> "_TrainingProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def train(self, encoder: PrecomputedEncoder, pairs: Sequence[TrainingPair]) -> Adapter:
        """See `nlu.encoders.adapter_training.train_adapter`."""
        try:
            return self._pool.submit(_train, encoder, pairs).result()
        except BrokenProcessPool as exc:
            problem = "the training process was ended from outside; it needs about 1 GB of memory. Try again."
            raise ConfigurationError("relais kb tune", problem) from exc


def _train(encoder: PrecomputedEncoder, pairs: Sequence[TrainingPair]) -> Adapter:
    from nlu.encoders.adapter_training import train_adapter

    return train_adapter(encoder, pairs, decay=_DECAY)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple({fold(text): text for text in texts}.values())


def _titles_with_texts(documents: Iterable[Document]) -> list[TrainingPair]:
    """What is left to learn from when nobody has written a way of asking; beside those it measured worse."""
    pairs = (TrainingPair(question=each.title, answer=plain(each.body)) for each in documents)
    return [pair for pair in pairs if pair.answer]


def _precomputed(
    encoder: Encoder,
    documents: Sequence[Document],
    pairs: Sequence[TrainingPair],
    questions: Sequence[str],
    show: Show,
) -> PrecomputedEncoder:
    """Whatever training and judging will encode."""
    rows = [row for document in documents for row in rows_of(document)]
    queries = [row.text for row in rows if row.role is Role.ASK]
    texts = [row.text for row in rows if row.role is not Role.ASK]
    return precompute(
        encoder,
        [*questions, *queries, *(pair.question for pair in pairs)],
        [*texts, *(pair.answer for pair in pairs)],
        lambda done, total: show("Encoding", done, total),
    )


def _right(documents: Sequence[Document], judges: Sequence[Question], encoder: Encoder) -> NDArray[np.bool_]:
    return hits_at_1(documents, judges, encode=encoder.encode, encode_documents=encoder.encode_documents)


def _folds(documents: Iterable[Document]) -> Mapping[Name, int]:
    """Which fold each document is in, with all its languages."""
    names = sorted({_name(document) for document in documents})
    random.Random(_SEED).shuffle(names)
    return {name: place % _FOLDS for place, name in enumerate(names)}


def _verdict(before: NDArray[np.bool_], after: NDArray[np.bool_], judges: Sequence[Question]) -> TuningResult:
    _, groups = np.unique(["/".join(_asked_for(question)) for question in judges], return_inverse=True)
    return TuningResult(
        before=grouped_mean(before.astype(float), groups),
        after=grouped_mean(after.astype(float), groups),
        difference=grouped_mean(after.astype(float) - before, groups),
        judges=len(judges),
    )


def _name(document: Document) -> Name:
    return document.desk, document.kind, document.id


def _asked_for(question: Question) -> Name:
    return (question.desk, *min(question.answers))
