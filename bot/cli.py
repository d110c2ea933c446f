"""The command `relais`."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from bot.domain.errors import ContentErrors, RelaisError

_COMMANDS: Mapping[str, str] = {
    "serve": "serve:serve",
    "worker": "serve:worker",
    "chat": "chat:chat",
    "init": "content:init",
    "check": "content:check",
    "test": "content:run_tests",
    "kb": "kb:app",
    "eval": "evaluate:app",
    "rasa": "rasa:app",
    "db": "database:app",
    "agents": "agents:app",
    "desk": "desk:app",
    "doctor": "doctor:doctor",
}
"""Each command's place in `bot.commands`: module and function, or group of commands."""
_MARKUP: Final = "markdown"


class _Commands(TyperGroup):
    """Imports a command when it is called: a server waits for nothing that it does not need."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(_COMMANDS)  # type: ignore[assignment]  # names, for the help and for "did you mean"

    # Typer keeps the classes of its context and commands to itself.
    def get_command(self, ctx: typer.Context, cmd_name: str):  # type: ignore[no-untyped-def,override]
        """The command; None where there is no such."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        found = getattr(import_module(f"bot.commands.{module}"), name)
        alone = typer.Typer(rich_markup_mode=_MARKUP)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name)(found)
        return typer.main.get_group(alone).get_command(ctx, cmd_name)


app = typer.Typer(
    cls=_Commands,
    name="relais",
    help="A level-1 support bot and live-chat bridge for Slack, Telegram and the web.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=_MARKUP,
)


@app.callback()
def _relais() -> None:
    """Makes the app a group, though no command is registered with it."""


def main() -> int:
    """Runs a command; errors of the product are shown as a sentence, without a traceback."""
    try:
        app(standalone_mode=True)
    except ContentErrors as exc:
        _complain([str(error) for error in exc.errors])
    except RelaisError as exc:
        _complain([str(exc)])
    except ModuleNotFoundError as exc:
        from bot.commands.extras import explain

        error = explain(exc)
        if error is None:
            raise
        _complain([str(error)])
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(lines: list[str]) -> None:
    for line in lines:
        print(f"relais: {line}", file=sys.stderr)
