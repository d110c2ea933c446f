"""relais kb history, rollback: the versions of articles."""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import typer
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from bot.commands.stored import read_stored
from bot.commands.terminal import next_step, out
from bot.content.files import read_folder
from bot.content.versions import file_of, path_in
from bot.domain.article import ArticleVersion
from bot.domain.errors import ConfigurationError, ContentError
from bot.storage.unit_of_work import UnitOfWork
from bot.text.files import atomic_write_text
from config.settings import Settings, load_settings
from kb_index.articles.errors import ArticleError
from kb_index.articles.reading import parse_article

Name = Annotated[str, typer.Argument(metavar="[DESK/]ARTICLE", show_default=False)]

_NOTHING = "nothing is stored yet: `relais serve` stores the workspace's articles each time they change."


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A version with its file."""

    version: ArticleVersion
    path: str
    text: str


def history(
    article: Name,
    lang: Annotated[str | None, typer.Option(help="One language only.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changed, line by line.")] = False,
) -> None:
    """Lists the versions of an article: since when, in which release, what changed."""
    settings = load_settings()
    stored = _stored(settings, article, lang)
    files = read_folder(settings.workspace)
    for language in dict.fromkeys(each.version.language for each in stored):
        versions = [each for each in stored if each.version.language == language]
        _show(versions, files, diff=diff)
    newest = stored[-1].version
    if newest.version > 1:
        name = f"{newest.desk}/{newest.article}"
        next_step(f"relais kb rollback {name} --lang {newest.language} --to {newest.version - 1}")


def rollback(
    article: Name,
    lang: Annotated[str, typer.Option(help="Of the text to bring back.")],
    to: Annotated[int, typer.Option(help="Number of the version; `relais kb history` lists them.")],
) -> None:
    """Gives an article the text of an older version again, in the workspace's folder.

    Refuses while the present text is in no release, because it would be lost.
    """
    settings = load_settings()
    stored = _stored(settings, article, lang)
    wanted = next((each for each in stored if each.version.version == to), None)
    if wanted is None:
        numbers = ", ".join(str(each.version.version) for each in stored)
        raise ConfigurationError("--to", f"there is no version {to}; there are {numbers}.")
    files = read_folder(settings.workspace)
    path = path_in(files, wanted.version.desk, wanted.version.article, lang) or wanted.path
    present, target = files.get(path), settings.workspace / path
    if present == wanted.text:
        out.print(f"{path} has the text of version {to} already.", highlight=False)
        return
    if present is None and os.path.lexists(target):
        raise ContentError(path, None, "something that is no article stands there.", "Move it away.")
    if present is not None and present not in _texts(settings, stored, path):
        remedy = "Start `relais serve` once, which stores it as a version, or keep a copy elsewhere."
        raise ContentError(path, None, "its text is in no release yet and would be lost.", remedy)
    target.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_text(target, wanted.text)
    since = _day(wanted.version)
    out.print(f"{path} has the text of version {to}, of {since}, again.", highlight=False)
    next_step(f"relais check, then restart relais serve: it becomes version {len(stored) + 1}")


def _stored(settings: Settings, name: str, lang: str | None) -> Sequence[_Stored]:
    """The versions of an article, by language and oldest first.

    Raises:
        ConfigurationError: there is no such article, or more than one.
    """

    def job(unit: UnitOfWork) -> Sequence[_Stored]:
        desk, article = _resolve(unit, name)
        found = unit.releases.history(desk, article)
        there = sorted({each.language for each in found})
        if lang is not None and lang not in there:
            raise ConfigurationError("--lang", f"{desk}/{article} is in {', '.join(there)} only.")
        return [
            _Stored(version=each, path=path, text=text)
            for each in found
            if lang in (None, each.language)
            for path, text in [file_of(unit, each)]
        ]

    return read_stored(settings, job, nothing=_NOTHING)


def _resolve(unit: UnitOfWork, name: str) -> tuple[str, str]:
    latest = unit.releases.latest()
    if latest is None:
        raise ConfigurationError("ARTICLE", _NOTHING)
    known = sorted({(desk, article) for desk, article, _ in unit.releases.versions(latest[0])})
    wanted_desk, _, wanted = name.rpartition("/")
    found = [(desk, article) for desk, article in known if article == wanted and wanted_desk in ("", desk)]
    if len(found) == 1:
        return found[0]
    if found:
        both = " or ".join(f"{desk}/{article}" for desk, article in found)
        raise ConfigurationError("ARTICLE", f"several desks have {wanted!r}: say {both}.")
    near = difflib.get_close_matches(
        name, [text for pair in known for text in (pair[1], "/".join(pair))], n=1
    )
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ConfigurationError("ARTICLE", f"no release has an article {name!r}.{hint}")


def _texts(settings: Settings, stored: Sequence[_Stored], path: str) -> set[str | None]:
    """All texts of an article that are safe: of its versions, and as the newest release writes it."""

    def job(unit: UnitOfWork) -> str | None:
        latest = unit.releases.latest()
        return None if latest is None else unit.releases.files(latest[0]).get(path)

    return {read_stored(settings, job, nothing=_NOTHING), *(each.text for each in stored)}


def _show(versions: Sequence[_Stored], files: Mapping[str, str], *, diff: bool) -> None:
    newest = versions[-1]
    desk, article, language = newest.version.desk, newest.version.article, newest.version.language
    table = Table(title=f"{desk}/{article}.{language}", title_justify="left", box=None)
    columns: tuple[tuple[str, JustifyMethod], ...] = (
        ("version", "right"),
        ("since", "left"),
        ("release", "right"),
        ("", "left"),
    )
    for column, justify in columns:
        table.add_column(column, justify=justify)
    before: _Stored | None = None
    for each in versions:
        number, release = str(each.version.version), str(each.version.release_id)
        table.add_row(number, _day(each.version), release, _changed(before, each))
        before = each
    out.print(table)
    out.print(_present(newest, files), highlight=False, markup=False, style="dim")
    if diff:
        for old, new in pairwise(versions):
            _show_diff(old, new)
    out.print()


def _present(newest: _Stored, files: Mapping[str, str]) -> str:
    version = newest.version
    path = path_in(files, version.desk, version.article, version.language)
    if path is None:
        return f"{newest.path} is no longer in the workspace."
    if files[path] == newest.text:
        return f"{path} has the text of version {version.version}."
    return f"{path} differs from version {version.version}."


def _changed(before: _Stored | None, after: _Stored) -> str:
    """What is new in a version, in a few words."""
    if before is None:
        return "first text"
    try:
        old, new = (
            parse_article(each.path, each.text, desk="", id="", language="") for each in (before, after)
        )
    except ArticleError:
        return "the file"
    parts = (
        ("title", old.title != new.title),
        ("text", old.body != new.body),
        ("ways of asking", old.ask != new.ask),
        ("tags", old.tags != new.tags),
    )
    return ", ".join(name for name, differs in parts if differs) or "the head"


def _show_diff(old: _Stored, new: _Stored) -> None:
    for line in _diff(old, new):
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        out.print(Text(line, style=style), soft_wrap=True)


def _diff(old: _Stored, new: _Stored) -> Iterator[str]:
    names = [f"{each.path} (version {each.version.version})" for each in (old, new)]
    texts = [each.text.splitlines() for each in (old, new)]
    return difflib.unified_diff(texts[0], texts[1], names[0], names[1], lineterm="", n=2)


def _day(version: ArticleVersion) -> str:
    """In local time."""
    return f"{version.created_at.astimezone():%Y-%m-%d %H:%M}"
