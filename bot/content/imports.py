"""Writes imported articles into a workspace, and never over what a person wrote there.

Beside the articles of a desk, `imported.json` keeps for each file that an import wrote where it came
from and a hash of what was written: a file that no longer has that hash was edited here.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bot.domain.errors import ContentError
from bot.text.files import atomic_write_text
from kb_index.articles.errors import ArticleError
from kb_index.articles.reading import parse_article
from kb_index.importers import Imported, Problem
from kb_index.importers.records import clean

RECORD = "imported.json"

_MAX_SLUG_CHARS = 80
_MAX_LINE_CHARS = 1_000_000
_FILE = re.compile(r"(.+)\.([^.]+)\.md")

_Origin = tuple[str, str]
"""The name of the source, or the system whose ids are meant, and the id in it."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How to import.

    Args:
        desk: id.
        source: what the source is called; an article is known again by it and its id.
        languages: of the workspace.
        detect: the language of a text, None when it is unclear.
        language: of all articles, whatever the source says.
        force: replace also what was written or edited here.
    """

    desk: str
    source: str
    languages: Sequence[str]
    detect: Callable[[str], str | None]
    language: str | None = None
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do; nothing is written yet.

    Args:
        texts: what to write, file name -> text.
        record: the new `imported.json`.
        counts: of "added", "changed", "unchanged", "skipped".
        problems: why something was skipped, and what else there is to say.
    """

    texts: Mapping[str, str]
    record: Mapping[str, Mapping[str, str]]
    counts: Mapping[str, int]
    problems: Sequence[Problem]


def plan(found: Iterable[Imported | Problem], folder: Path, terms: Terms, *, partial: bool = False) -> Plan:
    """Compares what was found with a desk's folder of articles.

    Args:
        partial: only a part of the source was looked at, so what is missing means nothing.

    Raises:
        ContentError: `imported.json` is damaged.
    """
    planning = _Planning(folder, terms)
    for each in found:
        if isinstance(each, Problem):
            planning.leave_out(each)
        else:
            planning.take(each)
    if not partial and not any(problem.fault for problem in planning.problems):
        planning.note_missing()
    return Plan(
        texts=planning.texts, record=planning.record, counts=planning.counts, problems=planning.problems
    )


def write(planned: Plan, folder: Path) -> None:
    """Writes the articles, each whole or not at all, and then the record."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in planned.texts.items():
        atomic_write_text(folder / name, text, durable=False)
    lines = (f"  {json.dumps(name)}: {json.dumps(planned.record[name])}" for name in sorted(planned.record))
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if planned.record and _read(folder / RECORD) != text:
        atomic_write_text(folder / RECORD, text)


@dataclass
class _Planning:
    folder: Path
    terms: Terms
    texts: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.record = _read_record(self.folder)
        self._seen: dict[str, str] = {}
        self._ids: dict[_Origin, str] = {}
        self._owners: dict[str, _Origin | None] = {}
        for path in self.folder.glob("*.md"):
            if match := _FILE.fullmatch(path.name):
                self._owners[match[1]] = None
        for name, entry in self.record.items():
            if match := _FILE.fullmatch(name):
                origin = (entry["source"], entry["id"])
                self._ids[origin] = match[1]
                self._owners[match[1]] = origin

    def take(self, article: Imported) -> None:
        """Decides what becomes of one article."""
        language = self._language(article)
        if language is None:
            return
        origin = (article.system or self.terms.source, article.id)
        name = f"{self._id(origin, article.title)}.{language}.md"
        text = render(article)
        where = f"knowledge/{self.terms.desk}/{name}"
        if name in self._seen:
            remedy = f"The first one is {self._seen[name]}. Give each an id of its own."
            self._skip(article, f"The id {article.id!r} stands twice in {language!r}.", remedy)
            return
        self._seen[name] = article.path if article.line is None else f"{article.path}:{article.line}"
        try:
            parse_article(where, text, desk=self.terms.desk, id=name, language=language)
        except ArticleError as exc:
            self._skip(article, exc.problem, "Mend it in the source.")
            return
        here = _read(self.folder / name)
        if here is not None and _same(here, text):
            self.counts["unchanged"] += 1
        elif objection := self._objection(name, origin, here, text):
            if objection == "unchanged":
                self.counts["unchanged"] += 1
            else:
                self._skip(article, objection, f"--force replaces {where}.", fault=False)
            return
        else:
            self.counts["added" if here is None else "changed"] += 1
            self.texts[name] = text
        self.record[name] = {"source": origin[0], "id": origin[1], "sha256": _hash(text)}
        self._ids[origin] = name.rsplit(".", 2)[0]
        self._owners[self._ids[origin]] = origin

    def leave_out(self, problem: Problem) -> None:
        self.problems.append(problem)
        self.counts["skipped"] += problem.fault

    def note_missing(self) -> None:
        """Says which files came from this source once and are not in it any more."""
        sources = {entry["source"] for name, entry in self.record.items() if name in self._seen}
        missing = [
            name
            for name, entry in sorted(self.record.items())
            if entry["source"] in sources and name not in self._seen and (self.folder / name).exists()
        ]
        self.problems += [
            Problem(
                path=f"knowledge/{self.terms.desk}/{name}",
                problem="The source does not have this article any more.",
                remedy="Delete the file if it is out of date.",
                fault=False,
            )
            for name in missing
        ]

    def _language(self, article: Imported) -> str | None:
        said = self.terms.language or re.split("[-_]", (article.language or "").strip().lower())[0]
        language = said or self.terms.detect(f"{article.title}\n{article.body}")
        if not language and not (article.title.strip() and article.body.strip()):
            language = self.terms.languages[0]
        if not language:
            self._skip(
                article, "It does not say its language, and its text does not tell.", "Give it with --lang."
            )
        elif language not in self.terms.languages:
            known = ", ".join(self.terms.languages)
            self._skip(article, f"Its language is {language!r}; the workspace speaks {known}.", fault=False)
        else:
            return language
        return None

    def _id(self, origin: _Origin, title: str) -> str:
        """The article's id here: the one it has, or a new one that can be read.

        A number says nothing to a person, so the title stands for it.
        """
        if origin in self._ids:
            return self._ids[origin]
        name = slug(origin[1])
        if not re.search("[a-z]", name):
            name = slug(title) or name
        name = name or "article"
        owner = self._owners.get(name)
        if owner is not None and owner[0] == origin[0]:
            name += "-" + hashlib.sha256(origin[1].encode("utf-8", "replace")).hexdigest()[:6]
        self._ids[origin] = name
        self._owners.setdefault(name, origin)
        return name

    def _objection(self, name: str, origin: _Origin, here: str | None, text: str) -> str | None:
        """Why the file may not be written; "unchanged" when there is nothing new to write."""
        if self.terms.force:
            return None
        entry = self.record.get(name)
        owner = self._owners.get(name.rsplit(".", 2)[0])
        if owner is None:
            return "An article of this name was written here by hand."
        if owner != origin:
            return f"An article of this name came from {owner[0]!r}."
        if entry is None:
            return None if here is None else "An article of this name was written here by hand."
        if here is None:
            return "The article was deleted here since it was imported."
        if _hash(here) == entry["sha256"]:
            return None
        if _hash(text) == entry["sha256"]:
            return "unchanged"
        return "The article was edited here since it was imported, and its source has changed too."

    def _skip(self, article: Imported, problem: str, remedy: str = "", *, fault: bool = True) -> None:
        self.counts["skipped"] += 1
        self.problems.append(
            Problem(path=article.path, line=article.line, problem=problem, remedy=remedy, fault=fault)
        )


def slug(text: str) -> str:
    """A text as the name of a file: lower case, no accents, words apart by hyphens; "" without letters."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("æ", "ae")).encode(
        "ascii", "ignore"
    )
    words = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
    return words[:_MAX_SLUG_CHARS].strip("-")


def render(article: Imported) -> str:
    """The file of an article."""
    head: dict[str, object] = {"title": " ".join(clean(article.title).split())}
    head |= {key: list(value) for key, value in (("ask", article.ask), ("tags", article.tags)) if value}
    head |= article.terms
    written = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=_MAX_LINE_CHARS)
    return f"---\n{written}---\n{article.body.strip()}\n".encode("utf-8", "replace").decode()


def _read_record(folder: Path) -> dict[str, Mapping[str, str]]:
    text = _read(folder / RECORD)
    try:
        record = json.loads(text) if text else {}
        return {
            str(name): {key: str(entry[key]) for key in ("source", "id", "sha256")}
            for name, entry in record.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        path = f"knowledge/{folder.name}/{RECORD}"
        remedy = "Take it from a backup. Without it no import can tell what was edited here."
        raise ContentError(path, getattr(exc, "lineno", None), "cannot be read.", remedy) from exc


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except FileNotFoundError:
        return None


def _same(one: str, other: str) -> bool:
    return _hash(one) == _hash(other)


def _hash(text: str) -> str:
    """SHA-256 in hex; how an editor ends lines does not matter."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
