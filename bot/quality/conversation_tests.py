"""Conversation tests: reads them from YAML and plays them through the real pipeline."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from bot.domain.errors import ConflictError, ContentError, ContentErrors
from bot.domain.turn import Decision
from bot.quality.rehearsal import Rehearsal, RehearsalStage, StepResult

IN_HOURS = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
"""A Tuesday morning: a test that names no moment is played then."""

_STEPS = ("user", "press", "agent", "agent_says")
_EXPECTATIONS = ("decision", "article", "flow", "step", "says", "owner")
_TEST_KEYS = ("test", "desk", "language", "at", "turns")
_ACTIONS = ("claim", "resolve", "return", "release")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a test.

    Args:
        does: "user", "press", "agent" or "agent_says", and the text that goes with it.
        expects: what must hold after it.
    """

    does: tuple[str, str]
    expects: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class ConversationTest:
    """One test of a file."""

    path: str
    line: int
    name: str
    desk: str
    language: str | None
    at: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What did not hold.

    Args:
        step: 1-based number of the step.
        said: what was said to the person at that step.
    """

    test: ConversationTest
    step: int
    problem: str
    said: Sequence[str]


def parse_tests(path: str, text: str, *, desks: Sequence[str]) -> list[ConversationTest]:
    """Reads a file of tests.

    Raises:
        ContentErrors: what is wrong, with lines.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        items = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as exc:
        mark = getattr(exc, "problem_mark", None)
        raise ContentErrors([ContentError(path, mark.line + 1 if mark else None, "not valid YAML.")]) from exc
    if not isinstance(items, list) or root is None:
        raise ContentErrors(
            [ContentError(path, 1, "must be a list of tests, each beginning with `- test:`.")]
        )
    tests, problems = [], []
    for item, node in zip(items, root.value, strict=True):
        line = node.start_mark.line + 1
        try:
            tests.append(_test(path, line, item, desks))
        except ValueError as exc:
            problems.append(ContentError(path, line, str(exc)))
    if problems:
        raise ContentErrors(problems)
    return tests


async def play(stage: RehearsalStage, test: ConversationTest) -> Failure | None:
    """Plays one test; None when everything held."""
    stage.clock.at = test.at
    rehearsal = stage.rehearse(desk=test.desk, language=test.language, person=f"{test.path}:{test.line}")
    for number, step in enumerate(test.steps, start=1):
        try:
            heard = await _do(rehearsal, step)
        except (LookupError, ConflictError) as exc:
            return Failure(test=test, step=number, problem=f"could not be done: {exc}", said=())
        stage.clock.at = test.at + timedelta(minutes=number)
        for problem in _unmet(step, heard):
            return Failure(test=test, step=number, problem=problem, said=_texts(heard))
    return None


async def _do(rehearsal: Rehearsal, step: Step) -> StepResult:
    kind, text = step.does
    if kind == "user":
        return await rehearsal.say(text)
    if kind == "press":
        return await rehearsal.press(text)
    return await (rehearsal.act("reply", text) if kind == "agent_says" else rehearsal.act(text))


def _unmet(step: Step, heard: StepResult) -> Iterator[str]:
    actual = {
        "decision": heard.decision,
        "owner": heard.conversation.owner.value,
        **{key: heard.why.get(key) for key in ("article", "flow", "step")},
    }
    for key, wanted in step.expects.items():
        if key == "says":
            everything = "\n".join(_texts(heard))
            yield from (
                f"does not say {text!r}"
                for text in _as_list(wanted)
                if _plain(text) not in _plain(everything)
            )
        elif actual[key] != wanted:
            yield f"{key} is {actual[key]!r}, not {wanted!r}"


def _texts(heard: StepResult) -> list[str]:
    return [
        "\n".join(
            part for part in (m.reply.title, m.reply.text, *(f"[{b.label}]" for b in m.reply.buttons)) if part
        )
        for m in heard.sent
    ]


def _plain(text: object) -> str:
    """Spaces and quotes as one types them, so that typography does not fail a test."""
    return " ".join(str(text).replace("’", "'").split()).casefold()


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _test(path: str, line: int, item: Any, desks: Sequence[str]) -> ConversationTest:
    if not isinstance(item, dict) or not item.get("test"):
        raise ValueError("a test needs a name: `test: ...`.")
    _known_keys(item, _TEST_KEYS)
    if item.get("desk") not in desks:
        raise ValueError(f"`desk` must be one of {', '.join(desks)}.")
    at = item.get("at", IN_HOURS)
    if not isinstance(at, datetime):
        raise ValueError("`at` must be a moment such as 2026-11-24T10:00:00+01:00.")
    return ConversationTest(
        path=path,
        line=line,
        name=str(item["test"]),
        desk=item["desk"],
        language=item.get("language"),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        steps=tuple(_step(turn) for turn in item.get("turns") or ()),
    )


def _step(turn: Any) -> Step:
    if not isinstance(turn, dict):
        raise ValueError("each turn is a mapping such as `- user: bonjour`.")
    _known_keys(turn, (*_STEPS, *_EXPECTATIONS))
    does = [(key, str(turn[key])) for key in _STEPS if key in turn]
    if len(does) != 1:
        raise ValueError(f"each turn has exactly one of {', '.join(_STEPS)}.")
    if does[0][0] == "agent" and does[0][1] not in _ACTIONS:
        raise ValueError(f"`agent` must be one of {', '.join(_ACTIONS)}.")
    if "decision" in turn and turn["decision"] not in {decision.value for decision in Decision}:
        raise ValueError(f"`decision` must be one of {', '.join(d.value for d in Decision)}.")
    return Step(does=does[0], expects={key: turn[key] for key in _EXPECTATIONS if key in turn})


def _known_keys(mapping: Mapping[str, object], known: Sequence[str]) -> None:
    for key in mapping:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            raise ValueError(f"unknown key {key!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
