"""The terminal: what a person reads."""

import io

from rich.console import Console

from bot.channels.terminal.render import render_reply, render_why, why_line
from bot.domain.messages import (
    Author,
    Button,
    ButtonStyle,
    Reply,
    Source,
)

CHOICES = (Button(label="La rouge", value="c:1"), Button(label="La bleue", value="c:2"))
HELPED = Button(label="Ça m'a aidé", value="helped:4", style=ButtonStyle.QUIET)


def shown(reply: Reply, language: str = "fr", *, width: int = 100, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, color_system="standard" if color else None
    )
    render_reply(console, reply, language)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_answer_reads_like_a_messenger() -> None:
    reply = Reply(
        title="Détartrer",
        text="Faites ainsi :\n\n1. **Videz**\n   - bien\n2. Rincez\n\nVoir [le guide](https://a.example).",
        source=Source(title="Le guide", url="https://b.example"),
        buttons=(*CHOICES, HELPED),
    )
    lines = [line.rstrip() for line in shown(reply).splitlines()]
    assert lines == [
        "Relais",
        "  Détartrer",
        "",
        "  Faites ainsi :",
        "",
        "  1. Videz",
        "     • bien",
        "  2. Rincez",
        "",
        "  Voir le guide (https://a.example).",
        "",
        "  Source\u00a0: Le guide (https://b.example)",
        "",
        "  [1] La rouge",
        "  [2] La bleue",
        "",
        "  Vous pouvez répondre\u00a0: Ça m'a aidé",
    ]


def test_long_lines_are_wrapped_under_the_name() -> None:
    lines = shown(Reply(text="mot " * 60), width=200).splitlines()
    assert len(lines) > 3
    assert all(line.startswith("  mot") and len(line.rstrip()) <= 80 for line in lines[1:])


def test_what_people_write_is_text() -> None:
    hostile = "[bold red]x[/] \x1b[31m\x07 **y**"
    agent = shown(Reply(text=hostile, author=Author.AGENT, author_name="Zoé \x1b[2J"), color=True)
    bot = shown(Reply(text=hostile, title="t\x1b[2J[red]", source=Source(title="s\x9b1m")), color=True)
    for text in (agent, bot):
        assert "[bold red]x[/]" in text
        assert "\x1b[31m" not in text
        assert "\x1b[2J" not in text
        assert "\x07" not in text
    assert "**y**" in agent


def test_people_and_changes_are_told_apart() -> None:
    assert shown(Reply(text="Bonjour", author=Author.AGENT, author_name="Camille")).startswith("Camille\n")
    assert shown(Reply(text="Hello", author=Author.AGENT), "en").startswith("Your agent\n")
    assert shown(Reply(text="C'est **noté**", author=Author.SYSTEM)).strip() == "C'est noté"


def test_the_why_line() -> None:
    why = {
        "rule": "article_confident",
        "article": "cafe",
        "matched": "détartrer\x1b",
        "confidence": 0.834,
        "threshold": 0.55,
        "candidates": [{"title": "Café"}, {"title": "Thé", "confidence": 0.41}],
    }
    assert why_line(why, "fr") == (
        "article_confident · article cafe · «\u00a0détartrer\u00a0» · 0,83 pour un seuil de 0,55"
        " · ensuite Thé (0,41)"
    )
    assert "0.83 for a threshold of 0.55" in why_line(why, "en")
    assert why_line({}, "fr") == ""
    console = Console(file=io.StringIO(), width=100)
    render_why(console, why, "fr")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().startswith("  article_confident")
