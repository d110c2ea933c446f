"""Checks a flow as a graph: steps never reached, ways without end, loops that never ask."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from bot.dialogs.flow.model import END, SOLVED, FlowStep
from bot.dialogs.flow.yaml_reader import Problems, nearest

Ways = Mapping[str, Collection[str]]


def check(steps: Sequence[FlowStep], problems: Problems) -> None:
    """Notes what is wrong with the steps as a whole."""
    _check_ids(steps, problems)
    if _check_targets(steps, problems) or not steps:
        return  # The ways are not known, so nothing true can be said about them.
    _check_mentions(steps, problems)
    _check_reached(steps, problems)
    if not _check_loops(steps, problems):
        _check_ends(steps, problems)


def _check_ids(steps: Sequence[FlowStep], problems: Problems) -> None:
    seen: dict[str, int] = {}
    for step in steps:
        if step.id and step.id in seen:
            where = f"The first is in line {seen[step.id]}."
            problems.add(step.line, f'There are two steps "{step.id}".', where)
        seen.setdefault(step.id, step.line)


def _check_targets(steps: Sequence[FlowStep], problems: Problems) -> bool:
    known = {step.id for step in steps} | {END}
    unknown = False
    for target in (target for step in steps for target in step.targets()):
        if target.step not in known:
            unknown = True
            problems.add(target.line, f'There is no step "{target.step}".', nearest(target.step, known))
    return unknown


def _check_mentions(steps: Sequence[FlowStep], problems: Problems) -> None:
    values = {step.id: [choice.value for choice in step.choices] for step in steps if step.choices}
    for step in steps:
        for name, value, line in step.mentions():
            if name not in values:
                problems.add(line, f'No step "{name}" offers choices.', nearest(name, values))
            elif value not in values[name]:
                problems.add(line, f'"{name}" has no choice "{value}".', nearest(value, values[name]))


def _check_reached(steps: Sequence[FlowStep], problems: Problems) -> None:
    reached = _closure([steps[0].id], _ways(steps))
    for step in steps:
        if step.id not in reached:
            problems.add(step.line, f'The step "{step.id}" is never reached.', "Lead to it, or remove it.")


def _check_loops(steps: Sequence[FlowStep], problems: Problems) -> bool:
    """A loop of steps that never wait would run for ever."""
    ways = _ways(steps)
    unasked = {step.id: ways[step.id] for step in steps if not step.waits}
    looping = [step for step in steps if step.id in _closure(unasked.get(step.id, ()), unasked)]
    for step in looping[:1]:
        names = ", ".join(each.id for each in looping)
        remedy = "Ask something among them."
        problems.add(step.line, f"These steps follow each other for ever: {names}.", remedy)
    return bool(looping)


def _check_ends(steps: Sequence[FlowStep], problems: Problems) -> None:
    """Every step leads, by some way, to an end, a solved problem or a person."""
    backwards: dict[str, list[str]] = {}
    for start, ways in _ways(steps).items():
        for way in ways:
            backwards.setdefault(way, []).append(start)
    done = {step.id for step in steps if not step.targets() or _can_be_solved(step)}
    ending = _closure([END, *done], backwards)
    for step in steps:
        if step.id not in ending:
            problems.add(step.line, f'From the step "{step.id}" no way leads to an end.', "Add next: end.")
            return


def _can_be_solved(step: FlowStep) -> bool:
    return any(choice.next.step == SOLVED for choice in step.choices)


def _ways(steps: Sequence[FlowStep]) -> Ways:
    return {step.id: [target.step for target in step.targets()] for step in steps}


def _closure(start: Iterable[str], ways: Ways) -> set[str]:
    """All that can be reached, the start included."""
    found: set[str] = set()
    todo = list(start)
    while todo:
        here = todo.pop()
        if here not in found:
            found.add(here)
            todo.extend(ways.get(here, ()))
    return found
