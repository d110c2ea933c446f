"""The small Markdown of replies and articles as HTML; everything that was written is escaped."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from bot.i18n.typography import typeset
from bot.text.markdown import (
    Block,
    BulletedList,
    NumberedList,
    Paragraph,
    Span,
    Spans,
    allowed_url,
)

_OPEN = {"ol": Markup("<ol{}>"), "ul": Markup("<ul{}>")}
_CLOSE = {"ol": Markup("</li></ol>"), "ul": Markup("</li></ul>")}


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
