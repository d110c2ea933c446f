"""Messages while a person has the conversation, or is awaited.

An agent who has it is never spoken over: only advice on safety is given. While nobody has it yet, the bot
says what becomes of what is added, answers what it knows for sure, and lets the person withdraw the request.
"""

from dataclasses import replace

from bot.dialogs.matching.matching import full_match, partial_match
from bot.dialogs.replies import asking, searching
from bot.dialogs.retrieval.policy import PolicyAction
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.sense import sense
from bot.dialogs.turn.understanding import understand
from bot.domain.case import WaitingRequest
from bot.domain.conversation import Owner
from bot.domain.messages import InboundKind
from bot.domain.turn import Decision, TurnResult, Why

_WORDS = frozenset({InboundKind.TEXT, InboundKind.EDIT})
_COURTESIES = frozenset({"thank", "praise", "laugh", "goodbye", "affirm", "deny", "wait", "not_urgent"})
_IMPATIENT_WORDS = 4
"""A message this short that greets or complains asks when somebody comes."""


def is_with_people(turn: TurnContext) -> bool:
    """Whether an agent has the conversation, or one is awaited: all rules here are for such turns alone."""
    return turn.conversation.is_with_people


def understood(turn: TurnContext) -> TurnContext:
    """The turn, its text understood; the desk speaks of files."""
    if turn.message.kind not in _WORDS or not turn.text:
        return turn
    return understand(replace(turn, message=replace(turn.message, attachments=())))


def agent_has_it(turn: TurnContext) -> TurnResult | None:
    """The bot says nothing, and its state stays as it is."""
    return _silent(turn) if turn.conversation.owner is Owner.AGENT else None


def withdrawal_answered(turn: TurnContext) -> TurnResult | None:
    """Yes or no to "shall the request be withdrawn?"."""
    pending = turn.state.pending
    if pending is None or pending.kind is not PendingKind.WITHDRAW:
        return None
    number = _pressed(turn, pending)
    if number is None and turn.understanding is not None:
        offers = asking.offers(turn)
        number = full_match(turn.text, offers)
        if number is None:
            number = partial_match(turn.text, offers, sense=sense(turn, asked_if_solved=False))
    turn = turn.with_state(pending=None)
    if number == 0:
        return _for_desk(turn, "withdrawn", WaitingRequest.WITHDRAW)
    return _for_desk(turn, "not_withdrawn", WaitingRequest.STATUS) if number == 1 else None


def no_words(turn: TurnContext) -> TurnResult | None:
    """Presses, commands, deletions, files alone: the agent sees them, the bot says nothing."""
    return _silent(turn) if turn.understanding is None else None


def withdraw(turn: TurnContext) -> TurnResult:
    """No longer needs a person: asks whether the request is to be withdrawn."""
    turn = turn.with_state(pending=Pending(kind=PendingKind.WITHDRAW, turn_no=turn.turn_no))
    return turn.result(Decision.CLARIFY, turn.why("withdraw_asked"), asking.ask(turn))


def bot_again(turn: TurnContext) -> TurnResult:
    """Wants the bot again; the request stays noted."""
    return _for_desk(turn, "bot_again", WaitingRequest.BOT)


def status(turn: TurnContext) -> TurnResult | None:
    """Asks when it is their turn, in words or by calling out."""
    calls_out = turn.intent in ("greet", "not_resolved", "frustration", "human", "urgent")
    is_short = len(turn.text.split()) <= _IMPATIENT_WORDS
    asks = turn.intent == "queue_status" or (calls_out and is_short)
    return _for_desk(turn, "queue_status", WaitingRequest.STATUS) if asks else None


def answer(turn: TurnContext) -> TurnResult | None:
    """Asks what an article answers for sure: the bot's answer, marked as such; the request stays."""
    if turn.intent is not None:
        return None
    found = searching.ask_if_sure(turn, lead=[turn.say("waiting.answer")], accepted={PolicyAction.ANSWER})
    if found is None:
        return None
    replies = tuple(replace(reply, buttons=()) for reply in found.replies)
    return replace(found, replies=replies, state=turn.state.to_json())


def added(turn: TurnContext) -> TurnResult:
    """Adds something: it is kept for the person who takes the request, and said so; thanks need no answer."""
    if turn.intent in _COURTESIES:
        return _silent(turn)
    return _for_desk(turn, "added_to_case", WaitingRequest.ADDED)


def _pressed(turn: TurnContext, pending: Pending) -> int | None:
    """Index of the pressed answer to the question that waits; None for any other message."""
    values = [f"pick:{pending.turn_no}:1", f"pick:{pending.turn_no}:2"]
    value = turn.message.value if turn.message.kind is InboundKind.PRESS else None
    return values.index(value) if value in values else None


def _for_desk(turn: TurnContext, rule: str, request: WaitingRequest) -> TurnResult:
    return replace(turn.result(Decision.COMMAND, turn.why(rule)), waiting=request)


def _silent(turn: TurnContext) -> TurnResult:
    state = turn.conversation.state
    return TurnResult(decision=Decision.NONE, why=Why(rule="a_person_has_it"), state=state)
