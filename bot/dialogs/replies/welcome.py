"""Introductions: the welcome with its menu, the help text, and what precedes an answer."""

from bot.dialogs.replies import asking, open_question
from bot.dialogs.state.state import Pending, PendingKind
from bot.dialogs.state.topic import Topic
from bot.dialogs.turn.context import TurnContext
from bot.domain.messages import Reply
from bot.domain.turn import Decision, TurnResult

MAX_EXAMPLES = 3
"""Flows named in a welcome."""


def welcome(turn: TurnContext) -> TurnResult:
    """Who answers here, for what, and some flows to begin with."""
    turn = _with_menu(turn)
    own = f"welcome.{turn.desk.id}"
    what = own if turn.content.phrases.has(turn.language, own) else "welcome.what"
    text = _hello(turn) + "\n\n" + turn.say(what)
    reply = asking.ask(turn, text) if turn.state.pending else Reply(text=text)
    return turn.result(Decision.SMALLTALK, turn.why("welcome"), reply)


def how_to(turn: TurnContext) -> TurnResult:
    """What can be said here."""
    reply = open_question.ask_again(turn, turn.say("help.text"), person=True)
    return turn.result(Decision.COMMAND, turn.why("help"), reply)


def lead(turn: TurnContext) -> list[str]:
    """Said before an answer to a message that also greets, complains or says that it is urgent."""
    said = []
    if turn.has_intent("greet"):
        said.append(turn.say("greet.back") if turn.state.greeted else _hello(turn))
    if turn.has_intent("frustration"):
        said.append(turn.say("mood.sorry"))
    elif turn.has_intent("urgent"):
        said.append(turn.say("mood.urgent"))
    return said


def _hello(turn: TurnContext) -> str:
    return turn.say("greet.hello", bot=turn.desk.bot_name, desk=turn.desk.name[turn.language])


def _with_menu(turn: TurnContext) -> TurnContext:
    flows = turn.content.desk_flows(turn.desk.id)[:MAX_EXAMPLES]
    topics = tuple(Topic(kind="flow", id=flow.id) for flow in flows)
    menu = Pending(kind=PendingKind.MENU, topics=topics, turn_no=turn.turn_no) if topics else None
    return turn.with_state(flow=None, pending=menu)
