"""relais init, check, test: a workspace's content."""

import asyncio
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from bot.commands.comparing import gate
from bot.commands.staging import stage
from bot.commands.terminal import Workspace, err, next_step, out
from bot.content.files import read_folder, read_tests
from bot.content.versions import path_in
from bot.content.workspace import Content, parse
from bot.domain.errors import ConfigurationError
from bot.pipeline.clock import SystemClock
from bot.quality.conversation_tests import Failure, parse_tests, play
from config.settings import load_settings

STARTER = Path(__file__).resolve().parent.parent.parent / "config" / "starter"


def init(folder: Annotated[Path, typer.Argument(help="Where to make it; must be empty or new.")]) -> None:
    """Makes a workspace to start from: one desk, two articles, one flow, three conversation tests."""
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(str(folder), "is not empty. Name a new folder.")
    shutil.copytree(STARTER, folder, dirs_exist_ok=True)
    out.print(f"A workspace is in [bold]{folder}[/bold]. Its settings are in relais.toml.")
    next_step(f"relais check {folder}, then relais test {folder}, then relais serve {folder}")


def check(
    workspace: Workspace = None,
    with_gate: Annotated[
        bool,
        typer.Option("--gate", help="Also refuse it if it loses confirmed answers of the newest release."),
    ] = False,
) -> None:
    """Says what is wrong with a workspace, by file and line."""
    settings = load_settings(workspace=workspace)
    folder = settings.workspace
    files = read_folder(folder)
    content = parse(files)
    tests = [
        test
        for path, text in read_tests(folder).items()
        for test in parse_tests(path, text, desks=list(content.desks))
    ]
    out.print(
        f"[bold]{content.name}[/bold]: nothing wrong. "
        f"{len(content.desks)} desks, {len({key[:2] for key in content.articles})} articles "
        f"({len(content.articles)} with translations), {len(content.flows)} flows, {len(tests)} tests."
    )
    _warn_of_missing_translations(content.articles, content.languages)
    _warn_of_expired(content, files)
    _warn_of_leaks(content)
    if with_gate:
        gate(settings)
    next_step("relais test" + (f" {workspace}" if workspace else ""))


def run_tests(
    workspace: Workspace = None,
    only: Annotated[str | None, typer.Option("-k", help="Only tests whose name contains this.")] = None,
) -> None:
    """Plays the conversation tests of a workspace through the real pipeline."""
    settings = load_settings(workspace=workspace)
    failures, count = asyncio.run(_play_all(settings.workspace, only))
    for failure in failures:
        err.print(f"[red]{failure.test.path}:{failure.test.line}[/red] {failure.test.name}", highlight=False)
        err.print(f"    step {failure.step}: {failure.problem}", highlight=False, markup=False)
        for text in failure.said:
            err.print("    │ " + text.replace("\n", "\n    │ "), highlight=False, markup=False)
    print(f"{count - len(failures)} passed, {len(failures)} failed")
    if failures:
        raise typer.Exit(1)


async def _play_all(folder: Path, only: str | None) -> tuple[list[Failure], int]:
    settings = load_settings(workspace=folder)
    failures = []
    async with stage(settings) as played:
        tests = [
            test
            for path, text in read_tests(folder).items()
            for test in parse_tests(path, text, desks=list(played.channels))
            if only is None or only.casefold() in test.name.casefold()
        ]
        with Progress(console=err, transient=True, disable=not sys.stderr.isatty()) as progress:
            for test in progress.track(tests, description="Tests"):
                failure = await play(played, test)
                if failure is not None:
                    failures.append(failure)
    return failures, len(tests)


def _warn_of_missing_translations(keys: Collection[tuple[str, str, str]], languages: Sequence[str]) -> None:
    for desk, article in sorted({key[:2] for key in keys}):
        for language in languages:
            if (desk, article, language) not in keys:
                out.print(
                    f"[yellow]knowledge/{desk}/{article}.{language}.md[/yellow] is missing: no translation."
                )


def _warn_of_expired(content: Content, files: Mapping[str, str]) -> None:
    now = SystemClock().now()
    for key, article in sorted(content.articles.items()):
        if article.valid_until is None or article.valid_until >= content.desks[article.desk].day(now):
            continue
        path = path_in(files, *key) or ""
        lines = files[path].splitlines()
        line = next(n for n, text in enumerate(lines, start=1) if text.lstrip().startswith("valid_until"))
        out.print(
            f"[yellow]{path}:{line}[/yellow] expired on {article.valid_until}: nobody is shown it. "
            "Change the day, or delete the file.",
            highlight=False,
        )


def _warn_of_leaks(content: Content) -> None:
    for (desk, id, language), article in sorted(content.articles.items()):
        others = (content.articles.get((desk, id, other)) for other in content.languages)
        if article.audience == "public" and any(other and other.audience == "agents" for other in others):
            out.print(
                f"[yellow]knowledge/{desk}/{id}.{language}.md[/yellow] is public, its translation for agents."
            )
