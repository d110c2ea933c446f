"""Reads a flow from a file of the workspace, and checks it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from bot.dialogs.flow.checks import check
from bot.dialogs.flow.model import END, Flow, FlowStep, Target
from bot.dialogs.flow.steps import KINDS
from bot.dialogs.flow.steps.base import StepSource
from bot.dialogs.flow.yaml_reader import Problems, YamlNodeReader, nearest, read

_FLOW_KEYS = ("flow", "title", "category", "triggers", "steps")
_STEP_KEYS = frozenset({"id", "next", *KINDS}.union(*(kind.keys for kind in KINDS.values())))
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def parse_flow(path: str, text: str, *, languages: Sequence[str], entities: Collection[str] | None) -> Flow:
    """Reads and checks one flow.

    Args:
        path: of the file, relative to the workspace; its name is the flow's id.
        text: what it holds.
        languages: in which every text must exist.
        entities: that a step may ask for; None when they are not known, and so not checked.

    Raises:
        ContentErrors: all that is wrong in it, by line.
    """
    top = read(path, text)
    fields = top.fields(_FLOW_KEYS)
    for key in _FLOW_KEYS:
        if key not in fields and key != "category":
            top.wrong(f'The flow has no "{key}".', f"Add {key}: …")
    steps = _read_steps(fields["steps"], languages, entities) if "steps" in fields else ()
    flow = Flow(
        id=_read_name(fields.get("flow"), PurePosixPath(path).stem),
        title=fields["title"].texts(languages) if "title" in fields else {},
        category=fields["category"].text() if "category" in fields else None,
        triggers=fields["triggers"].text_lists(languages, all_of_them=True) if "triggers" in fields else {},
        steps=steps,
    )
    check(steps, top.problems)
    top.problems.raise_any()
    return flow


def _read_name(entry: YamlNodeReader | None, file_name: str) -> str:
    if entry is None:
        return file_name
    name = entry.text()
    if name != file_name:
        entry.wrong(f'The flow is called "{name}" and its file "{file_name}".', f"Write flow: {file_name}")
    return file_name


def _read_steps(
    entry: YamlNodeReader, languages: Sequence[str], entities: Collection[str] | None
) -> tuple[FlowStep, ...]:
    places = entry.items()
    names = [_step_name(place) for place in places]
    steps = []
    for number, place in enumerate(places):
        below = names[number + 1 : number + 2]
        follows = Target(step=below[0], line=place.line) if below else None
        step = _read_step(
            StepSource(
                id=names[number],
                fields=place.fields(_STEP_KEYS),
                follows=follows,
                languages=languages,
                entities=entities,
                place=place,
            )
        )
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _step_name(place: YamlNodeReader) -> str:
    """The id of a step, before the step itself is read; silent about mistakes."""
    quiet = YamlNodeReader(place.node, Problems(""))
    fields = quiet.fields()
    return fields["id"].text() if "id" in fields else ""


def _read_step(source: StepSource) -> FlowStep | None:
    place, fields = source.place, source.fields
    if "id" not in fields:
        place.wrong("This step has no id.", "Add id: …")
    elif not _ID.fullmatch(source.id) or source.id == END:
        fields["id"].wrong(f'"{source.id}" cannot be a step\'s id.', "Use small letters, digits and dashes.")
    kinds = [keyword for keyword in KINDS if keyword in fields]
    if len(kinds) != 1:
        what = "several kinds" if kinds else "no kind"
        place.wrong(f"This step has {what}.", f"Give it exactly one of: {', '.join(sorted(KINDS))}.")
        return None
    kind = KINDS[kinds[0]]
    allowed = {"id", "next", kind.keyword, *kind.keys}
    for key in fields.keys() - allowed:
        fields[key].wrong(f'A "{kind.keyword}" step has no "{key}".', nearest(key, allowed - {"id"}))
    return kind.read(replace(source, follows=source.target("next") or source.follows))
