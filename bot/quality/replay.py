"""Replay: what the bot makes of stored questions and conversation tests, with one version of the content."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge, open_knowledge
from bot.content.understanding import rasa_token
from bot.content.workspace import Content, parse
from bot.dialogs.state.state import DialogueState
from bot.dialogs.state.topic import Topic
from bot.domain.conversation import Conversation
from bot.domain.messages import InboundKind, InboundMessage
from bot.domain.turn import AskedQuestion, Decision
from bot.pipeline.ports import Dialogue
from bot.quality.conversation_tests import ConversationTest, Failure, play
from bot.quality.rehearsal import Stage, stage
from bot.storage.unit_of_work import UnitOfWork
from config.settings import Settings
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
"""Told (what, done, total)."""


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
class Outcome:
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

    outcomes: Sequence[Outcome]
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
    settings: Settings,
    encoder: Encoder,
    questions: Sequence[FirstMessage],
    tests: Sequence[ConversationTest],
    *,
    show: Show,
) -> Replayed:
    """Decides each question as the first message of a conversation, and plays the tests.

    Nothing is stored: the pipeline runs in a throwaway database.

    Args:
        settings: with the workspace, and a data folder whose index may be replaced.
        encoder: that the settings name.
        questions: in any number.
        tests: in any number.
        show: told how far it is.
    """
    content = parse(read_folder(settings.workspace))
    threshold = _ready(content, settings.data_dir, encoder, show)
    async with stage(settings, encoder=encoder) as played:
        dialogue = await played.runtime.library.for_release(None)
        outcomes, failures = [], []
        for done, question in enumerate(questions):
            show("Questions", done, len(questions))
            outcomes.append(_decided(dialogue, content, question, played.clock.now()))
        for done, test in enumerate(tests):
            show("Conversation tests", done, len(tests))
            failures.append(await _played(played, test))
    return Replayed(outcomes=outcomes, failures=failures, threshold=threshold)


def throwaway_settings(settings: Settings, data_dir: Path) -> Settings:
    """The same installation with a copy of its index, so that what has not changed is not encoded again."""
    try:
        shutil.copytree(settings.data_dir / "index", data_dir / "index")
    except (OSError, shutil.Error):  # There is none, or it is being replaced: all is encoded.
        shutil.rmtree(data_dir / "index", ignore_errors=True)
    token = rasa_token(settings.nlu, settings.data_dir) if settings.nlu.engine == "rasa" else None
    nlu = settings.nlu.model_copy(update={"rasa_token": SecretStr(token) if token else None})
    return settings.model_copy(update={"data_dir": data_dir, "nlu": nlu})


def _distinct(questions: Iterable[AskedQuestion], limit: int) -> Sequence[AskedQuestion]:
    found: dict[tuple[str, str], AskedQuestion] = {}
    for question in questions:
        if len(found) == limit:
            break
        found.setdefault((question.desk, same_words(question.text)), question)
    return list(found.values())


def _ready(content: Content, data_dir: Path, encoder: Encoder, show: Show) -> float:
    """Makes the index fit the content; returns the confidence from which the bot answers."""
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return open_knowledge(content, data_dir, model_id=encoder.model_id).searcher.manifest.decision.answer
    except IndexUnusableError:
        manifest = build_knowledge(content, data_dir, encoder, on_progress=partial(show, "Encoding"))
        return manifest.decision.answer


def _decided(dialogue: Dialogue, content: Content, question: FirstMessage, now: datetime) -> Outcome:
    desk = content.desks.get(question.desk)
    if desk is None:
        return Outcome(decision=Decision.NONE)
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
        return Outcome(decision=result.decision, topics=topics, language=why.article_language)
    if result.decision is Decision.FLOW and why.flow:
        return Outcome(decision=result.decision, topics=(Topic(kind="flow", id=why.flow),))
    pending = DialogueState.from_json(result.state).pending
    offered = pending.topics if pending and result.decision is Decision.CLARIFY else ()
    return Outcome(decision=result.decision, topics=offered)


async def _played(played: Stage, test: ConversationTest) -> Failure | None:
    if test.desk not in played.channels:
        return Failure(test=test, step=1, problem=f"there is no desk {test.desk!r}", said=())
    return await play(played, test)
