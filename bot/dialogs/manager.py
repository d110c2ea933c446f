"""The dialogue manager: one message in, one decision out, with its reasons. No side effects."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from bot.dialogs.flow import walking as walk
from bot.dialogs.matching.matching import content_words
from bot.dialogs.matching.phrasing import follows_up, has_only_pronoun
from bot.dialogs.reading.reading import MessageReading, read
from bot.dialogs.retrieval.policy import Thresholds
from bot.dialogs.retrieval.query import MessageQuery
from bot.dialogs.rules import table
from bot.dialogs.state.state import DialogueState
from bot.dialogs.turn.content import DialogueContent
from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.edits import is_edit_of_last
from bot.domain.conversation import Conversation
from bot.domain.messages import InboundMessage
from bot.domain.turn import TurnResult
from bot.pipeline.ports import Encode, Retriever, Understander, Vector
from kb_index.articles.documents import Reader

MAX_CHARS = 4000
"""Of a message that are looked at."""
MAX_EXPLAINING_WORDS = 2
"""Content words that explain a question rather than ask a new one."""


class DialogueManager:
    """Decides what the bot says, on one release of the content.

    Args:
        content: articles, flows and phrases.
        understander: finds intent, entities and language of a text.
        retriever: finds articles and flows.
        encode: turns texts into embeddings; called at most once a turn, and not for commands, buttons,
            small talk known by its spelling, and choices named by label or number.
        thresholds: of the policy.
    """

    def __init__(
        self,
        *,
        content: DialogueContent,
        understander: Understander,
        retriever: Retriever,
        encode: Encode,
        thresholds: Thresholds | None = None,
    ) -> None:
        self._content = content
        self._shown_to = lru_cache(maxsize=4)(content.shown_to)
        self._understander = understander
        self._retriever = retriever
        self._encode = encode
        self._thresholds = thresholds or Thresholds()
        self._label_vectors: dict[str, Vector] = {}

    def decide(self, conversation: Conversation, message: InboundMessage, *, now: datetime) -> TurnResult:
        """What to make of a message; see `bot.pipeline.ports.Dialogue`, and the rules in their table."""
        desk = self._content.desks[conversation.desk]
        return table.decide(self._turn(conversation, message, Reader(day=desk.day(now))))

    def _turn(self, conversation: Conversation, message: InboundMessage, reader: Reader) -> TurnContext:
        content, desk = self._shown_to(reader), conversation.desk
        state = content.without_missing(DialogueState.from_json(conversation.state), desk)
        text = message.text.strip()[:MAX_CHARS]
        if is_edit_of_last(state, message, text) and state.last and state.last.before:
            state = replace(content.without_missing(state.last.before, desk), last=state.last)
        reading = _read(text, state)
        languages = content.desks[desk].languages
        return TurnContext(
            content=content,
            conversation=conversation,
            message=message,
            state=state,
            before=replace(state, last=None),
            thresholds=self._thresholds,
            understander=self._understander,
            query=self._query(desk, reading, state, reader),
            language=conversation.language if conversation.language in languages else languages[0],
            reading=reading,
        )

    def _query(
        self, desk: str, reading: MessageReading, state: DialogueState, reader: Reader
    ) -> MessageQuery:
        """The message with the question that it adds to, and alone where it says enough; see `_added_to`."""
        text = reading.question
        before, stands_alone = _added_to(reading, state)
        added = [f"{before} {text}"] if before else []
        return MessageQuery(
            self._retriever,
            self._encode,
            self._label_vectors,
            desk=desk,
            text=text,
            queries=[text, *added] if stands_alone else added,
            reader=reader,
            labels=self._labels(desk, state),
            pasted=reading.pasted,
        )

    def _labels(self, desk: str, state: DialogueState) -> list[str]:
        """Labels and synonyms of the step that waits, unless a clarification is open."""
        if state.flow is None or (state.pending and state.pending.is_clarification):
            return []
        step = self._content.flows[desk, state.flow.flow].by_id[state.flow.step]
        return [text for offer in walk.offers(step, {}) for text in offer.texts]


def _read(text: str, state: DialogueState) -> MessageReading:
    """What a message says; where a question is open, without an answer that the message itself takes back."""
    reading = read(text)
    return read(reading.corrected) if state.is_open and reading.corrected else reading


def _added_to(reading: MessageReading, state: DialogueState) -> tuple[str, bool]:
    """The earlier question that a message adds to, "" for none, and whether the message says enough alone.

    After a clarification it adds to the question that was asked back about; else to the latest one, where it
    leaves out what it speaks of ("et pour l'aspirateur ?").
    """
    text, pending = reading.question, state.pending
    if pending and pending.is_clarification and pending.question:
        return pending.question, len(content_words(text)) > MAX_EXPLAINING_WORDS
    by_pronoun = has_only_pronoun(text)
    if state.flow is None and (by_pronoun or follows_up(reading.text)):
        before = state.need.question or (state.latest.question if state.latest else "")
        return before, not before or (not by_pronoun and len(content_words(text)) > 1)
    return "", True
