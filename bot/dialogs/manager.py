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
        """The message, and what it adds to: after a clarification its question, else what it leaves out."""
        text = reading.question
        pending, queries = state.pending, [text]
        before = state.need.question or (state.latest.question if state.latest else "")
        if before and state.flow is None and (has_only_pronoun(text) or follows_up(reading.text)):
            alone = [text] if len(content_words(text)) > 1 and not has_only_pronoun(text) else []
            queries = [*alone, f"{before} {text}"]
        if pending and pending.is_clarification and pending.question:
            alone = [text] if len(content_words(text)) > MAX_EXPLAINING_WORDS else []
            queries = [*alone, f"{pending.question} {text}"]
        return MessageQuery(
            self._retriever,
            self._encode,
            self._label_vectors,
            desk=desk,
            text=text,
            queries=queries,
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
    is_open = state.flow is not None or state.pending is not None
    return read(reading.corrected) if is_open and reading.corrected else reading
