"""Transcript lines as HTML. Nothing that anybody wrote reaches a page unescaped."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bot.domain.messages import Author, Button, ButtonStyle
from bot.domain.transcript import TranscriptLine
from bot.http.shared.html import to_html
from bot.i18n import formats
from bot.i18n.typography import typeset
from bot.text.markdown import allowed_url, literal, parse

_AS_TYPED = {Author.USER, Author.AGENT}
"""People's words: no Markdown, and no hand of ours on their spaces."""


@dataclass(frozen=True, kw_only=True)
class ChatLine:
    """A transcript entry as the page shows it.

    Args:
        body: HTML.
        text: what a person wrote, for the script to find the line that it showed already.
        choices: possible answers, in the order of their numbers.
        quiet: small offers.
        spent: something was said since, so the choices are no longer asked for.
        chosen: the value of the choice that was taken, None when unknown.
        source: title and address of the article cited.
        files: name and size of what came with the message.
        day: ISO date, and in `day_label` as people say it.
    """

    id: int
    author: str
    name: str | None
    title: str | None
    body: Markup
    text: str
    choices: Sequence[Button]
    quiet: Sequence[Button]
    spent: bool
    chosen: str | None
    source: tuple[str, str | None] | None
    files: Sequence[tuple[str, str]]
    day: str
    day_label: str
    clock: str
    exact: str
    iso: str


def lines(
    entries: Sequence[TranscriptLine], *, language: str, zone: ZoneInfo, now: datetime
) -> list[ChatLine]:
    """The entries that the page shows: a command leaves no words, so it leaves no line.

    Args:
        entries: oldest first.
        language: of the page.
        zone: time zone of the times shown.
        now: aware UTC.
    """
    shown = [entry for entry in entries if _is_shown(entry)]
    return [
        _line(entry, next_said=_next_said(shown[at + 1 :]), language=language, zone=zone, now=now)
        for at, entry in enumerate(shown)
    ]


def _is_shown(entry: TranscriptLine) -> bool:
    return bool(entry.text.strip() or entry.attachments or entry.title or entry.buttons)


def _next_said(later: Sequence[TranscriptLine]) -> str | None:
    """What the person said next, None when nothing."""
    return next((entry.text.strip() for entry in later if entry.author is Author.USER), None)


def _line(
    entry: TranscriptLine, *, next_said: str | None, language: str, zone: ZoneInfo, now: datetime
) -> ChatLine:
    local = entry.created_at.astimezone(zone)
    as_typed = entry.author in _AS_TYPED
    choices = [button for button in entry.buttons if button.style is ButtonStyle.CHOICE]
    source = None
    if entry.source_title:
        source = (typeset(entry.source_title), _page(entry.source_url))
    return ChatLine(
        id=entry.id,
        author=entry.author,
        name=entry.author_name,
        title=typeset(entry.title) if entry.title else None,
        body=to_html(literal(entry.text) if as_typed else parse(entry.text), set_type=not as_typed),
        text=entry.text if entry.author is Author.USER else "",
        choices=choices,
        quiet=[button for button in entry.buttons if button.style is ButtonStyle.QUIET],
        spent=next_said is not None,
        chosen=_chosen(choices, next_said),
        source=source,
        files=[(name, formats.size(size, language)) for _, name, _, size in entry.attachments],
        day=local.date().isoformat(),
        day_label=formats.day_heading(local.date(), now.astimezone(zone).date(), language),
        clock=formats.clock(local, language),
        exact=formats.exact(local, language),
        iso=local.isoformat(timespec="seconds"),
    )


def _page(url: str | None) -> str | None:
    """The address of a page, if it is one: somewhere on the web, or a path on this server."""
    if url is None or not (allowed_url(url) or re.fullmatch(r"/(?![/\\])[!-~]*", url)):
        return None
    return url


def _chosen(choices: Sequence[Button], said: str | None) -> str | None:
    if said is None:
        return None
    for number, button in enumerate(choices, start=1):
        if said in (button.label, str(number)):
            return button.value
    return None
