"""Asking the knowledge base, and doing what the policy makes of what it finds."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.dialogs.matching.matching import negated, weighty
from bot.dialogs.replies import answering, asking, stepping
from bot.dialogs.replies.answering import Chosen
from bot.dialogs.retrieval.policy import MAX_CHOICES, Act, Asked, Verdict, judge, topic_of
from bot.dialogs.state.state import Need, Pending, PendingKind
from bot.dialogs.turn.content import Topic
from bot.dialogs.turn.scene import Scene
from bot.domain.turn import Decision, TurnResult
from bot.text.folding import fold_label

_CLARIFIES = frozenset({PendingKind.CHOICES, PendingKind.REPHRASE})
_NAME_WORDS = 2
_ASKS = re.compile(
    r"\b(comment|pourquoi|quand|combien|quels?|quelles?|est ce que?|puis je|peut on|faut il|y a t il|c est ou"
    r"|how|what|where|when|why|which|can i|could i|do i|is there|are there)\b"
)


def ask(scene: Scene, *, lead: Sequence[str] = ()) -> TurnResult:
    """Answers, starts a flow, asks back or fetches a person."""
    verdict = judge(scene.hits, _asked(scene), scene.limits)
    if verdict.act in (Act.ANSWER, Act.START_FLOW):
        return _follow(scene, verdict, lead)
    if verdict.act is Act.PERSON:
        return asking.let_go(scene, scene.why_found(verdict))
    return _clarify(scene, verdict, lead)


def ask_if_sure(scene: Scene, *, lead: Sequence[str] = ()) -> TurnResult | None:
    """The same for words that may mean something else: None unless there is a sure answer."""
    verdict = judge(scene.hits, Asked(rounds=1, refused=_asked(scene).refused), scene.limits)
    return _follow(scene, verdict, lead) if verdict.act in (Act.ANSWER, Act.START_FLOW) else None


def aside(scene: Scene) -> TurnResult | None:
    """Within a flow: an article that answers what is asked in passing, or another flow that is called for."""
    verdict = judge(scene.hits, Asked(rounds=1), scene.limits)
    enough = scene.limits.answer if is_question(scene.words) else scene.limits.certain
    if verdict.act not in (Act.ANSWER, Act.START_FLOW) or verdict.confidence < enough:
        return None
    winner = verdict.hits[0]
    if verdict.act is Act.ANSWER:
        why = replace(scene.why_found(verdict), rule="aside_answered", threshold=enough)
        topic, need = topic_of(winner), scene.state.need
        chosen = Chosen(topic=topic, question=scene.gist, matched=winner.matched, need=need)
        return answering.give(scene, chosen, why)
    if scene.state.flow and winner.id == scene.state.flow.flow:
        return None
    why = replace(scene.why_found(verdict), rule="other_flow_offered", threshold=enough)
    scene = scene.remember(
        pending=Pending(kind=PendingKind.SWITCH, topics=(topic_of(winner),), turn_no=scene.turn_no)
    )
    return scene.result(Decision.CLARIFY, why, asking.put(scene))


def is_question(text: str) -> bool:
    """Whether it asks, by its mark or by its first words."""
    return "?" in text or _ASKS.search(" ".join(fold_label(text).split()[:6])) is not None


def _asked(scene: Scene) -> Asked:
    pending, latest = scene.state.pending, scene.state.latest
    if pending is None or pending.kind not in _CLARIFIES:
        return Asked(namesakes=_named(scene))
    refused = {latest.topic} if pending.complaint and latest else set()
    named = _named(scene)
    return Asked(confidence=pending.confidence, rounds=pending.rounds, refused=refused, namesakes=named)


def _named(scene: Scene) -> Sequence[Topic]:
    """What a message that is but a name ("la centrale vapeur") names."""
    name = weighty(scene.gist)
    if not 0 < len(name) <= _NAME_WORDS or is_question(scene.words) or negated(scene.words):
        return ()
    return [topic_of(hit) for hit in scene.hits if name <= weighty(f"{hit.title} {hit.matched}")]


def _follow(scene: Scene, verdict: Verdict, lead: Sequence[str]) -> TurnResult:
    winner, why, need = verdict.hits[0], scene.why_found(verdict), _need(scene)
    if winner.kind == "flow":
        flow = scene.content.flows[scene.desk.id, winner.id]
        return stepping.begin(scene.remember(need=need), flow, why, lead=lead)
    others = [topic_of(hit) for hit in scene.hits if hit.confidence >= scene.limits.clarify]
    chosen = Chosen(
        topic=topic_of(winner),
        question=_question(scene),
        matched=winner.matched,
        others=_without(others, topic_of(winner)),
        need=need,
    )
    return answering.give(scene, chosen, why, lead=lead)


def _clarify(scene: Scene, verdict: Verdict, lead: Sequence[str]) -> TurnResult:
    before = scene.state.pending
    again = before if before and before.kind in _CLARIFIES else None
    pending = Pending(
        kind=PendingKind.CHOICES if verdict.act is Act.OFFER else PendingKind.REPHRASE,
        question=_question(scene),
        topics=tuple(topic_of(hit) for hit in verdict.hits),
        turn_no=scene.turn_no,
        confidence=verdict.confidence,
        rounds=again.rounds + 1 if again else 1,
        complaint=again.complaint if again else False,
    )
    why = scene.why_found(verdict)
    scene = scene.remember(pending=pending, need=scene.asking())
    return scene.result(Decision.CLARIFY, why, asking.put(scene, " ".join(lead)))


def _question(scene: Scene) -> str:
    """What is to be answered: the question that was asked back about, else these words."""
    pending = scene.state.pending
    if pending and pending.kind in _CLARIFIES and pending.question:
        return pending.question
    return scene.gist


def _need(scene: Scene) -> Need:
    """A new question that is answered at once, after no complaint, is what the person wants now."""
    need, pending = scene.state.need, scene.state.pending
    if need.complaints or (pending and pending.kind in _CLARIFIES):
        return scene.asking()
    return replace(need, question="").named(_question(scene))


def _without(topics: Sequence[Topic], winner: Topic) -> tuple[Topic, ...]:
    return tuple(topic for topic in topics if topic != winner)[:MAX_CHOICES]
