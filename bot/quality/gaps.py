"""Gaps: what people asked and got no answer to, brought together into proposals for the knowledge base.

A question is lost when its conversation was handed over because nothing sure was found, because answers
did not help, or because the person asked for somebody right after it; or when its answer was marked as not
helpful. Danger, procedures that end with a person, small talk and commands lose no question.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from bot.content.imports import render
from bot.dialogs.matching.matching import content_words
from bot.dialogs.reading.reading import read
from bot.dialogs.retrieval.policy import MAX_CHOICES, topic_of
from bot.dialogs.state.topic import Topic
from bot.domain.messages import InboundKind
from bot.domain.turn import Decision, PastTurn, Why
from bot.pipeline.ports import Encode
from bot.text.folding import fold
from bot.text.identifiers import EMAIL
from kb_index.importers.records import Imported
from kb_index.review.clustering import cluster, min_similarity
from kb_index.search import Hit, Searcher
from nlu.language.detection import detect

MOST_QUESTIONS = 5000
"""Different ones of a desk that are compared; the latest count."""

_LET_GO = frozenset(
    {
        "still_unsure",
        "none_of_these",
        "twice_not_helped",
        "frustrated_again",
        "person_asked",
        "person_offer_taken",
    }
)
"""Rules by which a conversation is handed over for want of an answer."""
_SETTLED = frozenset({"thank", "goodbye", "resolved"})
_WORDS = frozenset({InboundKind.TEXT, InboundKind.EDIT, InboundKind.COMMAND})
_LONGEST_ASK_CHARS = 120
_MOST_ASKS = 8
_LONG_NUMBER = re.compile(r"(?:\+|\b)\d(?:[ ./-]?\d){5,}\b")
"""Six digits or more: telephones, orders, accounts."""


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A question that got no answer.

    Args:
        text: without courtesies, e-mail addresses and long numbers.
        language: of the question.
        refused: what was given or offered and was not it.
        given: what of that was given as the answer.
        helped: the article that helped in the end, None when none did.
    """

    conversation_id: int
    desk: str
    language: str
    text: str
    refused: frozenset[Topic] = frozenset()
    given: frozenset[Topic] = frozenset()
    helped: Topic | None = None


class Remedy(StrEnum):
    """What would close a gap."""

    ANSWER = "answer"
    """Another text of an article that was found and did not help."""
    ASK = "ask"
    """New ways of asking for an article that was not found, or not surely."""
    ARTICLE = "article"
    """A new article."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Lost questions that ask the same, and what would answer them.

    Args:
        questions: different ones, the most typical first.
        count: how often they were asked.
        conversations: ids of those in which they were.
        nearest: the article or procedure that is nearest; None when the desk has none.
        confidence: mean probability that it answers them, 0 to 1; of an `ANSWER` the share of the
            questions to which it was given in vain.
        remedy: what is proposed.
        unhelpful: what was given as the answer and did not help, with how often.
    """

    desk: str
    languages: tuple[str, ...]
    questions: tuple[Lost, ...]
    count: int
    conversations: tuple[int, ...]
    nearest: Topic | None
    confidence: float
    remedy: Remedy
    unhelpful: Mapping[Topic, int]


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """What was found.

    Args:
        gaps: the most often asked first.
        mended: lost questions that today's knowledge base would answer otherwise than it did.
    """

    gaps: Sequence[Gap]
    mended: int


def draft(gap: Gap, language: str) -> str:
    """The file of an article that would close a gap, without its text: the checks refuse it as it is."""
    asked = [question.text for question in gap.questions if question.language == language]
    short = dict.fromkeys(text for text in asked if len(text) <= _LONGEST_ASK_CHARS)
    title, *others = short or [asked[0][:_LONGEST_ASK_CHARS]]
    asks = tuple(others[:_MOST_ASKS])
    return render(Imported(id="", title=title, body="", path="", ask=asks))


def mask(text: str) -> str:
    """The text without e-mail addresses, long numbers, and signs that a terminal would obey."""
    # A function, as the library garbles a replacement that is not ASCII.
    text = str(EMAIL.sub(lambda match: "…", text))
    return "".join(char for char in _LONG_NUMBER.sub("…", text) if char.isprintable())


def lost_questions(turns: Sequence[PastTurn], *, clarify: float) -> list[Lost]:
    """The questions that got no answer.

    Args:
        turns: by conversation, in order.
        clarify: confidence from which something was offered as a choice.
    """
    return [
        lost
        for _, conversation in groupby(turns, key=attrgetter("conversation_id"))
        for lost in _lost_in(list(conversation), clarify)
    ]


def find_gaps(lost: Sequence[Lost], searcher: Searcher, encode: Encode) -> Gaps:
    """Groups lost questions by desk, and says of each group what is near to it today."""
    gaps: list[Gap] = []
    mended = 0
    for desk in sorted({question.desk for question in lost}):
        asked = [question for question in lost if question.desk == desk]
        found, answered = _of_desk(asked, searcher, encode)
        gaps += found
        mended += answered
    return Gaps(gaps=sorted(gaps, key=lambda gap: (-len(gap.conversations), -gap.count)), mended=mended)


# From turns to questions ------------------------------------------------------------------------------


@dataclass(eq=False)
class _Open:
    """A question on its way through a conversation."""

    said: list[str]
    candidates: frozenset[Topic]
    given: set[Topic] = field(default_factory=set)
    refused: set[Topic] = field(default_factory=set)
    helped: Topic | None = None
    is_lost: bool = False

    @property
    def text(self) -> str:
        """The most telling of the ways in which it was put."""
        return max(self.said, key=lambda text: len(content_words(text)))


def _lost_in(turns: Sequence[PastTurn], clarify: float) -> Iterator[Lost]:
    questions: list[_Open] = []
    now: _Open | None = None
    asking = False
    for turn in turns:
        why = Why.from_json(turn.why)
        if _is_question(turn, why):
            now = _asked(now if asking or turn.kind is InboundKind.EDIT else None, turn, why, clarify)
            questions += [now] if now not in questions else []
        elif turn.decision is Decision.FLOW or why.intent in _SETTLED:
            now = None
        asking = turn.decision is Decision.CLARIFY
        if now is not None:
            _judge(now, turn, why)
    for question in questions:
        if question.is_lost and content_words(question.text):
            text = mask(question.text)
            yield Lost(
                conversation_id=turns[0].conversation_id,
                desk=turns[0].desk,
                language=detect(text, turns[0].language),
                text=text,
                refused=frozenset(question.refused - {question.helped}),
                given=frozenset(question.given - {question.helped}),
                helped=question.helped,
            )


def _is_question(turn: PastTurn, why: Why) -> bool:
    """Whether its words were looked up, whatever came of it."""
    return turn.kind in _WORDS and why.confidence is not None


def _asked(before: _Open | None, turn: PastTurn, why: Why, clarify: float) -> _Open:
    """The question of a turn: a new one, or the one before it in other words."""
    text = read(turn.text).question
    likely = [each for each in why.candidates if each.confidence >= clarify][:MAX_CHOICES]
    candidates = frozenset(Topic(kind=each.kind, id=each.id) for each in likely)
    if before is None:
        return _Open([text], candidates)
    before.said = [text] if turn.kind is InboundKind.EDIT else [*before.said, text]
    before.candidates = candidates
    return before


def _judge(question: _Open, turn: PastTurn, why: Why) -> None:
    """What a turn says of the question that is open."""
    answer = _answer(turn, why)
    if answer is not None:
        question.given.add(answer)
    if turn.helped is not None and answer is not None:
        question.helped = answer if turn.helped else None
        question.is_lost |= not turn.helped
        question.refused |= set() if turn.helped else {answer}
    if turn.decision is Decision.HANDOFF and why.rule in _LET_GO and question.helped is None:
        question.is_lost = True
        question.refused |= question.given
        question.refused |= question.candidates if why.rule == "none_of_these" else set()


def _answer(turn: PastTurn, why: Why) -> Topic | None:
    """The article or procedure that was given."""
    if turn.decision not in (Decision.ANSWER, Decision.FLOW):
        return None
    for kind, id in (("article", why.article), ("flow", why.flow)):
        if id is not None:
            return Topic(kind=kind, id=id)
    return None


# From questions to gaps -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RepeatedText:
    """One text, by all who wrote it, and what it finds today."""

    lost: Sequence[Lost]
    vector: NDArray[np.float32]
    hits: Sequence[Hit]


def _of_desk(lost: Sequence[Lost], searcher: Searcher, encode: Encode) -> tuple[list[Gap], int]:
    decision = searcher.manifest.decision
    asked = _looked_up(lost, searcher, encode)
    unanswered = [each for each in asked if not _is_mended(each, decision.answer)]
    mended = sum(len(each.lost) for each in asked) - sum(len(each.lost) for each in unanswered)
    vectors = np.array([each.vector for each in unanswered], dtype=np.float32)
    near = (decision.clarify + decision.answer) / 2
    apart: list[Gap] = []
    by_remedy: dict[tuple[Remedy, Topic | None], list[_RepeatedText]] = {}
    for rows in cluster(vectors, min_similarity(searcher.manifest.scaling)):
        members = [unanswered[row] for row in rows]
        gap = _gap(members, near)
        if gap.remedy is Remedy.ARTICLE:
            apart.append(gap)
        else:
            by_remedy.setdefault((gap.remedy, gap.nearest), []).extend(members)
    return [*(_gap(members, near) for members in by_remedy.values()), *apart], mended


def _looked_up(lost: Sequence[Lost], searcher: Searcher, encode: Encode) -> list[_RepeatedText]:
    by_text: dict[str, list[Lost]] = {}
    for question in reversed(lost):
        by_text.setdefault(fold(question.text), []).append(question)
    kept = list(by_text.values())[:MOST_QUESTIONS]
    vectors = encode([same[0].text for same in kept])
    return [
        _RepeatedText(same, vector, _search(searcher, same[0], vector))
        for same, vector in zip(kept, vectors, strict=True)
    ]


def _search(searcher: Searcher, question: Lost, vector: NDArray[np.float32]) -> Sequence[Hit]:
    found = searcher.search(question.text, lambda: vector, desk=question.desk, language=question.language)
    return found.hits


def _is_mended(asked: _RepeatedText, answer: float) -> bool:
    """Whether it would be answered today, with something that was not refused."""
    best = next(iter(asked.hits), None)
    refused = frozenset().union(*(question.refused for question in asked.lost))
    return best is not None and best.confidence >= answer and topic_of(best) not in refused


def _gap(members: Sequence[_RepeatedText], near: float) -> Gap:
    """What a group of questions needs.

    Args:
        near: mean confidence from which the questions are taken for ways of asking for an article.
    """
    questions = [question for each in members for question in each.lost]
    in_vain = Counter(topic for question in questions for topic in question.given & question.refused)
    chances = _chances(members)
    nearest = max(chances, key=lambda topic: chances[topic], default=None)
    confidence = 0.0 if nearest is None else chances[nearest] / len(questions)
    remedy = Remedy.ASK if confidence >= near else Remedy.ARTICLE
    for topic, times in in_vain.most_common(1):
        if remedy is Remedy.ARTICLE and 2 * times > len(questions):
            nearest, confidence, remedy = topic, times / len(questions), Remedy.ANSWER
    return Gap(
        desk=questions[0].desk,
        languages=tuple(language for language, _ in Counter(q.language for q in questions).most_common()),
        questions=tuple(each.lost[0] for each in members),
        count=len(questions),
        conversations=tuple(sorted({question.conversation_id for question in questions})),
        nearest=nearest,
        confidence=confidence,
        remedy=remedy,
        unhelpful=dict(in_vain.most_common()),
    )


def _chances(members: Sequence[_RepeatedText]) -> dict[Topic, float]:
    """For each topic the probabilities that it answers the questions, summed; what was refused has none."""
    sums: defaultdict[Topic, float] = defaultdict(float)
    for each in members:
        for question in each.lost:
            if question.helped is not None:
                sums[question.helped] += 1.0
            else:
                for hit in each.hits:
                    sums[topic_of(hit)] += hit.confidence * (topic_of(hit) not in question.refused)
    return sums
