"""Whether an answer helped: thanks, or one more try, or a person."""

from dataclasses import replace

from bot.dialogs.replies import asking, standing
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import Given, Pending, PendingKind
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.messages import Reply
from bot.domain.turn import Decision, Feedback, TurnResult

ASK_BACK = 1
"""How often we ask back about one need before a person takes over."""


def take(scene: Scene, turn_no: int, *, helped: bool) -> TurnResult:
    """Feedback on the answer given in that turn, whatever came since."""
    word = Feedback(turn_no=turn_no, helped=helped)
    given, latest = scene.state.answer(turn_no), scene.state.latest
    scene = scene.remember(need=scene.state.need.judged(turn_no, helped=helped))
    if standing.waits(scene) or given is None or given != latest:
        why = scene.why("feedback_on_earlier_answer")
        reply = standing.put(scene, scene.say("feedback.noted"))
        return scene.result(Decision.SMALLTALK, why, reply, feedback=word)
    return _thank(scene, word) if helped else not_helped(scene, given)


def not_helped(scene: Scene, given: Given) -> TurnResult:
    """The latest answer did not help."""
    word = Feedback(turn_no=given.turn_no, helped=False)
    need = scene.state.need.judged(given.turn_no, helped=False)
    need = replace(need.named(given.question), complaints=need.complaints + 1)
    scene = scene.remember(need=need)
    if need.complaints > ASK_BACK:
        why = scene.why("twice_not_helped")
        text = scene.say("person.not_helped")
        return hand_over(scene, HandoffReason.NOT_HELPED, why, text, feedback=word)
    pending = Pending(
        kind=PendingKind.CHOICES if given.others else PendingKind.REPHRASE,
        question=given.question,
        topics=given.others,
        turn_no=scene.turn_no,
        rounds=1,
        complaint=True,
    )
    scene = scene.remember(pending=pending)
    return scene.result(Decision.CLARIFY, scene.why("not_helped"), asking.put(scene), feedback=word)


def _thank(scene: Scene, word: Feedback) -> TurnResult:
    settled = replace(scene, state=scene.state.settled())
    reply = Reply(text=scene.say("feedback.helped"))
    return settled.result(Decision.SMALLTALK, scene.why("helped"), reply, feedback=word)
