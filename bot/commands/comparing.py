"""relais kb diff, relais check --gate: what a change of the content does to the answers."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from bot.commands.staging import replay_workspace, throwaway_settings
from bot.commands.stored import is_stored, read_stored
from bot.commands.terminal import err, next_step, out, progress
from bot.content.files import read_folder, read_tests, write_folder
from bot.content.knowledge import open_encoder
from bot.content.workspace import Content, parse
from bot.domain.errors import ConfigurationError, ContentError, ContentErrors, NotFoundError
from bot.quality.comparison import Change, ChangeKind, Origin, StoredQuestion, compare, stored_questions
from bot.quality.conversation_tests import ConversationTest, parse_tests
from bot.quality.replay import Replayed, asked_questions
from config.settings import Settings, load_settings

_NOTHING_SERVED = (
    "nothing has been served yet: `relais serve` stores a release each time the content changes."
)
_STYLES = {ChangeKind.WORSE: "red", ChangeKind.BETTER: "green", ChangeKind.CHANGED: "yellow"}
_MAX_SHOWN = 300
"""Characters of a question."""


@dataclass(frozen=True, kw_only=True)
class _Version:
    """A folder to compare; that of a release is thrown away afterwards."""

    name: str
    folder: Path
    content: Content


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    questions: Sequence[StoredQuestion]
    tests: Sequence[ConversationTest]
    changes: Sequence[Change]
    before: Replayed
    after: Replayed


def diff(
    old: Annotated[
        str | None,
        typer.Argument(
            help="A folder or a release's number; the newest release when left out.", show_default=False
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            help="A folder or a release's number; the workspace when left out.", show_default=False
        ),
    ] = None,
) -> None:
    """Lists the stored questions and conversation tests that come out otherwise: better or worse.

    Questions are those labelled in either, and the newest that users asked. What users wrote is printed and
    kept nowhere.
    """
    settings = load_settings()
    with _versions(settings, old, new) as (before, after):
        found = _compare(settings, before, after)
    for change in found.changes:
        _print(out, change, before.name, after.name)
    if found.before.threshold != found.after.threshold:
        out.print(
            f"Answers are given from a confidence of {found.after.threshold:.2f}, before of "
            f"{found.before.threshold:.2f}: `relais eval decision` shows why.",
            highlight=False,
            soft_wrap=True,
        )
    verdicts = [change.verdict for change in found.changes]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in reversed(ChangeKind))
    print(f"{_amounts(found)}, {before.name} to {after.name}: {counts}")


def gate(settings: Settings) -> None:
    """Refuses a workspace that loses confirmed answers of the newest release.

    Raises:
        typer.Exit: with 1, it does; each has been named.
    """
    if _newest(settings) is None:
        out.print("No release to compare with: " + _NOTHING_SERVED)
        return
    with _versions(settings, None, None) as (before, after):
        found = _compare(settings, before, after)
    lost = [change for change in found.changes if change.is_lost]
    for change in lost:
        _print(err, change, before.name, "now")
    if lost:
        err.print(
            f"{len(lost)} confirmed answers of {before.name} would be lost. Where that is meant, label the "
            "question by what answers it now, in questions/<desk>.yml, or change the test.",
            highlight=False,
        )
        raise typer.Exit(1)
    out.print(f"No confirmed answer of {before.name} is lost: {_amounts(found)}.", highlight=False)
    if any(change.verdict is ChangeKind.WORSE for change in found.changes):
        next_step("relais kb diff: something else has become worse")


@contextmanager
def _versions(settings: Settings, old: str | None, new: str | None) -> Iterator[tuple[_Version, _Version]]:
    with tempfile.TemporaryDirectory(prefix="relais-") as folder:
        before = _version(settings, old, Path(folder) / "old", "OLD")
        after = _version(settings, new or str(settings.workspace), Path(folder) / "new", "NEW")
        yield before, after


def _version(settings: Settings, name: str | None, folder: Path, argument: str) -> _Version:
    """Reads and checks a folder, or a release, which is written out.

    Args:
        name: a number names a release; None the newest one.
        folder: where a release is written.
        argument: what `name` is called on the command line.
    """
    if name is not None and not name.isdecimal():
        return _checked(name, Path(name))
    number = int(name) if name else _newest(settings)
    if number is None:
        raise ConfigurationError(argument, f"{_NOTHING_SERVED} Or name a folder.")
    try:
        files = read_stored(settings, lambda unit: unit.releases.files(number), nothing=_NOTHING_SERVED)
    except NotFoundError:
        newest = _newest(settings)
        problem = f"there is no release {number}; the newest is {newest}." if newest else _NOTHING_SERVED
        raise ConfigurationError(argument, f"{problem} A folder of that name is ./{number}.") from None
    write_folder(files, folder)
    return _checked(f"release {number}", folder)


def _newest(settings: Settings) -> int | None:
    if not is_stored(settings):
        return None
    latest = read_stored(settings, lambda unit: unit.releases.latest(), nothing=_NOTHING_SERVED)
    return latest[0] if latest else None


def _checked(name: str, folder: Path) -> _Version:
    try:
        return _Version(name=name, folder=folder, content=parse(read_folder(folder)))
    except ContentErrors as exc:
        raise ContentErrors(
            [
                ContentError(f"{name}: {each.path}", each.line, each.problem, each.remedy)
                for each in exc.errors
            ]
        ) from exc


def _compare(settings: Settings, old: _Version, new: _Version) -> _Comparison:
    asked = read_stored(settings, asked_questions, nothing=_NOTHING_SERVED) if is_stored(settings) else []
    questions = stored_questions(old.content, new.content, asked)
    tests = _tests(settings, old, new)
    messages = [question.message for question in questions]
    with progress("Loading the model") as show, tempfile.TemporaryDirectory(prefix="relais-") as data_dir:
        encoder = open_encoder(settings.encoder, settings.data_dir)
        throwaway = throwaway_settings(settings, Path(data_dir))

        def play(version: _Version) -> Replayed:
            served = throwaway.model_copy(update={"workspace": version.folder})

            def tell(what: str, done: int, total: int) -> None:
                show(f"{version.name}: {what}", done, total)

            return asyncio.run(replay_workspace(served, encoder, messages, tests, show=tell))

        before, after = play(old), play(new)
    changes = compare(questions, tests, before, after, new=new.content)
    return _Comparison(questions=questions, tests=tests, changes=changes, before=before, after=after)


def _tests(settings: Settings, old: _Version, new: _Version) -> Sequence[ConversationTest]:
    """Those of the new folder. A release has none: then the old one's, else the workspace's."""
    texts = read_tests(new.folder) or read_tests(old.folder) or read_tests(settings.workspace)
    desks = list(dict.fromkeys([*new.content.desks, *old.content.desks]))
    return [test for path, text in texts.items() for test in parse_tests(path, text, desks=desks)]


def _print(console: Console, change: Change, before: str, after: str) -> None:
    verdict = "lost" if console is err else change.verdict
    head = Text.assemble((verdict, _STYLES[change.verdict]), f"  {change.where}  {_shown(change.what)}  ")
    console.print(head.append(f"({change.origin})", "dim"), soft_wrap=True)
    for name, outcome in ((before, change.before), (after, change.after)):
        console.print(Text(f"    {name}: {_shown(outcome)}"), soft_wrap=True)
    for name in change.gone:
        console.print(Text(f"    {name}, which answers it, is no longer there"), soft_wrap=True)


def _shown(text: str) -> str:
    """On one line, without what would steer the terminal."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _MAX_SHOWN else line[: _MAX_SHOWN - 1] + "…"


def _amounts(found: _Comparison) -> str:
    counts = Counter(question.origin for question in found.questions)
    labelled, confirmed = counts[Origin.LABEL] + counts[Origin.UNLABELLED], counts[Origin.USER]
    asked = confirmed + counts[Origin.NOBODY]
    return (
        f"{labelled} labelled questions, {asked} of users ({confirmed} confirmed), {len(found.tests)} tests"
    )
