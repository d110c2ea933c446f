"""relais db: the database's tables."""

import typer

from bot.commands.terminal import out
from bot.storage.migrate import upgrade as migrate
from bot.storage.stores import open_store
from config.settings import load_settings

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Brings the database to this version's tables; does nothing when it is there."""
    store = open_store(load_settings().database)
    try:
        migrate(store.engine)
    finally:
        store.close()
    out.print("The database is up to date.")
