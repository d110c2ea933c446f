"""relais kb: the knowledge index."""

from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.importing import import_articles
from bot.commands.shared import Workspace, next_step, out, progress
from bot.domain.errors import ConfigurationError
from bot.knowledge import build_knowledge, open_encoder, open_knowledge
from bot.workspace import parse, read_folder
from config.settings import load_settings
from kb_index.errors import IndexUnusableError

app = typer.Typer(help="The knowledge: import it, build its index, search it.", no_args_is_help=True)
app.command("import")(import_articles)


@app.command()
def build(workspace: Workspace = None) -> None:
    """Builds the index of a workspace and trains what understands its messages."""
    settings = load_settings(workspace=workspace)
    content = parse(read_folder(settings.workspace))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with progress("Loading the model") as show:
        encoder = open_encoder(settings.encoder, settings.data_dir)
        manifest = build_knowledge(content, settings.data_dir, encoder, on_progress=partial(show, "Encoding"))
    out.print(
        f"{manifest.documents} documents, {manifest.vectors} vectors of {manifest.dim} dimensions "
        f"by {manifest.model_id}, in {settings.data_dir / 'index'}."
    )
    next_step('relais kb search "..."')


@app.command()
def search(
    question: str,
    desk: Annotated[str | None, typer.Option(help="All desks when left out.")] = None,
    lang: Annotated[str, typer.Option(help="The person's language.")] = "fr",
) -> None:
    """Shows what a question finds, with scores."""
    settings = load_settings()
    content = parse(read_folder(settings.workspace))
    encoder = open_encoder(settings.encoder, settings.data_dir)
    try:
        knowledge = open_knowledge(content, settings.data_dir, model_id=encoder.model_id)
    except IndexUnusableError as exc:
        raise ConfigurationError("RELAIS_DATA_DIR", f"{exc.reason} Run `relais kb build`.") from exc
    vector = encoder.encode([question])[0]
    for desk_id in [desk] if desk else list(content.desks):
        found = knowledge.searcher.search(question, lambda: vector, desk=desk_id, language=lang)
        table = Table(title=f"{desk_id}", title_justify="left", box=None)
        for name in ("confidence", "meaning", "spelling", "", "id", "nearest"):
            table.add_column(
                name, justify="right" if name in ("confidence", "meaning", "spelling") else "left"
            )
        for hit in found.hits:
            scores = (f"{hit.confidence:.2f}", f"{hit.cosine:.2f}", f"{hit.lexical:.2f}")
            table.add_row(*scores, hit.kind, f"{hit.id}.{hit.language}", hit.matched)
        out.print(table)
