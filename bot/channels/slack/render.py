"""Replies become Block Kit blocks and a plain text for notifications.

Limits are those of docs.slack.dev/reference/block-kit: 3000 characters a text, 50 blocks a message,
150 a header, 75 a button; and about 13,200 characters for all blocks together, which is documented
nowhere (slackapi/bolt-js issue 2509).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.slack.parse import ACTION_PREFIX
from bot.channels.slack.texts import TEXTS
from bot.domain.messages import Author, Button, ButtonStyle, Reply
from bot.text import markdown
from bot.text.control import strip_controls
from bot.text.markdown import Block, Span, Spans

MAX_CHARS = 12_000
"""Of all blocks of one message; the rest goes into further messages."""
_SECTION_CHARS = 3000
_SECTIONS = 40
_HEADER_CHARS = 150
_BUTTON_CHARS = 75
_NOTICE_CHARS = 3000

_GAP = "\u200b"
"""A zero-width space: Slack sees a mark as formatting only at the edge of a word."""
_PAIR = re.compile(r"(?<![^\W_])([*_~`])(?=\S)([^\n]{0,100}?\S)\1(?![^\W_])")
_QUOTE = re.compile(r"^(?=&gt;)", re.MULTILINE)
_OPENS = frozenset(" \n\u00a0\u202f(")
_CLOSES = frozenset(" \n\u00a0\u202f.,;:!?)…")

OutBlock = dict[str, Any]
"""One Block Kit block, ready to be sent."""


@dataclass(frozen=True, kw_only=True)
class SlackMessage:
    """What chat.postMessage takes.

    Args:
        text: for notifications and screen readers.
        blocks: what is shown.
    """

    text: str
    blocks: list[OutBlock]


def render(reply: Reply, language: str) -> list[SlackMessage]:
    """Shows a reply, in several messages when it is long; source and buttons close the last one."""
    said = markdown.literal(reply.text) if reply.author is Author.AGENT else markdown.parse(reply.text)
    parts = _pack(_sections(_with_name(said, reply)))
    messages = [[_section(text) for text in part] for part in parts] or [[]]
    messages[0][:0] = _title(reply.title)
    messages[-1] += _source(reply, language) + _buttons(reply.buttons)
    notices = [_notice(reply.title, parts[0] if parts else []), *(_notice(None, part) for part in parts[1:])]
    return [SlackMessage(text=text, blocks=blocks) for text, blocks in zip(notices, messages, strict=True)]


def chosen(blocks: Sequence[OutBlock], block_id: str, label: str) -> list[OutBlock]:
    """The blocks of a message after one of its buttons was pressed: that row becomes the choice made."""
    done = _context(f"✓ {escape(label)}")
    return [done if block.get("block_id") == block_id else block for block in blocks]


def escape(text: str) -> str:
    """Text as Slack wants it, so that no `<!channel>`, mention or link can come out of it.

    docs.slack.dev/messaging/formatting-message-text: these three characters and no others.
    """
    return strip_controls(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(block: Block) -> str:
    """A block in Slack's own markup."""
    return _QUOTE.sub(_GAP, markdown.lines(block, _spans, bullet="•"))


def _with_name(said: tuple[Block, ...], reply: Reply) -> tuple[Block, ...]:
    if reply.author is not Author.AGENT or not reply.author_name:
        return said
    name = Span(text=strip_controls(reply.author_name), bold=True)
    if said and isinstance(said[0], markdown.Paragraph):
        return (markdown.Paragraph((name, Span(text="\n"), *said[0].spans)), *said[1:])
    return (markdown.Paragraph((name,)), *said)


def _sections(said: Sequence[Block]) -> list[str]:
    groups = markdown.split(said, _SECTION_CHARS, mrkdwn)
    texts = (markdown.join(group, mrkdwn).strip("\n") for group in groups)
    return [text for text in texts if text.strip()]


def _pack(texts: Sequence[str]) -> list[list[str]]:
    """Sections of each message, within its limits."""
    parts: list[list[str]] = []
    room = 0
    for text in texts:
        if parts and len(text) <= room and len(parts[-1]) < _SECTIONS:
            parts[-1].append(text)
            room -= len(text)
        else:
            parts.append([text])
            room = MAX_CHARS - len(text)
    return parts


def _section(text: str) -> OutBlock:
    # expand: never folded behind "See more"; verbatim: "#name" and "@name" stay text.
    return {"type": "section", "expand": True, "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> OutBlock:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _title(title: str | None) -> list[OutBlock]:
    if not title or not strip_controls(title).strip():
        return []
    return [{"type": "header", "text": _label(title, _HEADER_CHARS)}]


def _source(reply: Reply, language: str) -> list[OutBlock]:
    if reply.source is None:
        return []
    url = reply.source.url
    href = url if url and markdown.allowed_url(url) else None
    shown = _span(Span(text=reply.source.title.strip()[:300] or "…", href=href))
    return [_context(TEXTS.of(language)["article"].format(article=shown))]


def _buttons(buttons: Sequence[Button]) -> list[OutBlock]:
    rows = []
    for style in ButtonStyle:
        elements = [
            {
                "type": "button",
                "action_id": f"{ACTION_PREFIX}{style}:{number}",
                "text": _label(button.label, _BUTTON_CHARS),
                "value": button.value,
            }
            for number, button in enumerate(buttons, 1)
            if button.style is style
        ]
        if elements:
            rows.append({"type": "actions", "block_id": f"{ACTION_PREFIX}{style}", "elements": elements})
    return rows


def _label(text: str, max_chars: int) -> OutBlock:
    """A plain_text object; a text too long ends in an ellipsis."""
    line = " ".join(strip_controls(text).split()) or "…"
    kept = len(line)
    shown = escape(line)
    while len(shown) > max_chars:
        kept -= 1
        shown = escape(line[:kept].rstrip() + "…")
    return {"type": "plain_text", "text": shown, "emoji": False}


def _notice(title: str | None, texts: Sequence[str]) -> str:
    whole = "\n\n".join([*([escape(title)] if title else []), *texts])
    short, *_ = markdown.split_text(whole, _NOTICE_CHARS) or ["…"]
    return short


def _spans(spans: Spans) -> str:
    shown = ""
    closed = False
    for span in spans:
        text = _span(span)
        styled = bool(text) and (span.bold or span.italic or span.code)
        if shown and text and (styled or closed) and shown[-1] not in _OPENS and text[0] not in _CLOSES:
            shown += _GAP
        shown += text
        closed = styled if text else closed
    return shown


def _span(span: Span) -> str:
    text = span.text
    if span.code:
        return _code(text)
    if span.href is not None:
        address = escape(span.href).replace("|", "%7C")
        label = escape(" ".join(text.split())).replace("|", "¦")
        return _styled(f"<{address}|{label}>" if label else f"<{address}>", span)
    literal = _PAIR.sub(rf"\1{_GAP}\2{_GAP}\1", escape(text))
    # Marks work within one line, and not next to a blank.
    return "\n".join(_styled(line, span) for line in literal.split("\n"))


def _styled(text: str, span: Span) -> str:
    core = text.strip()
    if not core or not (span.bold or span.italic):
        return text
    marked = f"_{core}_" if span.italic else core
    marked = f"*{marked}*" if span.bold else marked
    return text.replace(core, marked, 1)


def _code(text: str) -> str:
    shown = escape(text)
    if "\n" not in shown and "`" not in shown:
        return f"`{shown}`" if shown.strip() else shown
    shown = shown.replace("```", f"`{_GAP}`{_GAP}`")
    return f"```{shown}```"
