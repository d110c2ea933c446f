"""Replies and transcript lines as HTML. Nothing that anybody wrote reaches a page unescaped."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from bot.domain.messages import Author, Button, ButtonStyle
from bot.domain.transcript import TranscriptLine
from bot.i18n import formats
from bot.i18n.typography import typeset
from bot.text.markdown import (
    Block,
    BulletedList,
    NumberedList,
    Paragraph,
    Span,
    Spans,
    allowed_url,
    literal,
    parse,
)

_AS_TYPED = {Author.USER, Author.AGENT}
"""People's words: no Markdown, and no hand of ours on their spaces."""
_OPEN = {"ol": Markup("<ol{}>"), "ul": Markup("<ul{}>")}
_CLOSE = {"ol": Markup("</li></ol>"), "ul": Markup("</li></ul>")}


@dataclass(frozen=True, kw_only=True)
class Line:
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


def lines(entries: Sequence[TranscriptLine], *, language: str, zone: ZoneInfo, now: datetime) -> list[Line]:
    """The entries that the page shows: a command leaves no words, so it leaves no line.

    Args:
        entries: oldest first.
        language: of the page.
        zone: in which times are told.
        now: aware UTC.
    """
    shown = [entry for entry in entries if _is_shown(entry)]
    return [
        _line(entry, next_said=_next_said(shown[at + 1 :]), language=language, zone=zone, now=now)
        for at, entry in enumerate(shown)
    ]


def to_html(blocks: Sequence[Block], *, set_type: bool = True) -> Markup:
    """The small Markdown tree as HTML.

    Args:
        blocks: from `bot.text.markdown`.
        set_type: typographic spaces and apostrophes, outside code.
    """
    html = Markup("")
    open_lists: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            html += _close(open_lists, 0)
            html += Markup("<p>{}</p>").format(_inline(block.spans, set_type))
            continue
        html += _list(block, open_lists, set_type)
    return html + _close(open_lists, 0)


def _is_shown(entry: TranscriptLine) -> bool:
    return bool(entry.text.strip() or entry.attachments or entry.title or entry.buttons)


def _next_said(later: Sequence[TranscriptLine]) -> str | None:
    """What the person said next, None when nothing."""
    return next((entry.text.strip() for entry in later if entry.author is Author.USER), None)


def _line(
    entry: TranscriptLine, *, next_said: str | None, language: str, zone: ZoneInfo, now: datetime
) -> Line:
    local = entry.created_at.astimezone(zone)
    as_typed = entry.author in _AS_TYPED
    choices = [button for button in entry.buttons if button.style is ButtonStyle.CHOICE]
    source = None
    if entry.source_title:
        source = (typeset(entry.source_title), _page(entry.source_url))
    return Line(
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


def _list(block: NumberedList | BulletedList, open_lists: list[str], set_type: bool) -> Markup:
    """A list; one inside another goes into its last item, which is why items are closed late."""
    level = min(block.level, len(open_lists))
    tag = "ol" if isinstance(block, NumberedList) else "ul"
    html = _close(open_lists, level + 1)
    goes_on = len(open_lists) == level + 1 and open_lists[-1] == tag and _continues(block)
    if len(open_lists) == level + 1 and not goes_on:
        html += _close(open_lists, level)
    if not goes_on:
        start = block.start if isinstance(block, NumberedList) else 1
        html += _OPEN[tag].format(Markup(' start="{}"').format(start) if start != 1 else "")
        open_lists.append(tag)
    else:
        html += Markup("</li>")
    items = [Markup("<li>{}").format(_inline(item, set_type)) for item in block.items]
    return html + Markup("</li>").join(items)


def _continues(block: NumberedList | BulletedList) -> bool:
    """Whether it may be the rest of a list that an inner one interrupted."""
    return not isinstance(block, NumberedList) or block.start != 1


def _close(open_lists: list[str], down_to: int) -> Markup:
    html = Markup("")
    while len(open_lists) > down_to:
        html += _CLOSE[open_lists.pop()]
    return html


def _inline(spans: Spans, set_type: bool) -> Markup:
    return Markup("").join(_spans(spans, set_type))


def _spans(spans: Spans, set_type: bool) -> Iterable[Markup]:
    for span in spans:
        yield _span(span, set_type)


def _span(span: Span, set_type: bool) -> Markup:
    if span.code:
        block = Markup(' class="block"') if "\n" in span.text else ""
        html = Markup("<code{}>{}</code>").format(block, span.text)
    else:
        is_address = span.href is not None and span.text == span.href
        text = typeset(span.text) if set_type and not is_address else span.text
        html = Markup("<br>").join(escape(part) for part in text.split("\n"))
    if span.italic:
        html = Markup("<em>{}</em>").format(html)
    if span.bold:
        html = Markup("<strong>{}</strong>").format(html)
    if span.href is not None and allowed_url(span.href):
        html = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(
            span.href, html
        )
    return html
