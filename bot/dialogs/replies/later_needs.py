"""Needs that a message states beside another one: seen to afterwards, or offered by name."""

from collections.abc import Sequence
from dataclasses import replace

from bot.dialogs.matching.matching import negated
from bot.dialogs.matching.phrasing import is_question
from bot.dialogs.replies import asking, open_question, searching
from bot.dialogs.replies.searching import SURE
from bot.dialogs.retrieval.policy import ClarificationState, PolicyDecision, decide, topic_of
from bot.dialogs.state.state import DialogueState, Pending, PendingKind
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import Decision, TurnResult


def ask(turn: TurnContext, *, lead: Sequence[str] = ()) -> TurnResult:
    """Asks the knowledge base; of several needs in one message the others are kept for later."""
    first, others = _needs(turn)
    return searching.ask(first.with_state(later=first.state.later_with(*others)), lead=lead)


def after_answer(turn: TurnContext) -> TurnContext:
    """The turn with the question that follows an answer ("oui merci, et comment ...?") kept for later."""
    reading = turn.reading
    if not reading.says_more or not is_question(reading.question):
        return turn
    return turn.with_state(later=turn.state.later_with(reading.question))


def pick(turn: TurnContext, number: int) -> TurnResult:
    """Takes the answer of that index, 0-based, to the question outside a flow."""
    pending = turn.state.pending
    if pending is None or pending.kind is not PendingKind.NEXT:
        return asking.pick(turn, number)
    turn = turn.with_state(pending=None)
    if number > 0:
        reply = open_question.ask_again(turn, turn.say("ask.go_on"))
        return turn.result(Decision.SMALLTALK, turn.why("later_need_declined"), reply)
    return searching.ask(turn.about(pending.question))


def go_on(turn: TurnContext, done: TurnResult) -> TurnResult:
    """After a turn that leaves nothing open: the next need, or an offer of it after an answer."""
    if not done.state.get("later") or done.handoff or done.close or done.decision is Decision.NONE:
        return done
    state = DialogueState.from_json(done.state)
    if state.is_open:
        return done
    question, *others = state.later
    turn = replace(turn.about(question), state=replace(state, later=tuple(others)))
    # The buttons of an answer carry the number of the turn, so there is one answer a turn.
    if done.decision is Decision.ANSWER:
        then, shown, also = _offer(turn, question), done, question
    else:
        then = shown = searching.ask(turn)
        also = done.why.rule
    return replace(
        shown,
        why=replace(shown.why, also=(also,)),
        replies=(*done.replies, *then.replies),
        state=then.state,
        language=done.language,
        language_chosen=done.language_chosen,
        feedback=done.feedback,
        in_flow=then.in_flow,
    )


def _offer(turn: TurnContext, question: str) -> TurnResult:
    decided = _decided(turn)
    topics = (topic_of(decided.hits[0]),) if decided.action in SURE else ()
    pending = Pending(kind=PendingKind.NEXT, question=question, topics=topics, turn_no=turn.turn_no)
    turn = turn.with_state(pending=pending)
    return turn.result(Decision.CLARIFY, turn.why("later_need_offered"), asking.ask(turn))


def _needs(turn: TurnContext) -> tuple[TurnContext, Sequence[str]]:
    """The turn about the need to see to first, and the other needs; the turn as it is where there is one.

    A part is a need of its own when it alone has a sure answer, and another one than the other parts.
    """
    pending, parts = turn.state.pending, turn.reading.parts
    if len(parts) < 2 or (pending and pending.is_clarification):
        return turn, ()
    needs: dict[Topic, str] = {}
    for part in parts:
        about = turn.about(part)
        found = _decided(about)
        asks = not needs or is_question(part) or negated(part)
        if found.action in SURE and asks and _intent(about) is None:
            needs.setdefault(topic_of(found.hits[0]), part)
    if len(needs) < 2:
        return turn, ()
    whole = _decided(turn)
    first = topic_of(whole.hits[0]) if whole.action in SURE else None
    main = needs.pop(first if first in needs else next(iter(needs)))
    return turn.about(main), list(needs.values())


def _intent(turn: TurnContext) -> str | None:
    """Of a part of the message: "je ne veux pas parler à un humain" is no need."""
    text, vector = turn.reading.text, turn.query.vector
    return turn.understander.understand(text, language=turn.language, vector=vector).intent


def _decided(turn: TurnContext) -> PolicyDecision:
    return decide(turn.search(), ClarificationState(), turn.thresholds)
