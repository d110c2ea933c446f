"""Converts HTML and Markdown of any origin to the small Markdown that a chat shows.

Kept: paragraphs, lists, bold, italic, code, links to http and https. Headings become bold lines, rows of
tables list items, images their alternative text. Scripts, styles and fields of forms are dropped.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markdown_it import MarkdownIt
from markdownify import MarkdownConverter

from kb_index.importers.records import MarkupError, clean

MAX_DEPTH = 200
"""Deeper HTML is refused. Pages that people wrote stay under 50."""
MAX_TAGS = 100_000
MAX_MARKDOWN_CHARS = 400_000
"""Twice what an article may hold."""
_DROPPED = [
    *(
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "svg",
        "math",
        "canvas",
        "audio",
    ),
    *("video", "head", "link", "meta", "input", "select", "textarea", "button"),
    *("ac:parameter", "ac:task-id", "ac:task-status"),
]
_KNOWN_TAG = re.compile(
    r"</?(?:a|abbr|address|article|aside|b|bdi|bdo|big|blockquote|body|br|button|caption|center|cite|code|col"
    r"|colgroup|dd|del|details|dfn|div|dl|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header"
    r"|hr|html|i|iframe|img|input|ins|kbd|label|li|link|main|mark|meta|nav|noscript|object|ol|p|picture|pre|q"
    r"|s|samp|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td"
    r"|template|textarea|tfoot|th|thead|time|title|tr|tt|u|ul|var|video)(?=[\s/>])[^<>]*>|<!--",
    re.IGNORECASE,
)
_ADMONITION = re.compile(r"(?m)^[ \t]*:{3,}[ \t]*(?:[a-z]+)?[ \t]*\[?(.*?)\]?[ \t]*$")
_HEADING_ID = re.compile(r"(?m)^([ \t]{0,3}#{1,6}[ \t].*?)[ \t]*\{#[\w-]+\}[ \t]*$")
_ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~])|[*`]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w{2,32};)")
_BLANK_LINES = re.compile(r"\n{3,}")


def from_html(html: str, *, base_url: str = "") -> str:
    """Markdown of a page or a part of one.

    Args:
        base_url: what relative links start from; without it they become plain text.

    Raises:
        MarkupError: too deep or too large.
    """
    return from_soup(soup_of(html), base_url=base_url)


def soup_of(html: str) -> BeautifulSoup:
    """A page parsed.

    Raises:
        MarkupError: too deep or too large.
    """
    if html.count("<") > MAX_TAGS:
        raise MarkupError(f"The page has more than {MAX_TAGS:,} tags.")
    soup = BeautifulSoup(clean(html), "lxml")
    _check_depth(soup)
    return soup


def from_soup(node: Tag, *, base_url: str = "") -> str:
    """Markdown of a parsed page or a part of one, which is changed by it."""
    for tag in node.find_all(_DROPPED):
        tag.decompose()
    for image in node.find_all(["img", "ac:image"]):
        image.replace_with(_attribute(image, "alt") or _attribute(image, "ac:alt"))
    for table in reversed(node.find_all("table")):
        _flatten(table)
    for link in node.find_all("a"):
        _mend(link, base_url)
    for item_list in node.find_all("ol"):
        _number(item_list)
    markdown = _Converter(wrap=True, wrap_width=None).convert_soup(node)
    lines = "\n".join(line.rstrip() for line in clean(markdown).split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def from_markdown(text: str) -> str:
    """The same of Markdown, with whatever HTML stands in it.

    Raises:
        MarkupError: too deep or too large.
    """
    if len(text) > MAX_MARKDOWN_CHARS:
        raise MarkupError(f"The text has more than {MAX_MARKDOWN_CHARS:,} characters.")
    text = _ADMONITION.sub(lambda match: f"\n**{match[1]}**\n" if match[1] else "\n", text)
    return from_html(_PARSER.render(_HEADING_ID.sub(r"\1", text)))


def _make_parser() -> MarkdownIt:
    # Indented lines are seldom meant as code: texts taken out of pages have them everywhere.
    parser = MarkdownIt("commonmark", {"maxNesting": 60}).enable(["table", "strikethrough"]).disable("code")
    for kind in ("html_inline", "html_block"):
        parser.add_render_rule(kind, _raw_html)
    return parser


def _raw_html(_self: object, tokens: Sequence[Any], index: int, _options: object, _env: object) -> str:
    """HTML as it is, and what only looks like it ("<Group Name>") as text."""
    content: str = tokens[index].content
    escaped = re.sub(
        r"<[^<>]*>?", lambda match: match[0] if _KNOWN_TAG.match(match[0]) else "&lt;" + match[0][1:], content
    )
    return content if content.startswith("<!--") else escaped


_PARSER = _make_parser()


def _check_depth(soup: BeautifulSoup) -> None:
    level: list[Tag] = [soup]
    for _ in range(MAX_DEPTH):
        level = [child for tag in level for child in tag.children if isinstance(child, Tag)]
        if not level:
            return
    raise MarkupError(f"The page is nested more than {MAX_DEPTH} levels deep.")


def _attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value.strip() if isinstance(value, str) else ""


def _flatten(table: Tag) -> None:
    """A table as a list, each row an item; a table of one column, which only lays out, as paragraphs."""
    rows = [row.find_all(["td", "th"], recursive=False) for row in table.find_all("tr")]
    rows = [row for row in rows if any(cell.get_text(strip=True) for cell in row)]
    if all(len(row) < 2 for row in rows):
        for cell in (cell for row in rows for cell in row):
            cell.name = "div"
            table.insert_before(cell.extract())
        table.decompose()
        return
    heads: list[str] = []
    if len(rows) > 1 and all(cell.name == "th" for cell in rows[0]):
        heads = [cell.get_text(" ", strip=True) for cell in rows.pop(0)]
    listed = Tag(name="ul")
    for row in rows:
        item = Tag(name="li")
        for column, cell in enumerate(row):
            if cell.get_text(strip=True):
                _add_cell(item, cell, heads[column] if column < len(heads) else "")
        listed.append(item)
    table.replace_with(listed)


def _add_cell(item: Tag, cell: Tag, head: str) -> None:
    if item.contents:
        item.append(NavigableString(" · "))
    if head:
        item.append(_bold(head))
        item.append(NavigableString(" "))
    paragraphs = cell.find_all(["p", "div"], recursive=False)
    if len(paragraphs) == 1:
        paragraphs[0].unwrap()
    if cell.name == "th" and not head:
        item.append(_bold(cell.get_text(" ", strip=True)))
        return
    for child in list(cell.children):
        item.append(child.extract())


def _bold(text: str) -> Tag:
    tag = Tag(name="b")
    tag.append(NavigableString(text))
    return tag


def _mend(link: Tag, base_url: str) -> None:
    """Keeps a link to http or https; of another one its text, and an address beside it."""
    href = re.sub(r"\s", "%20", _attribute(link, "href"))
    try:
        parts = urlsplit(urljoin(base_url, href))
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in {"http", "https"} and parts.netloc and not href.startswith("#"):
        link.attrs = {"href": parts.geturl().replace("(", "%28").replace(")", "%29")}
        return
    address = parts.path if parts.scheme in {"mailto", "tel"} else ""
    if address and address not in link.get_text():
        link.append(NavigableString(f" ({address})"))
    link.unwrap()


def _number(item_list: Tag) -> None:
    start = _attribute(item_list, "start")
    number = int(start) if re.fullmatch(r"\d{1,6}", start) else 1
    for place, item in enumerate(item_list.find_all("li", recursive=False)):
        item.attrs = {"value": str(number + place)}


class _Converter(MarkdownConverter):
    """markdownify, with what a chat does not show taken away."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        return _ESCAPED.sub(lambda match: "\\" + match[0], text)

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        label = " ".join(text.replace("[", r"\[").replace("]", r"\]").split())
        if not label or {"_noformat", "a"} & parent_tags:
            return text
        before, after = text[: text[0] == " "], text[len(text) - (text[-1] == " ") :]
        return f"{before}[{label}]({el['href']}){after}"

    def convert_b(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return _emphasis(el, text, parent_tags, "**")

    def convert_em(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return _emphasis(el, text, parent_tags, "*")

    def convert_br(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return " " if "_inline" in parent_tags else "\n"

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"\n\n{text.strip()}\n\n"

    def convert_dt(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return _bold_line(text)

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:
        return _bold_line(text)

    def convert_hr(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return "\n\n"

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if not text.strip():
            return ""
        bullet = f"{el['value']}. " if el.parent and el.parent.name == "ol" else "- "
        first, *rest = _BLANK_LINES.sub("\n\n", text.strip()).split("\n")
        return (
            "\n".join([bullet + first, *(" " * len(bullet) + line if line else "" for line in rest)]) + "\n"
        )

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        code = text.strip("\n").rstrip()
        return f"\n\n{fence}\n{code}\n{fence}\n\n" if code else ""

    def convert_del(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text

    convert_strong = convert_b
    convert_i = convert_em
    convert_s = convert_del
    convert_q = convert_del
    convert_summary = convert_dt
    convert_blockquote = convert_dd
    convert_main = convert_dd
    convert_figure = convert_dd
    convert_ac_task = convert_dd
    convert_ac_rich_text_body = convert_dd
    convert_ac_plain_text_body = convert_pre


def _bold_line(text: str) -> str:
    line = " ".join(text.replace("**", "").split())
    return f"\n\n**{line}**\n\n" if line else ""


def _emphasis(el: Tag, text: str, parent_tags: set[str], mark: str) -> str:
    """Marks a text, where Markdown can: not twice, not over paragraphs, not against a letter."""
    inner = text.strip()
    same = {"b", "strong", "dt", "summary"} if mark == "**" else {"em", "i"}
    if not inner or "_noformat" in parent_tags or same & parent_tags or "\n\n" in inner or "\n- " in text:
        return text
    before = (
        " " if text[0].isspace() or (_ends_in_word(el.previous_sibling) and not inner[0].isalnum()) else ""
    )
    after = " " if text[-1].isspace() or (_begins_a_word(el.next_sibling) and not inner[-1].isalnum()) else ""
    return f"{before}{mark}{inner}{mark}{after}"


def _ends_in_word(node: object) -> bool:
    return isinstance(node, NavigableString) and node[-1:].isalnum()


def _begins_a_word(node: object) -> bool:
    return isinstance(node, NavigableString) and node[:1].isalnum()
