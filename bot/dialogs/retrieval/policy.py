"""The policy: answer, lead through a procedure, ask back, or fetch a person; with the reason why.

Rules, the first that fits:

flow_confident      a procedure is sure enough, and no article is surer
article_confident   an article is sure enough, and clearly ahead of the next
bare_name           a thing is named, but not what is wrong with it, and several know of it: which one?
close_call          two are sure enough and too near each other to choose: which one?
unsure              something is likely: which of these?
not_understood      nothing is likely: could you say it otherwise?
still_unsure        we asked, and know no better: a person
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.dialogs.turn.content import Topic
from kb_index.decision.thresholds import Decision
from kb_index.search import Hit

MAX_CHOICES = 3
MAX_ROUNDS = 2
"""Clarifications of one question, even if each knows a little better than the one before."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """On the calibrated confidence, 0 to 1; `named` on the score, as a bare name leaves all but one unlikely.

    Args:
        answer: from here an article or a procedure is given.
        clarify: from here it is worth naming as a choice.
        margin: a runner-up nearer than this makes a close call...
        certain: ... unless the winner is at least this sure.
        raised: what a clarification must gain for a second one to be worth it.
        named: from this score a topic that a bare name fits keeps another from being given.
    """

    answer: float = 0.45
    clarify: float = 0.18
    margin: float = 0.08
    certain: float = 0.85
    raised: float = 0.05
    named: float = 3.0


def thresholds(decision: Decision) -> Thresholds:
    """Those that were computed for a workspace; the others keep their place relative to them."""
    certain = max(Thresholds.certain, decision.answer)
    return Thresholds(answer=decision.answer, clarify=decision.clarify, certain=certain)


class Act(StrEnum):
    """What to do."""

    START_FLOW = "start_flow"
    ANSWER = "answer"
    OFFER = "offer"
    REPHRASE = "rephrase"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The clarification that was asked before this message.

    Args:
        confidence: of the best candidate then.
        rounds: clarifications so far.
        refused: what was offered or given and was not it.
        namesakes: what the message names without saying more, when it is but a name.
    """

    confidence: float = 0.0
    rounds: int = 0
    refused: Collection[Topic] = ()
    namesakes: Collection[Topic] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do, and why.

    Args:
        rule: which one fitted.
        hits: the winner, or the choices to offer.
        confidence: of the best candidate.
        threshold: that it was held against.
    """

    act: Act
    rule: str
    hits: tuple[Hit, ...] = ()
    confidence: float
    threshold: float


def judge(hits: Sequence[Hit], asked: Asked, limits: Thresholds) -> Verdict:
    """Decides by what was found and what was asked before."""
    hits = [hit for hit in hits if topic_of(hit) not in asked.refused]
    best = hits[0].confidence if hits else 0.0
    if best >= limits.answer:
        return _sure(hits, asked, limits)
    return _unsure(hits, best, asked, limits)


def topic_of(hit: Hit) -> Topic:
    """What a hit is about, whatever its language."""
    return Topic(kind=hit.kind, id=hit.id)


def _sure(hits: Sequence[Hit], asked: Asked, limits: Thresholds) -> Verdict:
    winner = _winner(hits, limits)
    others = _namesakes(winner, hits, asked, limits)
    if others and asked.rounds < MAX_ROUNDS:
        return _verdict(Act.OFFER, "bare_name", [winner, *others], hits, limits.named)
    rivals = [hit for hit in hits if hit.confidence >= limits.answer and _near(winner, hit, limits)]
    if rivals and not asked.rounds:
        return _verdict(Act.OFFER, "close_call", [winner, *rivals], hits, limits.margin)
    if winner.kind == "flow":
        return _verdict(Act.START_FLOW, "flow_confident", [winner], hits, limits.answer)
    return _verdict(Act.ANSWER, "article_confident", [winner], hits, limits.answer)


def _unsure(hits: Sequence[Hit], best: float, asked: Asked, limits: Thresholds) -> Verdict:
    raised = best >= asked.confidence + limits.raised and asked.rounds < MAX_ROUNDS
    likely = [hit for hit in hits if hit.confidence >= limits.clarify]
    if asked.rounds and not (raised and likely):
        return _verdict(Act.PERSON, "still_unsure", [], hits, limits.answer)
    if likely:
        return _verdict(Act.OFFER, "unsure", likely, hits, limits.answer)
    return _verdict(Act.REPHRASE, "not_understood", [], hits, limits.clarify)


def _winner(hits: Sequence[Hit], limits: Thresholds) -> Hit:
    """The best one; a procedure goes before an article that is no surer."""
    return max(hits, key=lambda hit: (hit.confidence, hit.kind == "flow"))


def _namesakes(winner: Hit, hits: Sequence[Hit], asked: Asked, limits: Thresholds) -> Sequence[Hit]:
    """The others that the same bare name fits."""
    named = [hit for hit in hits if topic_of(hit) in asked.namesakes and hit.score >= limits.named]
    return [hit for hit in named if topic_of(hit) != topic_of(winner)]


def _near(winner: Hit, other: Hit, limits: Thresholds) -> bool:
    """Whether an equal of the same kind is too near to choose between them."""
    if topic_of(other) == topic_of(winner) or other.kind != winner.kind:
        return False
    return winner.confidence < limits.certain and winner.confidence - other.confidence < limits.margin


def _verdict(act: Act, rule: str, chosen: Sequence[Hit], hits: Sequence[Hit], threshold: float) -> Verdict:
    return Verdict(
        act=act,
        rule=rule,
        hits=tuple(chosen[:MAX_CHOICES]),
        confidence=hits[0].confidence if hits else 0.0,
        threshold=threshold,
    )
