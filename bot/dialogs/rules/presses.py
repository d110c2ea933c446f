"""Buttons: each names the turn that put it, so that a late press never makes a wrong move.

step:<turn>:<n>   a choice of the step put in that turn
pick:<turn>:<n>   an answer to what was asked outside a flow
dontknow:<turn>   "I do not know" at that step
helped:<turn>, unhelped:<turn>, why:<turn>   about the answer of that turn
human             a person, please
"""

from collections.abc import Callable, Mapping

from bot.dialogs.replies import asking, explain, feedback, standing, stepping
from bot.dialogs.replies.handover import fetch_person
from bot.dialogs.rules import repair
from bot.dialogs.turn.scene import Scene
from bot.domain.turn import Decision, TurnResult
from bot.text.folding import fold_label

Press = Callable[[Scene, int, int], TurnResult | None]


def press(scene: Scene) -> TurnResult:
    """Does what the button says, if it still stands."""
    name, *numbers = (scene.message.value or "").split(":")
    turn_no, number = [*map(_number, numbers), 0, 0][:2]
    action = _PRESSES.get(name)
    done = action(scene, turn_no, number) if action else None
    return done or stale(scene)


def stale(scene: Scene) -> TurnResult:
    """The moment has passed: a kind word, and what stands now."""
    reply = standing.put(scene, scene.say("repair.stale"))
    return scene.result(Decision.COMMAND, scene.why("stale_press"), reply)


def by_label(scene: Scene) -> TurnResult | None:
    """The words are the label of one of the small offers under the latest answer."""
    said, latest = fold_label(scene.words), scene.state.latest
    if said in _labels(scene, "human"):
        return fetch_person(scene)
    if latest is None or scene.state.flow:
        return None
    for name, action in (("helped", _helped), ("unhelped", _unhelped), ("why", _why)):
        if said in _labels(scene, name):
            return action(scene, latest.turn_no, 0)
    return None


def _number(text: str) -> int:
    """Of an own button; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _stands(scene: Scene, turn_no: int) -> bool:
    """Whether the step put in that turn still waits."""
    at = scene.state.flow
    return at is not None and at.turn_no == turn_no and scene.state.pending is None


def _labels(scene: Scene, name: str) -> set[str]:
    return {fold_label(label) for label in scene.everywhere(f"button.{name}").values()}


def _step(scene: Scene, turn_no: int, number: int) -> TurnResult | None:
    if not _stands(scene, turn_no) or not 1 <= number <= len(stepping.offers(scene)):
        return None
    return stepping.choose(scene, number - 1, "step_chosen")


def _pick(scene: Scene, turn_no: int, number: int) -> TurnResult | None:
    pending = scene.state.pending
    if not pending or pending.turn_no != turn_no or not 1 <= number <= len(asking.offers(scene)):
        return None
    return asking.pick(scene, number - 1)


def _dont_know(scene: Scene, turn_no: int, _: int) -> TurnResult | None:
    return repair.dont_know(scene) if _stands(scene, turn_no) else None


def _helped(scene: Scene, turn_no: int, _: int) -> TurnResult | None:
    return feedback.take(scene, turn_no, helped=True) if turn_no else None


def _unhelped(scene: Scene, turn_no: int, _: int) -> TurnResult | None:
    return feedback.take(scene, turn_no, helped=False) if turn_no else None


def _why(scene: Scene, turn_no: int, _: int) -> TurnResult | None:
    return explain.why(scene, turn_no) if scene.state.answer(turn_no) else None


def _human(scene: Scene, _turn_no: int, _number: int) -> TurnResult | None:
    return fetch_person(scene)


_PRESSES: Mapping[str, Press] = {
    "step": _step,
    "pick": _pick,
    "dontknow": _dont_know,
    "helped": _helped,
    "unhelped": _unhelped,
    "why": _why,
    "human": _human,
}
