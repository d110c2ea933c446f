"""Why this answer: the why-record as a plain sentence, without numbers."""

from bot.dialogs.replies import standing
from bot.dialogs.state.state import Given
from bot.dialogs.turn.scene import Scene
from bot.domain.turn import Decision, TurnResult


def why(scene: Scene, turn_no: int | None = None) -> TurnResult:
    """Explains the answer of that turn, or what stands now."""
    given = scene.state.answer(turn_no) if turn_no is not None else None
    if given is None and scene.state.flow is None and turn_no is None:
        given = scene.state.latest
    record = scene.why("explained")
    return scene.result(Decision.COMMAND, record, standing.put(scene, _sentence(scene, given)))


def _sentence(scene: Scene, given: Given | None) -> str:
    if given is None:
        flow = scene.flow
        return scene.say("why.flow", title=flow.title[scene.language]) if flow else scene.say("why.nothing")
    title = scene.title(given.topic)
    if given.rule == "choice_picked":
        return scene.say("why.picked", title=title)
    said = scene.say("why.article", question=given.question, matched=given.matched, title=title)
    if given.others:
        said += " " + scene.say("why.runner_up", title=scene.title(given.others[0]))
    return said + " " + scene.say("why.otherwise")
