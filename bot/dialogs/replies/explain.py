"""Why this answer: the why-record as a plain sentence, without numbers."""

from bot.dialogs.replies import open_question
from bot.dialogs.state.state import GivenAnswer
from bot.dialogs.turn.context import TurnContext
from bot.domain.turn import Decision, TurnResult


def why(turn: TurnContext, turn_no: int | None = None) -> TurnResult:
    """Explains the answer of that turn; without a turn, the running flow or else the latest answer."""
    given = turn.state.answer(turn_no) if turn_no is not None else None
    if given is None and turn.state.flow is None and turn_no is None:
        given = turn.state.latest
    record = turn.why("explained")
    return turn.result(Decision.COMMAND, record, open_question.ask_again(turn, _sentence(turn, given)))


def _sentence(turn: TurnContext, given: GivenAnswer | None) -> str:
    if given is None:
        flow = turn.flow
        return turn.say("why.flow", title=flow.title[turn.language]) if flow else turn.say("why.nothing")
    title = turn.title(given.topic)
    if given.rule == "choice_picked":
        return turn.say("why.picked", title=title)
    said = turn.say("why.article", question=given.question, matched=given.matched, title=title)
    if given.others:
        said += " " + turn.say("why.runner_up", title=turn.title(given.others[0]))
    return said + " " + turn.say("why.otherwise")
