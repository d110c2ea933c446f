"""What an agent reads first: what is wanted, and what was tried."""

from collections.abc import Sequence

from bot.dialogs.flow.model import Flow
from bot.dialogs.flow.step import DONT_KNOW, Step
from bot.dialogs.flow.walking import label
from bot.dialogs.state.state import FlowPosition, Need, Tried
from bot.dialogs.turn.scene import Scene

MAX_CHARS = 120
"""Of a step's text in one line."""


def flow_lines(scene: Scene, flow: Flow, position: FlowPosition) -> tuple[Tried, ...]:
    """What was said and answered on the way through a flow, oldest first."""
    lines = [Tried(text=scene.say("brief.flow", title=flow.title[scene.language]))]
    for visit in position.path:
        step = flow.by_id[visit.step]
        says = step.enter(position.answers()).says
        if says is None:
            continue
        text = shorten(says[scene.language], question=step.waits)
        if visit.value is None:
            lines.append(Tried(text=scene.say("brief.said", text=text)))
        else:
            answer = answer_text(scene, step, visit.value)
            lines.append(Tried(text=scene.say("brief.answered", question=text, answer=answer)))
    return tuple(lines)


def answer_text(scene: Scene, step: Step, value: str) -> str:
    """An answer as a person would read it."""
    if value == DONT_KNOW:
        return scene.say("button.dont_know")
    for choice in step.choices:
        if choice.value == value:
            return label(choice, scene.language, scene.own_labels())
    return value


def tried_lines(scene: Scene, need: Need) -> tuple[str, ...]:
    """All that was tried, one line each, with what came of it."""
    endings = {None: "", True: " " + scene.say("brief.helped"), False: " " + scene.say("brief.not_helped")}
    return tuple(line.text + endings[line.helped] for line in need.tried)


def summary(scene: Scene, need: Need) -> str:
    """What the person wants, in their own words where there are any."""
    flow = scene.flow
    if need.question:
        return shorten(need.question, chars=200)
    return flow.title[scene.language] if flow else scene.say("brief.no_question")


def shorten(text: str, *, question: bool = False, chars: int = MAX_CHARS) -> str:
    """One line without marks for bold; of a question's text the sentence that asks."""
    line = " ".join(text.replace("**", "").replace("`", "").split())
    if question and "?" in line:
        line = _last_sentence(line[: line.rindex("?") + 1])
    return line if len(line) <= chars else line[: chars - 1].rsplit(" ", 1)[0] + "…"


def _last_sentence(text: str) -> str:
    ends: Sequence[int] = [text.rfind(mark, 0, -1) for mark in (". ", "! ", "? ", ": ")]
    return text[max(ends) + 2 :] if max(ends) >= 0 else text
