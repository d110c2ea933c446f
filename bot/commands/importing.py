"""relais kb import: articles of somebody else's into a workspace."""

import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from bot.commands.extras import require
from bot.commands.terminal import err, next_step, out
from bot.content.desks_file import FILE as DESKS_FILE
from bot.content.desks_file import parse_desks
from bot.domain.errors import ConfigurationError, ContentError, ContentErrors
from config.settings import DEMO_WORKSPACE, load_settings
from nlu.language.detection import SURE, guess

if TYPE_CHECKING:
    from bot.content.imports import Terms
    from kb_index.importers import Imported, Problem

_SOURCE = typer.Argument(
    help="A file, a folder or a zip archive: Markdown, HTML, CSV, XLSX, JSON lines, Zendesk Guide (JSON), "
    "a Confluence space (HTML or XML export)."
)
_WINDOW_CHARS = 600
_WINDOWS = 20
_WATCH_MS = 500


def import_articles(
    source: Annotated[Path, _SOURCE],
    desk: Annotated[str, typer.Option(help="Whose articles they become.")],
    workspace: Annotated[Path | None, typer.Option(help="Folder of the content.", show_default=False)] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="Language of all of them; otherwise what the source says, or the text looks like."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if anything is wrong.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace also what was written, edited or deleted here.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and import again what changes in the source.")
    ] = False,
) -> None:
    """Imports articles into a workspace; importing again takes over what has changed."""
    require("imports")
    # What reads HTML and workbooks takes a while to load, which no other command needs.
    from bot.content import imports

    folder = load_settings(workspace=workspace).workspace
    languages = _check(folder, source, desk, lang)
    terms = imports.Terms(
        desk=desk,
        source=source.resolve().name,
        languages=languages,
        detect=_detect,
        language=lang,
        force=force,
    )
    target = folder / "knowledge" / desk
    if watch:
        _watch(source.resolve(), target, terms)
        return
    counts = _import(source, target, terms, strict=strict)
    if counts["skipped"] and not counts["added"] + counts["changed"] + counts["unchanged"]:
        raise typer.Exit(1)
    next_step(f"relais check {folder}, then relais kb build {folder}")


def _check(folder: Path, source: Path, desk: str, language: str | None) -> tuple[str, ...]:
    """The workspace's languages, once it is sure that the source may be imported into it."""
    if folder.resolve() == DEMO_WORKSPACE:
        raise ConfigurationError(
            "--workspace", "is missing. Name the folder to import into; `relais init FOLDER` makes one."
        )
    try:
        _, languages, desks = parse_desks((folder / DESKS_FILE).read_text("utf-8-sig"))
    except FileNotFoundError as exc:
        raise ConfigurationError(
            "--workspace", f"there is no {DESKS_FILE} in {folder}. `relais init FOLDER` makes a workspace."
        ) from exc
    if desk not in desks:
        raise ConfigurationError("--desk", f"the workspace has no desk {desk!r}; it has {', '.join(desks)}.")
    if language is not None and language not in languages:
        raise ConfigurationError("--lang", f"the workspace speaks {', '.join(languages)}, not {language!r}.")
    if not source.exists():
        raise ConfigurationError(str(source), "does not exist.")
    knowledge = (folder / "knowledge").resolve()
    origin = source.resolve()
    if origin == knowledge or knowledge in origin.parents or origin in knowledge.parents:
        raise ConfigurationError(
            str(source), "holds the articles of the workspace itself, or is among them. Name another folder."
        )
    return languages


def _import(
    source: Path,
    target: Path,
    terms: "Terms",
    *,
    strict: bool = False,
    only: Collection[str] | None = None,
) -> Counter[str]:
    """Reads, compares, tells what is wrong, and writes."""
    from bot.content import imports
    from kb_index.importers import read

    begun = time.perf_counter()
    planned = imports.plan(_shown(read(source, only=only)), target, terms, partial=only is not None)
    faults = [problem for problem in planned.problems if problem.fault]
    if strict and faults:
        errors = [ContentError(each.path, each.line, each.problem, each.remedy) for each in faults]
        refused = ContentError(
            terms.source, None, f"{len(faults)} things are wrong, and nothing was written."
        )
        raise ContentErrors([*errors, refused])
    for problem in planned.problems:
        print(f"relais: {problem}", file=sys.stderr)
    imports.write(planned, target)
    counts = Counter(planned.counts)
    parts = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "changed", "unchanged", "skipped"))
    out.print(f"knowledge/{terms.desk}: {parts}, in {time.perf_counter() - begun:.1f} s.", highlight=False)
    return counts


def _shown(found: "Iterable[Imported | Problem]") -> "Iterator[Imported | Problem]":
    """Shows the progress on a terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.completed} articles read"))
    with Progress(*columns, console=err, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield from progress.track(found, total=None)


def _detect(text: str) -> str | None:
    """The language of the first part of a text that tells."""
    for at in range(0, min(len(text), _WINDOW_CHARS * _WINDOWS), _WINDOW_CHARS):
        found = guess(text[at : at + _WINDOW_CHARS], default="")
        if found.confidence >= SURE:
            return found.language
    return None


def _watch(source: Path, target: Path, terms: "Terms") -> None:
    """Imports everything once, then each file again that changes, until interrupted."""
    from watchfiles import watch

    # A lone file is watched through its folder: many programs write a new file and rename it.
    folder = source if source.is_dir() else source.parent
    watched = False
    for changes in watch(
        folder,
        recursive=folder == source,
        yield_on_timeout=True,
        rust_timeout=_WATCH_MS,
        raise_interrupt=True,
    ):
        names = {Path(path).relative_to(folder).as_posix() for _, path in changes}
        if not watched:
            # Now that changes are noticed, none is lost while the whole is read.
            _import(source, target, terms)
            out.print(f"Watching {source}. Ctrl+C ends it.", highlight=False)
            watched = True
        elif folder == source and names:
            _import(source, target, terms, only=names)
        elif source.name in names:
            _import(source, target, terms)
