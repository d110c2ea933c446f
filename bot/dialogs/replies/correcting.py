"""Changing an earlier answer of a flow, and what to do when an answer leads nowhere."""

from bot.dialogs.flow import walking as walk
from bot.dialogs.flow.model import DONT_KNOW, SOLVED, FlowStep
from bot.dialogs.matching.matching import content_words, full_match, partial_match
from bot.dialogs.replies import asking, flow_replies, open_question, searching
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.turn.context import TurnContext
from bot.domain.case import HandoffReason
from bot.domain.turn import Decision, TurnResult

MAX_MISSES = 2
"""Answers at one step that led nowhere, until a person takes over."""


def dont_know(turn: TurnContext) -> TurnResult:
    """The way that the flow's author gives; else help and the question again; else a person."""
    pending, step = turn.state.pending, turn.step
    if pending and pending.is_clarification:
        return asking.none_of_these(turn)
    if step is None or pending:
        return not_applicable(turn.with_state(pending=None), "ask.go_on" if step else "repair.start_over")
    if step.dont_know:
        return flow_replies.take_answer(turn, DONT_KNOW, step.dont_know.step, "dont_know")
    return miss(turn, "dont_know", turn.say("step.dont_know"))


def miss(turn: TurnContext, rule: str, lead: str) -> TurnResult:
    """An answer that leads nowhere: help and the question again, the next time a person."""
    turn = flow_replies.missed(turn)
    running = turn.running
    assert running
    if running.at.misses >= MAX_MISSES:
        reason = HandoffReason.FLOW if rule == "dont_know" else HandoffReason.LOW_CONFIDENCE
        return hand_over(turn, reason, turn.why(f"{rule}_again"), turn.say("person.stuck"))
    hint = running.step.help[turn.language] if running.step.help else ""
    reply = flow_replies.repeat_question(turn, lead, hint, person=True)
    return turn.result(Decision.FLOW, turn.why(rule), reply)


def not_applicable(turn: TurnContext, key: str) -> TurnResult:
    """A command that does not apply here; its words may be a question ("annuler ma commande")."""
    sure = searching.ask_if_sure(turn) if len(content_words(turn.text)) > 1 else None
    if sure:
        return sure
    reply = open_question.ask_again(turn, turn.say(key))
    return turn.result(Decision.COMMAND, turn.why("nothing_to_repair"), reply)


def correct_choice(turn: TurnContext, words: str) -> TurnResult | None:
    """Changes the latest answer of the flow that the words fit; None when they fit none.

    Later answers that still hold are kept, and their questions are not put again.
    """
    if turn.running is None:
        return None
    flow, at = turn.running.flow, turn.running.at
    for number in range(len(at.path) - 1, -1, -1):
        visit = at.path[number]
        step = flow.by_id[visit.step]
        value = _answer_in(turn, step, words, now=visit.value)
        if visit.value is None or value is None or value == visit.value:
            continue
        return _change(turn, number, value)
    return None


def correct_text(turn: TurnContext, words: str) -> TurnResult | None:
    """Replaces the latest answer by these words when it was free text; None when it was not."""
    assert turn.running
    flow, at = turn.running.flow, turn.running.at
    answered = [number for number, visit in enumerate(at.path) if visit.value is not None]
    if not words or not answered or flow.by_id[at.path[answered[-1]].step].choices:
        return None
    return _change(turn, answered[-1], words)


def correction_unclear(turn: TurnContext, words: str) -> TurnResult:
    """They say that an answer was wrong, and no other answer is found in their words."""
    assert turn.running
    flow, at = turn.running.flow, turn.running.at
    known = any(_answer_in(turn, flow.by_id[step], words) == value for step, value in at.answers().items())
    lead = turn.say("repair.known_already" if known else "repair.unclear")
    reply = flow_replies.repeat_question(turn, lead)
    return turn.result(Decision.COMMAND, turn.why("correction_unclear"), reply)


def back(turn: TurnContext) -> TurnResult:
    """The previous question of the flow again; closes a question outside it first."""
    running = turn.running
    if running is None:
        return not_applicable(turn, "repair.nothing_before")
    if turn.state.pending:
        turn = turn.with_state(pending=None)
        return turn.result(Decision.COMMAND, turn.why("back"), flow_replies.repeat_question(turn))
    flow = running.flow
    rest = walk.back(flow, running.at, turn_no=turn.turn_no)
    if rest is None:
        first = flow_replies.repeat_question(turn, turn.say("repair.first_question"))
        return turn.result(Decision.COMMAND, turn.why("back_at_first"), first)
    lead = [turn.say("repair.back")]
    return flow_replies.arrive(turn, flow, rest, turn.why("back"), lead=lead, decision=Decision.COMMAND)


def _change(turn: TurnContext, visit: int, value: str) -> TurnResult:
    assert turn.running
    flow, at = turn.running.flow, turn.running.at
    rest = walk.rewind(flow, at, visit, turn_no=turn.turn_no)
    kept = {
        later.step: later.value
        for later in at.path[visit + 1 :]
        if later.value is not None and not _may_end(flow.by_id[later.step])
    }
    turn = turn.with_state(flow=rest.position, pending=None)
    to = walk.leads_to(flow.by_id[rest.position.step], value)
    lead = [turn.say("repair.corrected")]
    return flow_replies.take_answer(turn, value, to, "answer_corrected", kept=kept, lead=lead)


def _answer_in(turn: TurnContext, step: FlowStep, words: str, *, now: str | None = None) -> str | None:
    """The answer to a step that the words give, `now` being the one that it has."""
    named = flow_replies.named_answer(turn, step, but=now)
    if named is not None:
        return named
    offers = walk.offers(step, turn.built_in_labels())
    found = full_match(words, offers)
    found = partial_match(words, offers) if found is None else found
    return None if found is None else step.choices[found].value


def _may_end(step: FlowStep) -> bool:
    return any(choice.next.step == SOLVED for choice in step.choices)
