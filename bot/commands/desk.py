"""relais desk: conversations whose desk was renamed or removed, and those that cannot be handled."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from bot.channels.web.adapter import web_account
from bot.commands.stored import read_stored, write_stored
from bot.commands.terminal import next_step, out
from bot.content.files import read_folder
from bot.content.workspace import parse
from bot.domain.desk import Desk
from bot.domain.errors import ConfigurationError
from bot.storage.unit_of_work import UnitOfWork
from config.settings import Settings, load_settings

_LISTED = 200

app = typer.Typer(help="Desks, and conversations that wait for an administrator.", no_args_is_help=True)


@app.command()
def rename(
    old: Annotated[str, typer.Argument(help="Id of a desk that the workspace has no more.")],
    new: Annotated[str, typer.Argument(help="Id of the desk that takes its place.")],
) -> None:
    """Gives the conversations, requests and agents of a desk to another one.

    Works beside a running server; what waits is answered at once, in order.
    """
    settings = load_settings()
    desks = _desks(settings)
    if new not in desks:
        raise ConfigurationError("NEW", f"there is no desk {new!r}; there are {', '.join(desks)}.")
    if old in desks:
        raise ConfigurationError("OLD", f"the workspace still has the desk {old!r}: rename it there first.")

    def job(unit: UnitOfWork) -> tuple[int, int, int]:
        unit.conversations.rename_account(web_account(old), web_account(new))
        return (
            unit.conversations.rename_desk(old, new),
            unit.cases.rename_desk(old, new),
            unit.agents.rename_desk(old, new),
        )

    conversations, cases, agents = write_stored(settings, job)
    if not (conversations or cases or agents):
        raise ConfigurationError("OLD", f"nothing belongs to a desk {old!r}.")
    out.print(f"{new} has them now: {conversations} conversations, {cases} requests, {agents} agents.")


@app.command()
def parked() -> None:
    """Lists the conversations that are not handled, and why."""
    settings = load_settings()
    found = read_stored(
        settings, lambda unit: unit.conversations.parked(limit=_LISTED), nothing="nothing is stored yet."
    )
    if not found:
        out.print("Every conversation is handled.")
        return
    table = Table(box=None)
    for column in ("conversation", "desk", "account", "why", "error", "since", "messages"):
        table.add_column(column)
    for each in found:
        since = f"{each.since:%Y-%m-%d %H:%M} UTC"
        why, problem, waiting = each.reason.replace("_", " "), each.problem or "", str(each.waiting)
        table.add_row(str(each.id), each.desk, each.account, why, problem, since, waiting)
    out.print(table)
    if len(found) == _LISTED:
        out.print(f"Only the first {_LISTED} are shown.")
    next_step("relais desk rename OLD NEW, or relais desk retry")


@app.command()
def retry() -> None:
    """Handles parked conversations again, from the first message that waits in each."""
    count = write_stored(load_settings(), lambda unit: unit.conversations.resume_all())
    out.print(f"{count} conversations are tried again.")


def _desks(settings: Settings) -> Mapping[str, Desk]:
    return parse(read_folder(settings.workspace)).desks
