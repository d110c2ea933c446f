"""Replies as a terminal shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.domain.messages import Author, Button, ButtonStyle, Reply
from bot.i18n import formats
from bot.i18n.texts import Texts
from bot.text.control import strip_controls
from bot.text.markdown import (
    Block,
    NumberedList,
    Paragraph,
    Spans,
    allowed_url,
    literal,
    parse,
    plain,
)

MAX_COLUMNS = 80
"""Longer lines are hard to read, however wide the window."""
_INDENT = 2
_TEXTS = Texts.read(Path(__file__).parent, otherwise="fr")


def render_reply(console: Console, reply: Reply, language: str, *, bot_name: str = "Relais") -> None:
    """Prints a reply: who speaks, what they say, numbered choices, small offers.

    Args:
        console: where to.
        reply: what.
        language: of the words around it.
        bot_name: how the bot calls itself.
    """
    words = _TEXTS.of(language)
    parts: list[RenderableType] = []
    if reply.author is Author.SYSTEM:
        _print(console, _indented(Text(plain(reply.text), style="dim italic")))
        return
    as_typed = reply.author is Author.AGENT
    name = strip_controls(reply.author_name or words["agent"]) if as_typed else bot_name
    _print(console, Text(" ".join(name.split()), style="bold yellow" if as_typed else "bold cyan"))
    if reply.title:
        parts += [Text(_one_line(reply.title), style="bold"), Text()]
    parts += _blocks(literal(reply.text) if as_typed else parse(reply.text))
    if reply.source:
        parts += [Text(), Text(words["source"] + _source(reply), style="dim")]
    parts += _buttons(reply.buttons, words)
    _print(console, _indented(Group(*parts)))


def render_why(console: Console, why: Mapping[str, object], language: str) -> None:
    """Prints the faint line of `--why`: rule, what matched, scores, runner-up.

    Args:
        why: from `bot.domain.turn.Why.to_json`.
    """
    _print(console, _indented(Text(why_line(why, language), style="dim")))


def why_line(why: Mapping[str, object], language: str) -> str:
    """The why-record in one line."""
    words = _TEXTS.of(language)
    parts = [str(why.get("rule", ""))]
    for key in ("article", "flow", "step", "matched"):
        if why.get(key):
            parts.append(words[key].format(**{key: why[key]}))
    if why.get("confidence") is not None and why.get("threshold") is not None:
        confidence, threshold = (_figure(why[key], language) for key in ("confidence", "threshold"))
        parts.append(words["score"].format(confidence=confidence, threshold=threshold))
    candidates = why.get("candidates")
    if isinstance(candidates, Sequence) and len(candidates) > 1 and isinstance(candidates[1], Mapping):
        runner_up = candidates[1]
        figure = _figure(runner_up.get("confidence"), language)
        parts.append(words["next"].format(title=runner_up.get("title", ""), confidence=figure))
    return strip_controls(" · ".join(parts)).replace("\n", " ")


def _indented(what: RenderableType) -> Padding:
    return Padding(what, (0, 0, 0, _INDENT), expand=False)


def _print(console: Console, what: RenderableType) -> None:
    console.print(what, width=min(MAX_COLUMNS, console.width), highlight=False)


def _blocks(blocks: Sequence[Block]) -> list[RenderableType]:
    shown: list[RenderableType] = []
    before = 0
    for block in blocks:
        level = 0 if isinstance(block, Paragraph) else block.level
        if shown and not level and not before:
            shown.append(Text())
        before = level
        shown.append(_styled(block.spans) if isinstance(block, Paragraph) else _list(block))
    return shown


def _list(block: Block) -> RenderableType:
    assert not isinstance(block, Paragraph)
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    numbered = isinstance(block, NumberedList)
    start = block.start if isinstance(block, NumberedList) else 0
    for number, item in enumerate(block.items, start=start):
        table.add_row(Text(f"{number}." if numbered else "•", style="dim"), _styled(item))
    return Padding(table, (0, 0, 0, 3 * block.level), expand=False)


def _styled(spans: Spans) -> Text:
    """Text objects, never markup: "[bold]" in a message is text."""
    text = Text()
    for span in spans:
        styles = [("bold", span.bold), ("italic", span.italic), ("cyan", span.code)]
        style = " ".join([name for name, on in styles if on] + (["underline"] if span.href else []))
        text.append(span.text, style=style or None)
        if span.href:
            target = span.href.removeprefix("mailto:").removeprefix("tel:")
            if span.text not in (span.href, target):
                text.append(f" ({target})", style="dim")
    return text


def _buttons(buttons: Sequence[Button], words: Mapping[str, str]) -> list[RenderableType]:
    choices = [button for button in buttons if button.style is ButtonStyle.CHOICE]
    offers = [_one_line(button.label) for button in buttons if button.style is ButtonStyle.QUIET]
    shown: list[RenderableType] = []
    if choices:
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for number, button in enumerate(choices, start=1):
            table.add_row(Text(f"[{number}]", style="bold cyan"), Text(_one_line(button.label)))
        shown += [Text(), table]
    if offers:
        shown += [Text(), Text(words["offers"] + " · ".join(offers), style="dim")]
    return shown


def _source(reply: Reply) -> str:
    assert reply.source is not None
    title = _one_line(reply.source.title)
    url = reply.source.url
    return f"{title} ({strip_controls(url)})" if url and allowed_url(url) else title


def _one_line(text: str) -> str:
    return " ".join(strip_controls(text).split())


def _figure(value: object, language: str) -> str:
    if not isinstance(value, int | float):
        return "?"
    return formats.number(value, language, decimals=2)
