"""Replies as Telegram shows them: its HTML, inline keyboards, and parts of at most 4096 units.

Telegram counts UTF-16 code units of the text that is left when the markup has been read
(core.telegram.org/bots/api, MessageEntity), so an emoji counts two and a tag nothing.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.channels.telegram.parse import CHOSEN
from bot.channels.telegram.texts import TEXTS
from bot.domain.messages import Author, Button, ButtonStyle, OutboundMessage, Reply
from bot.text.markdown import (
    Block,
    Paragraph,
    Span,
    Spans,
    allowed_url,
    join,
    lines,
    literal,
    parse,
    plain_block,
    split,
)

MAX_UNITS = 4096
"""UTF-16 code units of one message (telegram.constants.MessageLimit.MAX_TEXT_LENGTH)."""
ROW_CHARS = 36
"""Letters that buttons of one row can show on a 360 px phone; they share the width evenly."""

_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One message of Telegram's.

    Args:
        html: with parse_mode HTML.
        text: the same without markup, for when Telegram does not take the markup.
        keyboard: None when there is nothing to press.
    """

    html: str
    text: str
    keyboard: InlineKeyboardMarkup | None = None


def render(message: OutboundMessage) -> tuple[Part, ...]:
    """Renders a reply, split at paragraphs where it is too long; buttons hang on the last part."""
    blocks = _blocks(message.reply, message.language)
    groups = split(blocks, MAX_UNITS, _measure)
    keyboard = _keyboard(message.reply.buttons)
    last = len(groups) - 1
    return tuple(
        Part(
            html=join(group, _html_block),
            text=_plain(group),
            keyboard=keyboard if number == last else None,
        )
        for number, group in enumerate(groups)
    )


def mark_chosen(keyboard: Iterable[Sequence[tuple[str, str]]], value: str) -> InlineKeyboardMarkup | None:
    """The same keyboard with a tick on what was pressed, None when nothing changes.

    Args:
        keyboard: rows of (label, value).
        value: of the pressed button.
    """
    rows = [[(label.removeprefix(CHOSEN), each) for label, each in row] for row in keyboard]
    marked = [[(CHOSEN + label if each == value else label, each) for label, each in row] for row in rows]
    if [list(row) for row in keyboard] == marked:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=each) for label, each in row] for row in marked]
    )


def _blocks(reply: Reply, language: str) -> tuple[Block, ...]:
    words = TEXTS.of(language)
    if reply.author is Author.AGENT:
        name = " ".join((reply.author_name or words["agent"]).split())
        said, *rest = literal(reply.text) or (Paragraph(()),)
        first = Paragraph((Span(text=name, bold=True), Span(text="\n"), *_spans(said)))
        return (first, *rest)
    blocks = parse(reply.text)
    if reply.title:
        blocks = (Paragraph((Span(text=" ".join(reply.title.split()), bold=True),)), *blocks)
    if reply.source:
        url = reply.source.url
        href = url if url and allowed_url(url) else None
        title = Span(text=" ".join(reply.source.title.split()), italic=True, href=href)
        blocks = (*blocks, Paragraph((Span(text=words["source"], italic=True), title)))
    return blocks


def _spans(block: Block) -> Spans:
    return block.spans if isinstance(block, Paragraph) else ()


def _keyboard(buttons: Iterable[Button]) -> InlineKeyboardMarkup | None:
    """Choices one a row; after them the quiet ones, together as far as a phone can show them."""
    rows: list[list[Button]] = []
    quiet: list[Button] = []
    for button in buttons:
        if button.style is ButtonStyle.CHOICE:
            rows.append([button])
        elif quiet and _fits([*quiet, button]):
            quiet.append(button)
        else:
            quiet = [button]
            rows.append(quiet)
    rows.sort(key=lambda row: row[0].style is ButtonStyle.QUIET)
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each.label, callback_data=each.value) for each in row] for row in rows]
    )


def _fits(row: Sequence[Button]) -> bool:
    return max(len(button.label) for button in row) * len(row) <= ROW_CHARS


def _measure(block: Block) -> str:
    """A stand-in whose length is what Telegram will count."""
    return _ASTRAL.sub("..", _visible(block))


def _visible(block: Block) -> str:
    return lines(block, lambda spans: "".join(map(_visible_span, spans)), bullet="•")


def _visible_span(span: Span) -> str:
    """Mail and phone links are no links to Telegram, so what they lead to is written out."""
    if span.href is None or _is_link(span.href):
        return span.text
    target = span.href.partition(":")[2]
    return span.text if span.text in {span.href, target} else f"{span.text} ({target})"


def _plain(group: Sequence[Block]) -> str:
    """With link targets when they fit."""
    text = join(group, plain_block)
    return text if len(text.encode("utf-16-le")) // 2 <= MAX_UNITS else join(group, _visible)


def _html_block(block: Block) -> str:
    return lines(block, lambda spans: "".join(map(_html_span, spans)), bullet="•")


def _html_span(span: Span) -> str:
    text = html.escape(_visible_span(span), quote=False)
    if span.code:
        # Telegram lets code hold nothing and be part of nothing.
        return f"<pre>{text}</pre>" if "\n" in text else f"<code>{text}</code>"
    if span.italic:
        text = f"<i>{text}</i>"
    if span.bold:
        text = f"<b>{text}</b>"
    if span.href is not None and _is_link(span.href):
        text = f'<a href="{html.escape(span.href)}">{text}</a>'
    return text


def _is_link(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))
