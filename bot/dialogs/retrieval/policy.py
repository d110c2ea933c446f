"""The policy: answer, start a flow, ask back, or hand over to a person; with the reason why.

Rules, the first that fits:

flow_confident      a flow reaches the threshold, and no article has a higher confidence
article_confident   an article reaches the threshold, and is ahead of the next by the margin
bare_name           the message only names a thing, and several topics are about it: ask which one
close_call          two reach the threshold within the margin of each other: ask which one
unsure              something is likely: offer the likeliest as choices
not_understood      nothing is likely: ask to rephrase
still_unsure        a clarification did not raise the confidence: hand over to a person
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.dialogs.state.topic import Topic
from kb_index.decision.thresholds import OperatingPoint
from kb_index.search import Hit

MAX_CHOICES = 3
MAX_ROUNDS = 2
"""Clarifications of one question, even if each raises the confidence."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Limits on the calibrated confidence, 0 to 1; `named` is on the uncalibrated score.

    Args:
        answer: from here an article or a flow is given.
        clarify: from here a topic is offered as a choice.
        margin: a runner-up nearer than this makes a close call...
        certain: ... unless the winner has at least this confidence.
        raised: what a clarification must gain for a second one to be asked.
        similar: cosine similarity from which words mean the same as a choice's label; with the shipped
            encoder, of 758 other words for the demo's choices 458 are taken rightly so and 22 wrongly.
        similar_margin: by which that similarity must exceed that of the next label.
        named: score from which a topic that a bare name fits keeps another from being given outright.
    """

    answer: float = 0.45
    clarify: float = 0.18
    margin: float = 0.08
    certain: float = 0.85
    raised: float = 0.05
    similar: float = 0.58
    similar_margin: float = 0.15
    named: float = 3.0


def thresholds_from(decision: OperatingPoint) -> Thresholds:
    """Those calibrated on a workspace; the others keep their defaults."""
    certain = max(Thresholds.certain, decision.answer)
    return Thresholds(answer=decision.answer, clarify=decision.clarify, certain=certain)


class PolicyAction(StrEnum):
    """What to do."""

    START_FLOW = "start_flow"
    ANSWER = "answer"
    OFFER = "offer"
    REPHRASE = "rephrase"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class ClarificationState:
    """What was asked back before this message, and what the message names.

    Args:
        confidence: of the best candidate then.
        rounds: clarifications so far.
        refused: topics offered or given that did not help.
        namesakes: topics that a message of a bare name fits; empty for any other message.
    """

    confidence: float = 0.0
    rounds: int = 0
    refused: Collection[Topic] = ()
    namesakes: Collection[Topic] = ()


@dataclass(frozen=True, kw_only=True)
class PolicyDecision:
    """What to do, and why.

    Args:
        rule: the first of the policy's rules that fits.
        hits: the winner, or the choices to offer.
        confidence: of the best candidate, 0 to 1.
        threshold: that it was compared with.
    """

    action: PolicyAction
    rule: str
    hits: tuple[Hit, ...] = ()
    confidence: float
    threshold: float


def decide(hits: Sequence[Hit], asked: ClarificationState, thresholds: Thresholds) -> PolicyDecision:
    """Decides by the hits, best first, and by what was asked before."""
    hits = [hit for hit in hits if topic_of(hit) not in asked.refused]
    best = hits[0].confidence if hits else 0.0
    if best >= thresholds.answer:
        return _sure(hits, asked, thresholds)
    return _unsure(hits, best, asked, thresholds)


def topic_of(hit: Hit) -> Topic:
    """The topic of a hit, in whatever language it was found."""
    return Topic(kind=hit.kind, id=hit.id)


def _sure(hits: Sequence[Hit], asked: ClarificationState, thresholds: Thresholds) -> PolicyDecision:
    winner = _winner(hits, thresholds)
    others = _namesakes(winner, hits, asked, thresholds)
    if others and asked.rounds < MAX_ROUNDS:
        return _decision(PolicyAction.OFFER, "bare_name", [winner, *others], hits, thresholds.named)
    rivals = [hit for hit in hits if hit.confidence >= thresholds.answer and _near(winner, hit, thresholds)]
    if rivals and not asked.rounds:
        return _decision(PolicyAction.OFFER, "close_call", [winner, *rivals], hits, thresholds.margin)
    if winner.kind == "flow":
        return _decision(PolicyAction.START_FLOW, "flow_confident", [winner], hits, thresholds.answer)
    return _decision(PolicyAction.ANSWER, "article_confident", [winner], hits, thresholds.answer)


def _unsure(
    hits: Sequence[Hit], best: float, asked: ClarificationState, thresholds: Thresholds
) -> PolicyDecision:
    raised = best >= asked.confidence + thresholds.raised and asked.rounds < MAX_ROUNDS
    likely = [hit for hit in hits if hit.confidence >= thresholds.clarify]
    if asked.rounds and not (raised and likely):
        return _decision(PolicyAction.PERSON, "still_unsure", [], hits, thresholds.answer)
    if likely:
        return _decision(PolicyAction.OFFER, "unsure", likely, hits, thresholds.answer)
    return _decision(PolicyAction.REPHRASE, "not_understood", [], hits, thresholds.clarify)


def _winner(hits: Sequence[Hit], thresholds: Thresholds) -> Hit:
    """The hit with the highest confidence; a flow goes before an article of the same."""
    return max(hits, key=lambda hit: (hit.confidence, hit.kind == "flow"))


def _namesakes(
    winner: Hit, hits: Sequence[Hit], asked: ClarificationState, thresholds: Thresholds
) -> Sequence[Hit]:
    """The other topics that the same bare name fits."""
    named = [hit for hit in hits if topic_of(hit) in asked.namesakes and hit.score >= thresholds.named]
    return [hit for hit in named if topic_of(hit) != topic_of(winner)]


def _near(winner: Hit, other: Hit, thresholds: Thresholds) -> bool:
    """Whether another topic of the same kind is within the margin of the winner."""
    if topic_of(other) == topic_of(winner) or other.kind != winner.kind:
        return False
    return winner.confidence < thresholds.certain and winner.confidence - other.confidence < thresholds.margin


def _decision(
    action: PolicyAction, rule: str, chosen: Sequence[Hit], hits: Sequence[Hit], threshold: float
) -> PolicyDecision:
    return PolicyDecision(
        action=action,
        rule=rule,
        hits=tuple(chosen[:MAX_CHOICES]),
        confidence=hits[0].confidence if hits else 0.0,
        threshold=threshold,
    )
