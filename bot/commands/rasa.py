"""relais rasa: trains and serves Rasa NLU, for `scripts/rasa`, which sets it up first."""

from typing import Annotated

import typer

from bot.commands.terminal import Workspace, next_step, out
from bot.content.files import read_folder
from bot.content.understanding import rasa_port, rasa_project, rasa_token, write_rasa_project
from bot.content.workspace import parse
from bot.domain.errors import ConfigurationError
from config.settings import load_settings
from nlu.rasa import process
from nlu.rasa.process import RasaMissingError

app = typer.Typer(help="The Rasa NLU server; ./scripts/rasa sets it up first.", no_args_is_help=True)


@app.command()
def train(
    workspace: Workspace = None,
    only_write: Annotated[
        bool, typer.Option("--only-write", help="Write the Rasa project, and do not train it.")
    ] = False,
) -> None:
    """Trains Rasa on the sentences that the embedded engine learns from."""
    settings = load_settings(workspace=workspace)
    name = write_rasa_project(settings.data_dir, parse(read_folder(settings.workspace)))
    project = rasa_project(settings.data_dir)
    if only_write:
        out.print(f"The project is in {project}.")
        return
    try:
        model = process.train(project, name)
    except RasaMissingError as exc:
        raise ConfigurationError("rasa", str(exc)) from exc
    out.print(f"Trained {model}.")
    next_step(
        "./scripts/rasa serve (start it again if it runs), with RELAIS_NLU__ENGINE=rasa for relais serve"
    )


@app.command()
def serve() -> None:
    """Serves the model on 127.0.0.1, until it is stopped."""
    settings = load_settings()
    port = rasa_port(settings.nlu)
    try:
        model = process.newest_model(rasa_project(settings.data_dir))
        token = rasa_token(settings.nlu, settings.data_dir, makes=True)
        process.serve(model, port=port, token=token or "")
    except RasaMissingError as exc:
        raise ConfigurationError("rasa", str(exc)) from exc
