"""The beginning of a message in one line."""

from markupsafe import Markup

_BLOCKS = (Markup("<p"), Markup("<ol"), Markup("<ul"), Markup("<li"), Markup("<br"))


def one_line(html: Markup, max_chars: int) -> str:
    """The text of HTML in one line, a space between two blocks; "…" stands for what is too long."""
    for start in _BLOCKS:
        html = html.replace(start, Markup(" ") + start)
    text = html.striptags()
    return text if len(text) <= max_chars else text[: max_chars - 1].rstrip() + "…"
