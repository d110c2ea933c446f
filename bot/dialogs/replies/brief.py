"""What an agent reads first: what is wanted, and what was tried."""

from collections.abc import Sequence

from bot.dialogs.flow.model import DONT_KNOW, Flow, FlowStep
from bot.dialogs.flow.walking import label
from bot.dialogs.state.state import FlowPosition, Need, TriedLine
from bot.dialogs.turn.context import TurnContext

MAX_CHARS = 120
"""Of a step's text in one line."""


def flow_lines(turn: TurnContext, flow: Flow, position: FlowPosition) -> tuple[TriedLine, ...]:
    """What was said and answered on the way through a flow, oldest first."""
    lines = [TriedLine(text=turn.say("brief.flow", title=flow.title[turn.language]))]
    for visit in position.path:
        step = flow.by_id[visit.step]
        says = step.enter(position.answers()).says
        if says is None:
            continue
        text = shorten(says[turn.language], question=step.waits)
        if visit.value is None:
            lines.append(TriedLine(text=turn.say("brief.said", text=text)))
        else:
            answer = answer_text(turn, step, visit.value)
            lines.append(TriedLine(text=turn.say("brief.answered", question=text, answer=answer)))
    return tuple(lines)


def answer_text(turn: TurnContext, step: FlowStep, value: str) -> str:
    """An answer as a person would read it."""
    if value == DONT_KNOW:
        return turn.say("button.dont_know")
    for choice in step.choices:
        if choice.value == value:
            return label(choice, turn.language, turn.built_in_labels())
    return value


def tried_lines(turn: TurnContext, need: Need) -> tuple[str, ...]:
    """All that was tried, one line each, with what came of it."""
    endings = {None: "", True: " " + turn.say("brief.helped"), False: " " + turn.say("brief.not_helped")}
    return tuple(line.text + endings[line.helped] for line in need.tried)


def summary(turn: TurnContext, need: Need) -> str:
    """What the person wants, in their own words where there are any."""
    flow = turn.flow
    if need.question:
        return shorten(need.question, chars=200)
    return flow.title[turn.language] if flow else turn.say("brief.no_question")


def shorten(text: str, *, question: bool = False, chars: int = MAX_CHARS) -> str:
    """One line without marks for bold; of a question's text the sentence that asks."""
    line = " ".join(text.replace("**", "").replace("`", "").split())
    if question and "?" in line:
        line = _last_sentence(line[: line.rindex("?") + 1])
    return line if len(line) <= chars else line[: chars - 1].rsplit(" ", 1)[0] + "…"


def _last_sentence(text: str) -> str:
    ends: Sequence[int] = [text.rfind(mark, 0, -1) for mark in (". ", "! ", "? ", ": ")]
    return text[max(ends) + 2 :] if max(ends) >= 0 else text
