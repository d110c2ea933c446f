"""The command `relais`."""

import sys

import typer

from bot.commands import admin, chat, comparing, content, evaluate, gaps, kb, rasa, review, serve, versions
from bot.domain.errors import ContentErrors, RelaisError

app = typer.Typer(
    name="relais",
    help="A level-1 support bot and live-chat bridge for Slack, Telegram and the web.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


app.command()(serve.serve)
app.command()(serve.worker)
app.command()(chat.chat)
app.command()(content.init)
app.command()(content.check)
app.command("test")(content.run_tests)
kb.app.command()(versions.history)
kb.app.command()(versions.rollback)
kb.app.command()(comparing.diff)
kb.app.command()(gaps.gaps)
kb.app.command()(review.review)
app.add_typer(kb.app, name="kb")
app.add_typer(evaluate.app, name="eval")
app.add_typer(rasa.app, name="rasa")
app.add_typer(admin.db, name="db")
app.add_typer(admin.agents, name="agents")
app.command()(admin.doctor)


def main() -> int:
    """Runs a command; errors of ours are told in a sentence, without a traceback."""
    try:
        app(standalone_mode=True)
    except ContentErrors as exc:
        _complain([str(error) for error in exc.errors])
    except RelaisError as exc:
        _complain([str(exc)])
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(lines: list[str]) -> None:
    for line in lines:
        print(f"relais: {line}", file=sys.stderr)
