"""Compares two versions of a workspace's content by what becomes of questions and conversation tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.content.workspace import Content
from bot.dialogs.state.topic import Topic
from bot.domain.turn import AskedQuestion, Decision
from bot.quality.conversation_tests import ConversationTest
from bot.quality.replay import FirstMessage, QuestionOutcome, Replayed, same_words

Answers = frozenset[tuple[str, str]]
"""(kind, id) of what answers a question; empty when nothing should."""

_GIVES = (Decision.ANSWER, Decision.FLOW)
_LEAVES_OPEN = (Decision.CLARIFY, Decision.HANDOFF, Decision.NONE)


class Origin(StrEnum):
    """Where a question comes from, and who says what answers it."""

    LABEL = "labelled"
    UNLABELLED = "no longer labelled"
    USER = "confirmed by a user"
    NOBODY = "asked by a user"


class Grade(IntEnum):
    """How good an outcome is."""

    WRONG = 0
    UNSURE = 1
    """It asks back without it, or fetches a person."""
    OFFERED = 2
    """It asks back, and the right one is among the choices."""
    RIGHT = 3


class ChangeKind(StrEnum):
    """What a change is."""

    CHANGED = "changed"
    """Nobody has said what is right, or neither outcome is nearer to it."""
    BETTER = "better"
    WORSE = "worse"


@dataclass(frozen=True, kw_only=True)
class StoredQuestion:
    """A question to replay.

    Args:
        answers: None when nobody has said.
        origin: who has.
    """

    message: FirstMessage
    answers: Answers | None
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class Change:
    """A question or a test with another outcome.

    Args:
        where: the desk of a question, file and line of a test.
        what: the question, or the name of the test.
        origin: of what is known about it.
        before, after: the outcomes, in words.
        is_lost: a confirmed answer is no longer given.
        gone: what answered it and is no longer there.
    """

    verdict: ChangeKind
    where: str
    what: str
    origin: str
    before: str
    after: str
    is_lost: bool
    gone: tuple[str, ...] = ()


def stored_questions(old: Content, new: Content, asked: Sequence[AskedQuestion]) -> Sequence[StoredQuestion]:
    """All that was labelled or asked, each once, with what is known to answer it.

    A label of the new content goes before the old one's, and that before the word of users. A label that the
    new content has dropped counts only while what it names is gone too.
    """
    labels, before, there = _labels(new), _labels(old), _there(new)
    confirmed: dict[tuple[str, str], Answers] = {}
    for question in asked:
        if question.solved_by:
            key = question.desk, same_words(question.text)
            confirmed[key] = confirmed.get(key, frozenset()) | {question.solved_by}
    found: dict[tuple[str, str], StoredQuestion] = {}
    for message in _messages(old, new, asked):
        key = message.desk, same_words(message.text)
        dropped = before.get(key, frozenset())
        if key in labels:
            answers, origin = labels[key], Origin.LABEL
        elif dropped and not _named(message.desk, dropped) & there:
            answers, origin = dropped, Origin.LABEL
        elif key in confirmed:
            answers, origin = confirmed[key], Origin.USER
        else:
            answers, origin = None, Origin.UNLABELLED if key in before else Origin.NOBODY
        found.setdefault(key, StoredQuestion(message=message, answers=answers, origin=origin))
    return list(found.values())


def compare(
    questions: Sequence[StoredQuestion],
    tests: Sequence[ConversationTest],
    before: Replayed,
    after: Replayed,
    *,
    new: Content,
) -> Sequence[Change]:
    """What has another outcome; the worst last."""
    changes = [*_of_questions(questions, before, after, new), *_of_tests(tests, before, after)]
    return sorted(changes, key=lambda change: (list(ChangeKind).index(change.verdict), change.where))


def grade(outcome: QuestionOutcome, answers: Answers) -> Grade:
    """How good it is, given what answers the question."""
    hit = any((topic.kind, topic.id) in answers for topic in outcome.topics)
    if not answers:
        return Grade.WRONG if outcome.decision in _GIVES else Grade.RIGHT
    if outcome.decision in _GIVES:
        return Grade.RIGHT if hit else Grade.WRONG
    if outcome.decision in _LEAVES_OPEN:
        return Grade.OFFERED if hit else Grade.UNSURE
    return Grade.WRONG


def _of_questions(
    questions: Sequence[StoredQuestion], before: Replayed, after: Replayed, new: Content
) -> Iterator[Change]:
    there = _there(new)
    for question, old, now in zip(questions, before.outcomes, after.outcomes, strict=True):
        if old == now:
            continue
        desk, answers = question.message.desk, question.answers
        verdict, is_lost = ChangeKind.CHANGED, False
        if answers is not None:
            was, became = grade(old, answers), grade(now, answers)
            verdict = _verdict(was, became)
            # Somebody who was offered the right one and took it has confirmed it as well.
            least = Grade.OFFERED if question.origin is Origin.USER else Grade.RIGHT
            is_lost = bool(answers) and was >= least and became < was
        yield Change(
            verdict=verdict,
            where=desk,
            what=question.message.text,
            origin=question.origin,
            before=_in_words(old),
            after=_in_words(now),
            is_lost=is_lost,
            gone=tuple(sorted(id for _, _, id in _named(desk, answers or frozenset()) - there)),
        )


def _of_tests(tests: Sequence[ConversationTest], before: Replayed, after: Replayed) -> Iterator[Change]:
    for test, old, now in zip(tests, before.failures, after.failures, strict=True):
        if (old is None) == (now is None):
            continue
        yield Change(
            verdict=_verdict(old is None, now is None),
            where=f"{test.path}:{test.line}",
            what=test.name,
            origin="conversation test",
            before="passes" if old is None else f"fails at step {old.step}: {old.problem}",
            after="passes" if now is None else f"fails at step {now.step}: {now.problem}",
            is_lost=old is None,
        )


def _verdict(was: int, became: int) -> ChangeKind:
    if was == became:
        return ChangeKind.CHANGED
    return ChangeKind.BETTER if became > was else ChangeKind.WORSE


def _in_words(outcome: QuestionOutcome) -> str:
    names = ", ".join(_name(topic, outcome.language) for topic in outcome.topics)
    match outcome.decision:
        case Decision.ANSWER:
            return f"answers with {names}"
        case Decision.FLOW:
            return f"begins {names}"
        case Decision.CLARIFY:
            return f"asks which: {names}" if names else "asks for other words"
        case Decision.HANDOFF:
            return "fetches a person"
        case Decision.NONE:
            return "has no such desk"
        case _:
            return f"takes it for {'small talk' if outcome.decision is Decision.SMALLTALK else 'a command'}"


def _name(topic: Topic, language: str | None) -> str:
    if topic.kind == "flow":
        return f"the flow {topic.id}"
    return f"{topic.id}.{language}" if language else topic.id


def _labels(content: Content) -> Mapping[tuple[str, str], Answers]:
    labels: dict[tuple[str, str], Answers] = {}
    for question in content.questions:
        key = question.desk, same_words(question.text)
        labels[key] = labels.get(key, frozenset()) | question.answers
    return labels


def _there(content: Content) -> set[tuple[str, str, str]]:
    return {(document.desk, document.kind, document.id) for document in content.documents}


def _named(desk: str, answers: Answers) -> set[tuple[str, str, str]]:
    return {(desk, kind, id) for kind, id in answers}


def _messages(old: Content, new: Content, asked: Sequence[AskedQuestion]) -> Iterator[FirstMessage]:
    for question in (*new.questions, *old.questions):
        yield FirstMessage(text=question.text, desk=question.desk)
    for one in asked:
        yield FirstMessage(text=one.text, desk=one.desk, language=one.language)
