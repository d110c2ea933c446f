"""relais agents: the people who answer."""

import getpass
import sys
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.stored import write_stored
from bot.commands.terminal import next_step, out
from bot.content.files import read_folder
from bot.content.workspace import parse
from bot.domain.errors import ConfigurationError, ConflictError
from bot.storage.unit_of_work import UnitOfWork
from config.settings import load_settings
from handoff.console.login.passwords import hash_password

_SHORTEST_PASSWORD = 12

app = typer.Typer(help="The people who answer.", no_args_is_help=True)


@app.command()
def add(
    email: str,
    name: Annotated[str, typer.Option(help="As people will read it.", prompt="Name")],
    desks: Annotated[str, typer.Option(help="Separated by commas, such as it,sav.", prompt="Desks")],
    language: Annotated[
        str | None, typer.Option(help="Of the console; the workspace's first one when left out.")
    ] = None,
) -> None:
    """Adds somebody who answers. The password is asked for, or read from standard input."""
    settings = load_settings()
    content = parse(read_folder(settings.workspace))
    known = content.desks
    spoken = language or content.languages[0]
    wanted = [desk.strip() for desk in desks.split(",") if desk.strip()]
    for desk in wanted:
        if desk not in known:
            raise ConfigurationError("--desks", f"there is no desk {desk!r}; there are {', '.join(known)}.")
    if "@" not in email:
        raise ConfigurationError("EMAIL", f"{email!r} is no e-mail address.")
    password_hash = hash_password(_read_password())

    def job(unit: UnitOfWork) -> None:
        unit.agents.add(email=email, name=name, language=spoken, desks=wanted, password_hash=password_hash)

    try:
        write_stored(settings, job)
    except ConflictError:
        raise ConfigurationError("EMAIL", f"there is an agent {email!r} already.") from None
    out.print(f"{name} can log in at /console as [bold]{email}[/bold].")


@app.command("list")
def list_() -> None:
    """Lists the people who answer."""
    table = Table(box=None)
    for column in ("e-mail", "name", "desks", "language"):
        table.add_column(column)
    everybody = write_stored(load_settings(), lambda unit: unit.agents.all())
    for agent in everybody:
        table.add_row(agent.email, agent.name, ", ".join(agent.desks), agent.language)
    if everybody:
        out.print(table)
    else:
        out.print("Nobody answers yet.")
        next_step("relais agents add name@example.org")


def _read_password() -> str:
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < _SHORTEST_PASSWORD:
        raise ConfigurationError("password", f"must have at least {_SHORTEST_PASSWORD} characters.")
    if sys.stdin.isatty() and getpass.getpass("Again: ") != password:
        raise ConfigurationError("password", "the two are not the same.")
    return password
