"""Asking the knowledge base, and doing what the policy makes of what it finds."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.dialogs.matching.matching import content_words, negated
from bot.dialogs.matching.phrasing import is_question
from bot.dialogs.replies import answering, asking, flow_replies
from bot.dialogs.replies.answering import ChosenArticle
from bot.dialogs.retrieval.codes import unlisted_codes
from bot.dialogs.retrieval.policy import (
    MAX_CHOICES,
    ClarificationState,
    PolicyAction,
    PolicyDecision,
    decide,
    topic_of,
)
from bot.dialogs.state.state import Need, Pending, PendingKind
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import Decision, TurnResult

_NAME_WORDS = 2
"""Content words of a message that may be nothing but a name."""
SURE = frozenset({PolicyAction.ANSWER, PolicyAction.START_FLOW})
"""What gives an answer at once."""


def ask(turn: TurnContext, *, lead: Sequence[str] = ()) -> TurnResult:
    """Answers, starts a flow, asks back or fetches a person."""
    decided = decide(turn.search(), _asked(turn), turn.thresholds)
    if missing := _unlisted(turn, decided):
        decided = replace(decided, action=PolicyAction.OFFER, rule="code_not_listed")
        return _clarify(turn, decided, (*lead, turn.say("answer.code_not_listed", code=", ".join(missing))))
    if decided.action in SURE:
        return _follow(turn, decided, lead)
    if decided.action is PolicyAction.PERSON:
        return asking.let_go(turn, turn.why_found(decided))
    return _clarify(turn, decided, lead)


def ask_if_sure(
    turn: TurnContext, *, lead: Sequence[str] = (), accepted: Collection[PolicyAction] = SURE
) -> TurnResult | None:
    """The same for words that may mean something else: None unless there is a sure answer.

    Args:
        turn: this turn.
        lead: said before it.
        accepted: what counts as an answer.
    """
    asked = ClarificationState(rounds=1, refused=_asked(turn).refused)
    decided = decide(turn.search(), asked, turn.thresholds)
    if decided.action not in accepted or _unlisted(turn, decided):
        return None
    return _follow(turn, decided, lead)


def aside(turn: TurnContext) -> TurnResult | None:
    """Within a flow: an article that answers what is asked in passing, or another flow that is called for."""
    decided = decide(turn.search(), ClarificationState(rounds=1), turn.thresholds)
    enough = turn.thresholds.answer if is_question(turn.text) else turn.thresholds.certain
    if decided.action not in SURE or decided.confidence < enough or _unlisted(turn, decided):
        return None
    winner = decided.hits[0]
    if decided.action is PolicyAction.ANSWER:
        why = replace(turn.why_found(decided), rule="aside_answered", threshold=enough)
        topic, need = topic_of(winner), turn.state.need
        chosen = ChosenArticle(topic=topic, question=turn.question, matched=winner.matched, need=need)
        lead = [turn.say("mood.sorry")] if turn.has_intent("frustration") else []
        return answering.give(turn, chosen, why, lead=lead)
    if turn.state.flow and winner.id == turn.state.flow.flow:
        return None
    why = replace(turn.why_found(decided), rule="other_flow_offered", threshold=enough)
    turn = turn.with_state(
        pending=Pending(kind=PendingKind.SWITCH, topics=(topic_of(winner),), turn_no=turn.turn_no)
    )
    return turn.result(Decision.CLARIFY, why, asking.ask(turn))


def _unlisted(turn: TurnContext, decided: PolicyDecision) -> Sequence[str]:
    """The codes that the article to be given should list and does not."""
    if decided.action is not PolicyAction.ANSWER:
        return ()
    document = turn.content.article(turn.desk.id, decided.hits[0].id, turn.language)
    return unlisted_codes(turn.question, f"{document.title}\n{document.body}") if document else ()


def _asked(turn: TurnContext) -> ClarificationState:
    pending, latest = turn.state.pending, turn.state.latest
    if pending is None or not pending.is_clarification:
        return ClarificationState(namesakes=_named(turn))
    refused = {latest.topic} if pending.complaint and latest else set()
    named = _named(turn)
    return ClarificationState(
        confidence=pending.confidence, rounds=pending.rounds, refused=refused, namesakes=named
    )


def _named(turn: TurnContext) -> Sequence[Topic]:
    """The topics that a message of a bare name ("la centrale vapeur") fits."""
    name = content_words(turn.question)
    if not 0 < len(name) <= _NAME_WORDS or is_question(turn.text) or negated(turn.text):
        return ()
    return [topic_of(hit) for hit in turn.search() if name <= content_words(f"{hit.title} {hit.matched}")]


def _follow(turn: TurnContext, decided: PolicyDecision, lead: Sequence[str]) -> TurnResult:
    winner, why, need = decided.hits[0], turn.why_found(decided), _need(turn)
    if winner.kind == "flow":
        flow = turn.content.flows[turn.desk.id, winner.id]
        return flow_replies.begin(turn.with_state(need=need), flow, why, lead=lead)
    others = [topic_of(hit) for hit in turn.search() if hit.confidence >= turn.thresholds.clarify]
    chosen = ChosenArticle(
        topic=topic_of(winner),
        question=_question(turn),
        matched=winner.matched,
        others=_without(others, topic_of(winner)),
        need=need,
    )
    return answering.give(turn, chosen, why, lead=lead)


def _clarify(turn: TurnContext, decided: PolicyDecision, lead: Sequence[str]) -> TurnResult:
    before = turn.state.pending
    again = before if before and before.is_clarification else None
    pending = Pending(
        kind=PendingKind.CHOICES if decided.action is PolicyAction.OFFER else PendingKind.REPHRASE,
        question=_question(turn),
        topics=tuple(topic_of(hit) for hit in decided.hits),
        turn_no=turn.turn_no,
        confidence=decided.confidence,
        rounds=again.rounds + 1 if again else 1,
        complaint=again.complaint if again else False,
    )
    why = turn.why_found(decided)
    turn = turn.with_state(pending=pending, need=turn.need_with_question())
    return turn.result(Decision.CLARIFY, why, asking.ask(turn, " ".join(lead)))


def _question(turn: TurnContext) -> str:
    """What is to be answered: the question that was asked back about, else these words."""
    pending = turn.state.pending
    if pending and pending.is_clarification and pending.question:
        return pending.question
    return turn.question


def _need(turn: TurnContext) -> Need:
    """A new question that is answered at once, after no complaint, is what the person wants now."""
    need, pending = turn.state.need, turn.state.pending
    if need.complaints or (pending and pending.is_clarification):
        return turn.need_with_question()
    return replace(need, question="").named(_question(turn))


def _without(topics: Sequence[Topic], winner: Topic) -> tuple[Topic, ...]:
    return tuple(topic for topic in topics if topic != winner)[:MAX_CHOICES]
