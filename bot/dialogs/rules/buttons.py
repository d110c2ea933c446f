"""Buttons. The value of each names the turn that put it, so that a late press changes nothing else.

step:<turn>:<n>   a choice of the step put in that turn
pick:<turn>:<n>   an answer to what was asked outside a flow
dontknow:<turn>   "I do not know" at that step
helped:<turn>, unhelped:<turn>, why:<turn>   about the answer of that turn
human             a person, please
"""

from bot.dialogs.replies import (
    asking,
    correcting,
    explain,
    feedback,
    flow_replies,
    later_needs,
    open_question,
)
from bot.dialogs.replies.handover import fetch_person
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import InboundKind
from bot.domain.turn import Decision, TurnResult
from bot.text.folding import fold_label


def step(turn: TurnContext) -> TurnResult | None:
    """A choice of the step that waits."""
    turn_no, number = _pressed(turn, "step")
    if not _step_waits(turn, turn_no) or not 1 <= number <= len(flow_replies.offers(turn)):
        return None
    return flow_replies.choose(turn, number - 1, "step_chosen")


def pick(turn: TurnContext) -> TurnResult | None:
    """An answer to the question outside a flow."""
    turn_no, number = _pressed(turn, "pick")
    pending = turn.state.pending
    if not pending or pending.turn_no != turn_no or not 1 <= number <= len(asking.offers(turn)):
        return None
    return later_needs.pick(turn, number - 1)


def dont_know(turn: TurnContext) -> TurnResult | None:
    """ "I do not know" at the step that waits."""
    turn_no, _ = _pressed(turn, "dontknow")
    return correcting.dont_know(turn) if _step_waits(turn, turn_no) else None


def helped(turn: TurnContext) -> TurnResult | None:
    """The answer of that turn helped."""
    turn_no, _ = _pressed(turn, "helped")
    return feedback.take(turn, turn_no, helped=True) if turn_no else None


def unhelped(turn: TurnContext) -> TurnResult | None:
    """The answer of that turn did not help."""
    turn_no, _ = _pressed(turn, "unhelped")
    return feedback.take(turn, turn_no, helped=False) if turn_no else None


def why(turn: TurnContext) -> TurnResult | None:
    """Why the answer of that turn was given."""
    turn_no, _ = _pressed(turn, "why")
    return explain.why(turn, turn_no) if turn.state.answer(turn_no) else None


def human(turn: TurnContext) -> TurnResult | None:
    """A person, please; such a button never goes stale."""
    return fetch_person(turn) if _name(turn) == "human" else None


def stale(turn: TurnContext) -> TurnResult | None:
    """Any other press: its question is no longer open; what is open now is put again."""
    if turn.message.kind is not InboundKind.PRESS:
        return None
    reply = open_question.ask_again(turn, turn.say("repair.stale"))
    return turn.result(Decision.COMMAND, turn.why("stale_press"), reply)


def human_by_label(turn: TurnContext) -> TurnResult | None:
    """The words are the label of the button for a person."""
    return fetch_person(turn) if _is_label(turn, "human") else None


def feedback_by_label(turn: TurnContext) -> TurnResult | None:
    """The words are the label of a button under the latest answer."""
    latest = turn.state.latest
    if latest is None or turn.state.flow:
        return None
    for name, is_good in (("helped", True), ("unhelped", False)):
        if latest.turn_no and _is_label(turn, name):
            return feedback.take(turn, latest.turn_no, helped=is_good)
    return explain.why(turn, latest.turn_no) if _is_label(turn, "why") else None


def _name(turn: TurnContext) -> str:
    """What the button is for; "" when none was pressed."""
    value = turn.message.value if turn.message.kind is InboundKind.PRESS else None
    return (value or "").split(":")[0]


def _pressed(turn: TurnContext, name: str) -> tuple[int, int]:
    """Turn and number of the pressed button, (0, 0) when it is another one: no turn has that number."""
    if _name(turn) != name:
        return 0, 0
    turn_no, number = [*map(_number, (turn.message.value or "").split(":")[1:]), 0, 0][:2]
    return turn_no, number


def _number(text: str) -> int:
    """Of an own button; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _step_waits(turn: TurnContext, turn_no: int) -> bool:
    """Whether the step put in that turn still waits."""
    at = turn.state.flow
    return at is not None and 0 < turn_no == at.turn_no and turn.state.pending is None


def _is_label(turn: TurnContext, name: str) -> bool:
    said = fold_label(turn.text)
    return said in {fold_label(label) for label in turn.in_all_languages(f"button.{name}").values()}
