"""The dialogue manager: one message in, one decision out, with its reasons. No side effects."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from bot.dialogs.flow import walking as walk
from bot.dialogs.matching.courtesies import gist
from bot.dialogs.matching.matching import weighty
from bot.dialogs.replies import searching as knowledge
from bot.dialogs.replies.handover import fetch_person, hand_over
from bot.dialogs.replies.standing import put, waits
from bot.dialogs.retrieval.lookup import Lookup
from bot.dialogs.retrieval.policy import Thresholds
from bot.dialogs.rules import in_flow, in_question, presses, repair, safety, smalltalk
from bot.dialogs.state.state import DialogueState, PendingKind
from bot.dialogs.turn.content import DialogueContent
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.conversation import Conversation, Owner
from bot.domain.messages import Command, InboundKind, InboundMessage, Reply
from bot.domain.turn import Decision, TurnResult, Why
from bot.pipeline.ports import Encode, Retriever, Understander, Vector
from bot.telemetry import metrics
from bot.text.folding import fold_label
from kb_index.articles.documents import Reader
from nlu.interpreter.base import Understanding

MAX_CHARS = 4000
"""Of a message that are looked at."""
FEW_WORDS = 2
"""Weighty words that explain a question rather than ask a new one."""
PASSING_WORDS = 2
"""A command or courtesy this short does not change the language."""
_CLARIFIES = frozenset({PendingKind.CHOICES, PendingKind.REPHRASE})

Rule = Callable[[Scene], TurnResult | None]


class DialogueManager:
    """Decides what the bot says, on one release of the content.

    Args:
        content: articles, flows and phrases.
        understander: makes an intent of a sentence.
        retriever: finds articles and flows.
        encode: turns texts into vectors; called at most once a turn, and not for commands, presses,
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
        """What to make of a message; see `bot.pipeline.ports.Dialogue`."""
        desk = self._content.desks[conversation.desk]
        scene = self._scene(conversation, message, Reader(day=desk.day(now)))
        return _first(scene, BEFORE_WORDS) or self._words(scene)

    def _words(self, scene: Scene) -> TurnResult:
        """The words need to be understood."""
        scene = self._understood(scene)
        done = _first(scene, ON_WORDS)
        if done:
            return done
        scene = in_question.passed_over(scene)
        return _first(scene, IN_PASSING) or knowledge.ask(scene, lead=smalltalk.lead(scene))

    def _scene(self, conversation: Conversation, message: InboundMessage, reader: Reader) -> Scene:
        content = self._shown_to(reader)
        state = _sound(DialogueState.from_json(conversation.state), content, conversation.desk)
        words = message.text.strip()[:MAX_CHARS]
        if _is_edit_of_last(state, message, words) and state.last and state.last.before:
            state = replace(_sound(state.last.before, content, conversation.desk), last=state.last)
        return Scene(
            content=content,
            conversation=conversation,
            message=message,
            state=state,
            before=replace(state, last=None),
            limits=self._thresholds,
            lookup=self._lookup(conversation.desk, gist(words), state, reader),
            language=_spoken(conversation.language, content, conversation.desk),
            words=words,
        )

    def _lookup(self, desk: str, words: str, state: DialogueState, reader: Reader) -> Lookup:
        """After asking back, a few words add to the question; more of them may also stand alone."""
        pending, searched = state.pending, [words]
        if pending and pending.kind in _CLARIFIES and pending.question:
            alone = [words] if len(weighty(words)) > FEW_WORDS else []
            searched = [*alone, f"{pending.question} {words}"]
        return Lookup(
            self._retriever,
            self._encode,
            self._label_vectors,
            desk=desk,
            words=words,
            searched=searched,
            reader=reader,
            labels=[] if pending else self._labels(desk, state),
        )

    def _labels(self, desk: str, state: DialogueState) -> list[str]:
        """Of the choices of the step that waits."""
        if state.flow is None:
            return []
        step = self._content.flows[desk, state.flow.flow].by_id[state.flow.step]
        return [text for offer in walk.offers(step, {}) for text in offer.texts]

    @metrics.stage("understand")
    def _understood(self, scene: Scene) -> Scene:
        vector = scene.lookup.vector
        heard = self._understander.understand(scene.words, language=scene.language, vector=vector)
        scene = replace(scene, understanding=heard, language=_followed(scene, heard))
        need = scene.state.need
        need = replace(
            need,
            urgent=need.urgent or scene.hears("urgent"),
            grumbles=need.grumbles + scene.hears("frustration"),
        )
        return replace(scene, state=replace(scene.state.naming(heard.entities), need=need))


def _followed(scene: Scene, heard: Understanding) -> str:
    """The person's language; "thanks" or "cancel" in a French talk leaves it French."""
    in_passing = scene.state.greeted and heard.intent and len(scene.words.split()) <= PASSING_WORDS
    if not heard.language_sure or in_passing or scene.conversation.language_chosen:
        return scene.language
    return heard.language if heard.language in scene.desk.languages else scene.language


def _a_person_has_it(scene: Scene) -> TurnResult | None:
    if scene.conversation.owner not in (Owner.QUEUE, Owner.AGENT):
        return None
    state = scene.conversation.state
    return TurnResult(decision=Decision.NONE, why=Why(rule="a_person_has_it"), state=state)


def _taken_back(scene: Scene) -> TurnResult | None:
    """A deleted message; or an edit that changes nothing, or a message that is not the last."""
    kind = scene.message.kind
    if kind is InboundKind.DELETE:
        return _silent(scene, "message_taken_back")
    if kind is InboundKind.EDIT and not _is_edit_of_last(scene.state, scene.message, scene.words):
        return _silent(scene, "edit_of_no_matter")
    return None


def _silent(scene: Scene, rule: str) -> TurnResult:
    result = scene.result(Decision.COMMAND, scene.why(rule))
    return replace(result, state=scene.state.to_json())


def _pressed(scene: Scene) -> TurnResult | None:
    return presses.press(scene) if scene.message.kind is InboundKind.PRESS else None


def _commanded(scene: Scene) -> TurnResult | None:
    if scene.message.kind is not InboundKind.COMMAND:
        return None
    match scene.message.value:
        case Command.START:
            return smalltalk.welcome(scene)
        case Command.HUMAN:
            return fetch_person(scene)
        case _ if any(char.isalnum() for char in scene.words) and not scene.words.startswith("/"):
            return None  # "/aide mon VPN ne marche pas" is a question.
        case _:
            return smalltalk.how_to(scene)


def _only_a_file(scene: Scene) -> TurnResult | None:
    if not scene.message.attachments or _has_words(scene):
        return None
    bare = replace(scene, message=replace(scene.message, attachments=()))
    return hand_over(
        bare, HandoffReason.ATTACHMENT, scene.why("file_without_words"), scene.say("attachment.passed_on")
    )


def _wordless(scene: Scene) -> TurnResult | None:
    """Nothing at all, signs that were not understood, or a number when nothing was asked."""
    if scene.understanding and scene.understanding.choice and not waits(scene):
        return scene.result(Decision.SMALLTALK, scene.why("no_words"), Reply(text=scene.say("ask.words")))
    if _has_words(scene) or scene.intent is not None or (scene.words and scene.understanding is None):
        return None
    return scene.result(Decision.SMALLTALK, scene.why("no_words"), put(scene, scene.say("ask.words")))


def _person_asked(scene: Scene) -> TurnResult | None:
    if scene.intent != "human":
        return None
    if len(scene.words.split()) > len(fold_label(scene.say("button.human")).split()) + 3:
        scene = scene.remember(need=scene.asking())
    return fetch_person(scene)


def _has_words(scene: Scene) -> bool:
    return any(char.isalnum() for char in scene.words)


BEFORE_WORDS: Sequence[Rule] = (
    _a_person_has_it,
    _taken_back,
    _pressed,
    _commanded,
    _only_a_file,
    _wordless,
    in_question.plain_answer,
    in_flow.plain_answer,
    presses.by_label,
)
"""What needs no understanding, in this order."""

ON_WORDS: Sequence[Rule] = (safety.danger, _wordless, _person_asked, repair.repair, in_question.answer)
"""What comes before all else, in this order."""

IN_PASSING: Sequence[Rule] = (in_flow.answer, smalltalk.smalltalk, in_flow.otherwise)
"""The step in progress, and small talk; the knowledge base comes after them."""


def _first(scene: Scene, rules: Sequence[Rule]) -> TurnResult | None:
    for rule in rules:
        done = rule(scene)
        if done is not None:
            return done
    return None


def _sound(state: DialogueState, content: DialogueContent, desk: str) -> DialogueState:
    """Without what this release no longer holds, or no longer shows."""
    at, pending = state.flow, state.pending
    flow = content.flows.get((desk, at.flow)) if at else None
    if at and (not flow or not {at.step, *(visit.step for visit in at.path)} <= flow.by_id.keys()):
        state = replace(state, flow=None, pending=None)
    if pending and not all(content.title(desk, topic, "") for topic in pending.topics):
        state = replace(state, pending=None)
    given = [
        replace(each, others=tuple(topic for topic in each.others if content.title(desk, topic, "")))
        for each in state.given
        if content.title(desk, each.topic, "")
    ]
    return replace(state, given=tuple(given))


def _is_edit_of_last(state: DialogueState, message: InboundMessage, words: str) -> bool:
    """Whether an edit changes the words of the last message, with nothing done since."""
    if message.kind is not InboundKind.EDIT or state.last is None:
        return False
    return message.reference == state.last.reference and fold_label(words) != fold_label(state.last.text)


def _spoken(language: str, content: DialogueContent, desk: str) -> str:
    languages = content.desks[desk].languages
    return language if language in languages else languages[0]
