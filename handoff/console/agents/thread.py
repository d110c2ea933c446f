"""A transcript as the middle column shows it: a block for each run of lines by one author."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from bot.domain.messages import Author
from bot.domain.transcript import TranscriptLine
from handoff.console.agents.preview import one_line
from handoff.console.words import ConsoleWords

_TOGETHER = timedelta(minutes=10)
"""Lines of one author nearer than this share one heading."""
_SUMMARY_CHARS = 140
PREVIEWED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class ThreadBlockKind(StrEnum):
    """What a block is."""

    DAY = "day"
    USER = "user"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class ThreadFile:
    """Something attached.

    Args:
        id: to fetch it by; None while its bytes are not there.
        is_image: may be shown in the page.
    """

    id: int | None
    name: str
    size: str | None
    is_image: bool


@dataclass(frozen=True, kw_only=True)
class ThreadLine:
    """One message.

    Args:
        html: what it says.
        title: a line above it.
        buttons: labels of what was offered with it.
        source: the article it came from.
        why: sentences on why the bot said it, the article's version as a link.
        delivery: see `bot.domain.transcript.TranscriptLine`.
        problem: the platform's reason, for what was not delivered.
    """

    id: int
    html: Markup
    title: str | None
    buttons: tuple[str, ...]
    source: str | None
    source_url: str | None
    why: tuple[str, ...]
    delivery: str | None
    problem: str | None
    files: tuple[ThreadFile, ...]
    exact: str


@dataclass(frozen=True, kw_only=True)
class ThreadBlock:
    """Lines of one author that belong together, or a day.

    Args:
        key: stable, unique in the page.
        name: who speaks; the day for `DAY`.
        summary: what a folded bot turn says, in one line.
        troubled: something in it did not arrive, or perhaps not.
    """

    kind: ThreadBlockKind
    key: str
    name: str | None
    time: str = ""
    exact: str = ""
    lines: tuple[ThreadLine, ...] = ()
    is_mine: bool = False
    summary: str = ""
    troubled: bool = False


def blocks(
    entries: Sequence[TranscriptLine],
    *,
    words: ConsoleWords,
    zone: ZoneInfo,
    own_name: str,
    render: Callable[[str], Markup],
    articles: str,
) -> list[ThreadBlock]:
    """The transcript, with a heading for each day.

    Args:
        entries: oldest first.
        zone: the desk's: a day begins there.
        own_name: of the agent who reads.
        render: the bot's and the desk's Markdown as safe HTML.
        articles: where versions of the desk's articles are shown, without a slash at the end.
    """
    shown = partial(_line, words=words, zone=zone, render=render, articles=articles)
    found: list[ThreadBlock] = []
    for day, of_day in groupby(entries, key=lambda entry: entry.created_at.astimezone(zone).date()):
        lines = list(of_day)
        heading = words.day(lines[0].created_at, zone)
        found.append(ThreadBlock(kind=ThreadBlockKind.DAY, key=f"day-{day:%Y%m%d}", name=heading))
        found += (_block(run, words, zone, own_name, shown) for run in _runs(lines))
    return found


def _runs(entries: Iterable[TranscriptLine]) -> Iterator[list[TranscriptLine]]:
    run: list[TranscriptLine] = []
    for entry in entries:
        if run and not _belongs(run[-1], entry):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _belongs(before: TranscriptLine, entry: TranscriptLine) -> bool:
    same = (before.author, before.author_name) == (entry.author, entry.author_name)
    if entry.author is Author.BOT:
        # A turn folds as one, whatever number of messages it took.
        return same and before.turn_no == entry.turn_no
    return same and entry.author is not Author.SYSTEM and entry.created_at - before.created_at < _TOGETHER


def _block(
    run: Sequence[TranscriptLine],
    words: ConsoleWords,
    zone: ZoneInfo,
    own_name: str,
    shown: Callable[[TranscriptLine], ThreadLine],
) -> ThreadBlock:
    first = run[0]
    lines = tuple(shown(entry) for entry in run)
    is_fresh = timedelta(0) <= words.now - first.created_at < timedelta(hours=1)
    return ThreadBlock(
        kind=ThreadBlockKind(first.author.value),
        key=f"e{first.id}",
        name=first.author_name,
        time=words.ago(first.created_at, zone) if is_fresh else words.clock(first.created_at, zone),
        exact=words.exact(first.created_at, zone),
        lines=lines,
        is_mine=first.author in (Author.AGENT, Author.NOTE) and first.author_name == own_name,
        summary=_summary(run, lines) if first.author is Author.BOT else "",
        troubled=any(line.delivery in ("undelivered", "in_doubt") for line in lines),
    )


def _line(
    entry: TranscriptLine,
    *,
    words: ConsoleWords,
    zone: ZoneInfo,
    render: Callable[[str], Markup],
    articles: str,
) -> ThreadLine:
    is_markdown = entry.author in (Author.BOT, Author.SYSTEM)
    return ThreadLine(
        id=entry.id,
        html=render(entry.text) if is_markdown else escape(entry.text),
        title=entry.title,
        buttons=tuple(button.label for button in entry.buttons),
        source=entry.source_title,
        source_url=entry.source_url,
        why=tuple(_why(entry.why, words, articles)) if entry.author is Author.BOT and entry.why else (),
        delivery=entry.delivery,
        problem=entry.delivery_problem,
        files=tuple(_file(*attachment, words) for attachment in entry.attachments),
        exact=words.exact(entry.created_at, zone),
    )


def _file(
    file_id: int | None, name: str, media_type: str, size_bytes: int, words: ConsoleWords
) -> ThreadFile:
    return ThreadFile(
        id=file_id,
        name=name,
        size=words.size(size_bytes) if size_bytes else None,
        is_image=file_id is not None and media_type in PREVIEWED,
    )


def _summary(run: Sequence[TranscriptLine], lines: Sequence[ThreadLine]) -> str:
    """The first title, else the beginning of what was said."""
    title = next((entry.title for entry in run if entry.title), None)
    said = escape(title) if title else Markup(" ").join(line.html for line in lines)
    return one_line(said, _SUMMARY_CHARS)


def _why(why: Mapping[str, Any], words: ConsoleWords, articles: str) -> Iterator[str]:
    """The why-record in sentences: what was recognised, how surely, and what came second."""
    if matched := why.get("matched"):
        yield words("why.matched", text=matched)
    confidence, threshold = why.get("confidence"), why.get("threshold")
    if isinstance(confidence, int | float):
        if isinstance(threshold, int | float):
            yield words(
                "why.confidence", confidence=words.percent(confidence), threshold=words.percent(threshold)
            )
        else:
            yield words("why.confidence_only", confidence=words.percent(confidence))
    candidates: Sequence[Mapping[str, Any]] = why.get("candidates") or []
    if len(candidates) > 1:
        second = candidates[1]
        sure = words.percent(second.get("confidence", 0))
        yield words("why.runner_up", title=second.get("title", ""), confidence=sure)
    if version := why.get("article_version"):
        query = urlencode({"version": version, "lang": why.get("article_language") or ""})
        url = f"{articles}/{quote(str(why.get('article')), safe='')}?{query}"
        link = Markup('<a href="{}" target="_blank" hx-boost="false">{}</a>')
        yield link.format(url, words("why.version", n=version))
