"""What people say around a problem: hello, thanks, yes, I am fed up, it is urgent, are you a robot."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.dialogs.replies import asking, feedback, standing
from bot.dialogs.replies import searching as knowledge
from bot.dialogs.replies.handover import hand_over
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.turn.content import Topic
from bot.dialogs.turn.scene import Scene
from bot.domain.case import HandoffReason
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult

GRUMBLES = 2
"""How often somebody sounds fed up until a person takes over."""
EXAMPLES = 3
"""Procedures named in a welcome."""
_STORY_WORDS = 4
"""A message longer than this may hold a question beside its mood."""


def smalltalk(scene: Scene) -> TurnResult | None:
    """Answers small talk and puts the open question again; None for anything else."""
    handler = _TALK.get(scene.intent or "")
    return handler(scene) if handler else None


def lead(scene: Scene) -> list[str]:
    """What is said before an answer to a message that also greets, complains or hurries."""
    said = []
    if scene.hears("greet"):
        said.append(scene.say("greet.back") if scene.state.greeted else _hello(scene))
    if scene.hears("frustration"):
        said.append(scene.say("mood.sorry"))
    elif scene.hears("urgent"):
        said.append(scene.say("mood.urgent"))
    return said


def welcome(scene: Scene) -> TurnResult:
    """Who speaks here, for what, and where one might begin."""
    scene = _with_menu(scene)
    menu = scene.state.pending is not None
    own = f"welcome.{scene.desk.id}"
    what = own if scene.content.phrases.has(scene.language, own) else "welcome.what"
    text = _hello(scene) + "\n\n" + scene.say(what)
    reply = asking.put(scene, text) if menu else Reply(text=text)
    return scene.result(Decision.SMALLTALK, scene.why("welcome"), reply)


def how_to(scene: Scene) -> TurnResult:
    """What can be said here."""
    reply = standing.put(scene, scene.say("help.text"), person=True)
    return scene.result(Decision.COMMAND, scene.why("help"), reply)


def _greet(scene: Scene) -> TurnResult:
    if not scene.state.greeted and not standing.waits(scene):
        return welcome(scene)
    return _reply(scene, "greet", *lead(scene), *(() if standing.waits(scene) else (scene.say("ask.what"),)))


def _thank(scene: Scene) -> TurnResult:
    return _reply(scene, "thank", scene.say("thank.reply"))


def _goodbye(scene: Scene) -> TurnResult:
    settled = replace(scene, state=scene.state.settled())
    reply = Reply(text=scene.say("goodbye.reply"))
    return settled.result(Decision.SMALLTALK, scene.why("goodbye"), reply, close=True)


def _robot(scene: Scene) -> TurnResult:
    text = scene.say("robot.reply", bot=scene.desk.bot_name)
    reply = standing.put(scene, text, person=True)
    return scene.result(Decision.SMALLTALK, scene.why("bot_challenge"), reply)


def _frustration(scene: Scene) -> TurnResult:
    if scene.state.need.grumbles >= GRUMBLES:
        why = scene.why("frustrated_again")
        return hand_over(scene, HandoffReason.NOT_HELPED, why, scene.say("person.frustrated"))
    if not standing.waits(scene):
        answered = _perhaps_answered(scene)
        if answered:
            return answered
        scene = scene.remember(pending=Pending(kind=PendingKind.PERSON, turn_no=scene.turn_no))
    return scene.result(
        Decision.SMALLTALK, scene.why("frustrated"), standing.put(scene, scene.say("mood.sorry"), person=True)
    )


def _urgent(scene: Scene) -> TurnResult:
    if not standing.waits(scene):
        answered = _perhaps_answered(scene)
        if answered:
            return answered
    text = [scene.say("mood.urgent"), *(() if standing.waits(scene) else (scene.say("ask.what"),))]
    return scene.result(Decision.SMALLTALK, scene.why("urgent"), standing.put(scene, *text, person=True))


def _yes(scene: Scene) -> TurnResult | None:
    latest = scene.state.latest
    if scene.flow and not scene.state.pending:
        return None  # No answer to this step: it is put again.
    if latest and not standing.waits(scene) and scene.state.need.question:
        return feedback.take(scene, latest.turn_no, helped=True)
    return _reply(scene, "affirm", _onward(scene))


def _no(scene: Scene) -> TurnResult | None:
    latest = scene.state.latest
    if scene.flow and not scene.state.pending:
        return None
    if latest and not standing.waits(scene) and scene.state.need.question:
        return feedback.take(scene, latest.turn_no, helped=False)
    if scene.intent == "not_resolved":
        return None  # "Mon imprimante ne marche toujours pas" is a question.
    return _reply(scene, "deny", _onward(scene))


def _onward(scene: Scene) -> str:
    return scene.say("ask.go_on" if standing.waits(scene) else "ask.what")


def _perhaps_answered(scene: Scene) -> TurnResult | None:
    if len(scene.words.split()) <= _STORY_WORDS:
        return None
    return knowledge.ask_if_sure(scene, lead=lead(scene))


def _reply(scene: Scene, rule: str, *text: str) -> TurnResult:
    return scene.result(Decision.SMALLTALK, scene.why(rule), standing.put(scene, " ".join(text)))


def _hello(scene: Scene) -> str:
    return scene.say("greet.hello", bot=scene.desk.bot_name, desk=scene.desk.name[scene.language])


def _with_menu(scene: Scene) -> Scene:
    flows = scene.content.desk_flows(scene.desk.id)[:EXAMPLES]
    topics = tuple(Topic(kind="flow", id=flow.id) for flow in flows)
    menu = Pending(kind=PendingKind.MENU, topics=topics, turn_no=scene.turn_no) if topics else None
    return scene.remember(flow=None, pending=menu)


_TALK: Mapping[str, Callable[[Scene], TurnResult | None]] = {
    "greet": _greet,
    "thank": _thank,
    "goodbye": _goodbye,
    "help": how_to,
    "bot_challenge": _robot,
    "frustration": _frustration,
    "urgent": _urgent,
    "affirm": _yes,
    "resolved": _yes,
    "deny": _no,
    "not_resolved": _no,
}
