"""Replay: what the bot makes of stored questions and conversation tests, with one version of the content."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.content.knowledge import build_knowledge, open_knowledge
from bot.content.workspace import Content
from bot.dialogs.state.state import DialogueState
from bot.dialogs.state.topic import Topic
from bot.domain.conversation import Conversation
from bot.domain.messages import InboundKind, InboundMessage
from bot.domain.turn import AskedQuestion, Decision
from bot.pipeline.ports import Dialogue
from bot.quality.conversation_tests import ConversationTest, Failure, play
from bot.quality.rehearsal import RehearsalStage
from bot.storage.unit_of_work import UnitOfWork
from kb_index.articles.errors import IndexUnusableError
from nlu.encoders.encoder import Encoder

MAX_ASKED = 1000
"""Of users' questions that are replayed, and as many again that they said were solved."""

_RULES = (
    *("flow_confident", "article_confident", "bare_name", "close_call", "unsure", "not_understood"),
    *("aside_answered", "other_flow_offered"),
)
"""By which a message is decided that puts a question of its own; see `bot.dialogs.retrieval.policy`."""

_NOWHERE = "replay"

Show = Callable[[str, int, int], None]
"""Called with (what, done, total)."""


@dataclass(frozen=True, kw_only=True)
class FirstMessage:
    """A question that opens a conversation.

    Args:
        language: of the conversation; the desk's first one when None.
    """

    text: str
    desk: str
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class QuestionOutcome:
    """What the bot makes of a first message.

    Args:
        decision: `NONE` when there is no such desk.
        topics: the article answered with, the flow begun, or the choices offered.
        language: of the article answered with.
    """

    decision: Decision
    topics: tuple[Topic, ...] = ()
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of everything, in the order in which it was given.

    Args:
        failures: of the tests; None for one that passed.
        threshold: confidence from which an answer is given.
    """

    outcomes: Sequence[QuestionOutcome]
    failures: Sequence[Failure | None]
    threshold: float


def asked_questions(unit: UnitOfWork) -> Sequence[AskedQuestion]:
    """What users have asked: the newest distinct questions that they said were solved, then the newest."""
    solved, asked = unit.questions.solved(_RULES), unit.questions.asked(_RULES)
    return [*_distinct(solved, MAX_ASKED), *_distinct(asked, MAX_ASKED)]


def same_words(text: str) -> str:
    """Equal for questions that differ in case and spaces only."""
    return " ".join(text.casefold().split())


async def replay(
    played: RehearsalStage,
    content: Content,
    questions: Sequence[FirstMessage],
    tests: Sequence[ConversationTest],
    *,
    threshold: float,
    show: Show,
) -> Replayed:
    """Decides each question as the first message of a conversation, and plays the tests.

    Nothing is stored: the pipeline runs in a throwaway database.

    Args:
        played: serves `content`.
        content: of the workspace.
        questions: in any number.
        tests: in any number.
        threshold: confidence from which its index answers.
        show: called with what is done, how far it is, and how far it goes.
    """
    dialogue = await played.runtime.library.for_release(None)
    outcomes, failures = [], []
    for done, question in enumerate(questions):
        show("Questions", done, len(questions))
        outcomes.append(_decided(dialogue, content, question, played.clock.now()))
    for done, test in enumerate(tests):
        show("Conversation tests", done, len(tests))
        failures.append(await _played(played, test))
    return Replayed(outcomes=outcomes, failures=failures, threshold=threshold)


def _distinct(questions: Iterable[AskedQuestion], limit: int) -> Sequence[AskedQuestion]:
    found: dict[tuple[str, str], AskedQuestion] = {}
    for question in questions:
        if len(found) == limit:
            break
        found.setdefault((question.desk, same_words(question.text)), question)
    return list(found.values())


def ready_index(content: Content, data_dir: Path, encoder: Encoder, show: Show) -> float:
    """Makes the index fit the content; returns the confidence from which the bot answers."""
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return open_knowledge(content, data_dir, model_id=encoder.model_id).searcher.manifest.decision.answer
    except IndexUnusableError:
        manifest = build_knowledge(content, data_dir, encoder, on_progress=partial(show, "Encoding"))
        return manifest.decision.answer


def _decided(dialogue: Dialogue, content: Content, question: FirstMessage, now: datetime) -> QuestionOutcome:
    desk = content.desks.get(question.desk)
    if desk is None:
        return QuestionOutcome(decision=Decision.NONE)
    conversation = Conversation(
        id=0,
        account=_NOWHERE,
        chat=_NOWHERE,
        user=_NOWHERE,
        user_name=None,
        person_id=0,
        desk=desk.id,
        language=question.language or desk.languages[0],
    )
    message = InboundMessage(
        account=_NOWHERE,
        kind=InboundKind.TEXT,
        key=_NOWHERE,
        chat=_NOWHERE,
        user=_NOWHERE,
        text=question.text,
        sent_at=now,
    )
    result = dialogue.decide(conversation, message, now=now)
    why = result.why
    if result.decision is Decision.ANSWER and why.article:
        topics = (Topic(kind="article", id=why.article),)
        return QuestionOutcome(decision=result.decision, topics=topics, language=why.article_language)
    if result.decision is Decision.FLOW and why.flow:
        return QuestionOutcome(decision=result.decision, topics=(Topic(kind="flow", id=why.flow),))
    pending = DialogueState.from_json(result.state).pending
    offered = pending.topics if pending and result.decision is Decision.CLARIFY else ()
    return QuestionOutcome(decision=result.decision, topics=offered)


async def _played(played: RehearsalStage, test: ConversationTest) -> Failure | None:
    if test.desk not in played.channels:
        return Failure(test=test, step=1, problem=f"there is no desk {test.desk!r}", said=())
    return await play(played, test)
