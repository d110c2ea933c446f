"""The small Markdown of replies, read into a flat typed tree that every channel can show.

Known: paragraphs, numbered and bulleted lists (nested ones as lists of a deeper `level`), bold,
italic, code, links. Everything else, raw HTML and links with other schemes included, stays the text
that it is: nothing is hidden, nothing is run, nothing is dropped but control characters.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.text.control import strip_controls

MAX_MARKDOWN_CHARS = 20_000
"""Longer texts are shown as they were written: no reply is that long, and parsing has a price."""
MAX_NESTING = 40
"""Depth of block tokens, two a list; deeper texts are shown as they were written."""
MAX_URL_CHARS = 2000
"""A longer one is no link: what is cut apart to fit a message could not lead anywhere."""
SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_BARE_URL = re.compile(r"https?://[^\s<>\"'`|\\{}\[\]«»]+")
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True, kw_only=True)
class Span:
    """A run of text in one style.

    Args:
        text: what to show; may hold "\\n".
        bold: in bold.
        italic: in italics.
        code: shown as typed, in a fixed width.
        href: where it leads (http, https, mailto or tel), None when it is no link.
    """

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    href: str | None = None


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a heading is one in bold, a code block one with a single code span."""

    spans: Spans


@dataclass(frozen=True)
class NumberedList:
    """Steps.

    Args:
        items: what each says.
        start: number of the first.
        level: 0 at the margin, 1 inside another list, and so on.
    """

    items: tuple[Spans, ...]
    start: int = 1
    level: int = 0


@dataclass(frozen=True)
class BulletedList:
    """Points in no order.

    Args:
        items: what each says.
        level: 0 at the margin, 1 inside another list, and so on.
    """

    items: tuple[Spans, ...]
    level: int = 0


Block = Paragraph | NumberedList | BulletedList


def parse(text: str) -> tuple[Block, ...]:
    """Reads a reply's Markdown. Never fails: what is too long or too deep is taken literally."""
    text = strip_controls(text)
    if len(text) > MAX_MARKDOWN_CHARS:
        return literal(text)
    tokens = _PARSER.parse(text)
    if any(token.level >= MAX_NESTING - 2 for token in tokens):
        return literal(text)
    reader = _BlockBuilder()
    for token in tokens:
        reader.read(token)
    return tuple(reader.blocks) or literal(text)


def literal(text: str) -> tuple[Block, ...]:
    """Paragraphs of a text that is no Markdown, such as what an agent typed; only URLs become links."""
    paragraphs = _PARAGRAPH_BREAK.split(strip_controls(text).strip())
    return tuple(Paragraph(tuple(_linkify(Span(text=each)))) for each in paragraphs if each)


def plain(text: str) -> str:
    """The same as plain text, for terminals and notifications; link targets follow in parentheses."""
    return join(parse(text), plain_block)


def plain_block(block: Block) -> str:
    """One block as plain text, lists with "1." and "-"."""
    return lines(block, lambda spans: "".join(_plain_span(span) for span in spans), bullet="-")


def lines(block: Block, render: Callable[[Spans], str], *, bullet: str) -> str:
    """One block as text, for channels whose lists are lines that begin with a mark.

    Args:
        block: what to show.
        render: how the channel writes spans.
        bullet: the mark of a bulleted list's items.
    """
    if isinstance(block, Paragraph):
        return render(block.spans)
    marks: Iterable[str] = (bullet for _ in block.items)
    if isinstance(block, NumberedList):
        marks = (f"{number}." for number in range(block.start, block.start + len(block.items)))
    indent = "    " * block.level
    shown = []
    for mark, item in zip(marks, block.items, strict=True):
        hang = "\n" + indent + " " * (len(mark) + 1)
        shown.append(f"{indent}{mark} {render(item)}".replace("\n", hang).rstrip())
    return "\n".join(shown)


def join(blocks: Iterable[Block], render: Callable[[Block], str]) -> str:
    """Blocks as one text: a blank line between two, none before and after a nested list."""
    shown = ""
    before: Block | None = None
    for block in blocks:
        if before is not None:
            shown += "\n" if _level(before) or _level(block) else "\n\n"
        shown += render(block)
        before = block
    return shown


def split(
    blocks: Iterable[Block], max_chars: int, render: Callable[[Block], str], *, gap: int = 2
) -> list[tuple[Block, ...]]:
    """Packs blocks into as few groups as their order allows, each short enough for one message.

    A block that is too long alone is divided: a list between items, then a paragraph or an item at a
    line end, the end of a sentence, a space, or in the end anywhere.

    Args:
        blocks: what to pack.
        max_chars: Unicode code points that a group may take.
        render: how the channel writes one block, never shorter than its text; its length counts.
        gap: code points at most between two blocks of a group.
    """
    groups: list[tuple[Block, ...]] = []
    room = 0
    for piece, length in _pieces(blocks, max_chars, render):
        if groups and gap + length <= room:
            groups[-1] += (piece,)
            room -= gap + length
        else:
            groups.append((piece,))
            room = max_chars - length
    return groups


def split_text(text: str, max_chars: int) -> list[str]:
    """Divides plain text into parts of at most `max_chars` code points, at paragraphs where it can."""
    parts = []
    rest = text.strip()
    while len(rest) > max_chars:
        at = _cut_point(rest, max_chars)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*parts, rest] if rest else parts


def allowed_url(url: str) -> bool:
    """Whether a link may lead there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if len(url) > MAX_URL_CHARS or parts.scheme not in SCHEMES or any(char.isspace() for char in url):
        return False
    if parts.scheme in {"mailto", "tel"}:
        return bool(parts.path)
    return bool(parts.hostname) and "%" not in parts.netloc


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": MAX_NESTING})
    parser.enable(["list", "fence", "heading"])
    parser.enable(["escape", "entity", "backticks", "emphasis", "link", "autolink", "newline"])
    parser.validateLink = allowed_url  # type: ignore[method-assign]  # how markdown-it is given a rule of its own
    return parser


_PARSER = _make_parser()


def _level(block: Block) -> int:
    return 0 if isinstance(block, Paragraph) else block.level


@dataclass
class _OpenList:
    numbered: bool
    number: int
    level: int
    items: list[Spans] = field(default_factory=list)
    in_item: bool = False
    """The last of `items` is still being written."""

    def flush(self) -> list[Block]:
        """What has been read so far, as a block; the list may go on after it."""
        items, self.items, self.in_item = tuple(self.items), [], False
        if not items:
            return []
        if not self.numbered:
            return [BulletedList(items, self.level)]
        start = self.number
        self.number += len(items)
        return [NumberedList(items, start, self.level)]


class _BlockBuilder:
    """Turns markdown-it's flat tokens into blocks, without recursion."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lists: list[_OpenList] = []
        self._heading = False

    def read(self, token: Token) -> None:
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                if self._lists:
                    self.blocks += self._lists[-1].flush()
                numbered = token.type == "ordered_list_open"
                start = token.attrGet("start")
                number = 1 if start is None else int(start)
                self._lists.append(_OpenList(numbered, number, len(self._lists)))
            case "ordered_list_close" | "bullet_list_close":
                self.blocks += self._lists.pop().flush()
            case "list_item_open":
                self._lists[-1].items.append(())
                self._lists[-1].in_item = True
            case "heading_open":
                self._heading = True
            case "heading_close":
                self._heading = False
            case "inline":
                spans = tuple(_spans(token.children or ()))
                self._add(tuple(replace(span, bold=True) for span in spans) if self._heading else spans)
            case "fence":
                self._add((Span(text=token.content.strip("\n"), code=True),))

    def _add(self, spans: Spans) -> None:
        spans = tuple(span for span in spans if span.text)
        if not any(span.text.strip() for span in spans):
            return
        if self._lists and self._lists[-1].in_item:
            items = self._lists[-1].items
            items[-1] = (*items[-1], Span(text="\n"), *spans) if items[-1] else spans
        else:
            self.blocks.append(Paragraph(spans))


def _spans(tokens: Iterable[Token]) -> Iterator[Span]:
    bold = italic = 0
    href: str | None = None
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                bold += token.nesting
            case "em_open" | "em_close":
                italic += token.nesting
            case "link_open":
                href = str(token.attrGet("href"))
            case "link_close":
                href = None
            case _:
                text = "\n" if token.type in {"softbreak", "hardbreak"} else token.content
                code = token.type == "code_inline"
                span = Span(text=text, bold=bold > 0, italic=italic > 0, code=code, href=href)
                yield from (span,) if code or href else _linkify(span)


def _linkify(span: Span) -> Iterator[Span]:
    """Makes links of bare URLs; a full stop or a closing parenthesis after one is not part of it."""
    at = 0
    for match in _BARE_URL.finditer(span.text):
        url = match.group().rstrip(".,;:!?*_~…")
        while url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1].rstrip(".,;:!?*_~…")
        if not allowed_url(url):
            continue
        if match.start() > at:
            yield replace(span, text=span.text[at : match.start()])
        yield replace(span, text=url, href=url)
        at = match.start() + len(url)
    if at < len(span.text):
        yield replace(span, text=span.text[at:])


def _plain_span(span: Span) -> str:
    if span.href is None:
        return span.text
    target = span.href.removeprefix("mailto:").removeprefix("tel:")
    return span.text if span.text in {span.href, target} else f"{span.text} ({target})"


def _pieces(
    blocks: Iterable[Block], max_chars: int, render: Callable[[Block], str]
) -> Iterator[tuple[Block, int]]:
    """Each block with its length, divided until it fits or is a single code point."""
    todo = list(blocks)[::-1]
    while todo:
        block = todo.pop()
        # Rendering never shortens, so a long block need not be rendered to know that it is too long.
        length = _text_length(block)
        if length <= max_chars:
            length = len(render(block))
        parts = _divide(block, max_chars) if length > max_chars else []
        if not parts:
            yield block, length
        todo += parts[::-1]


def _text_length(block: Block) -> int:
    items = [block.spans] if isinstance(block, Paragraph) else block.items
    return sum(len(span.text) for spans in items for span in spans)


def _divide(block: Block, max_chars: int) -> list[Block]:
    """Two smaller blocks that say the same; none when it cannot be divided."""
    if isinstance(block, Paragraph):
        return [Paragraph(spans) for spans in _cut(block.spans, max_chars)]
    if len(block.items) == 1:
        # An item too long for a message of its own: its rest goes on as a paragraph.
        head, *rest = _cut(block.items[0], max_chars) or [()]
        return [replace(block, items=(head,)), *map(Paragraph, rest)] if rest else []
    half = len(block.items) // 2
    first, second = replace(block, items=block.items[:half]), replace(block, items=block.items[half:])
    if isinstance(second, NumberedList):
        second = replace(second, start=second.start + half)
    return [first, second]


def _cut(spans: Spans, max_chars: int) -> list[Spans]:
    text = "".join(span.text for span in spans)
    if len(text) < 2:
        return []
    # Markup takes room too, so a text that fits by itself is halved.
    at = _cut_point(text, max_chars if len(text) > max_chars else len(text) // 2)
    left: list[Span] = []
    right: list[Span] = []
    for span in spans:
        here, at = span.text[: max(at, 0)], at - len(span.text)
        left += [replace(span, text=here)] if here else []
        there = span.text[len(here) :]
        right += [replace(span, text=there)] if there else []
    return [tuple(left), tuple(_lstrip(right))]


def _lstrip(spans: Sequence[Span]) -> Iterator[Span]:
    """Drops the blank at which a text was cut."""
    for number, span in enumerate(spans):
        stripped = span.text if span.code else span.text.lstrip()
        if stripped:
            yield replace(span, text=stripped)
            yield from spans[number + 1 :]
            return


def _cut_point(text: str, max_chars: int) -> int:
    """Where to cut: 1 to `max_chars`, at the best boundary in the second half of what fits."""
    window = text[: max_chars + 1]
    for boundary in ("\n\n", "\n", ". ", " "):
        at = window.rfind(boundary, max_chars // 2)
        if at > 0:
            return min(at + (1 if boundary == ". " else 0), max_chars)
    return max(max_chars, 1)
