"""relais kb: the knowledge index."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.comparing import diff
from bot.commands.gaps import gaps
from bot.commands.importing import import_articles
from bot.commands.review import review
from bot.commands.stored import open_built
from bot.commands.terminal import Workspace, next_step, out, progress
from bot.commands.tuning import tune
from bot.commands.versions import history, rollback
from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge, open_encoder
from bot.content.workspace import parse
from bot.domain.errors import ConfigurationError
from bot.pipeline.clock import SystemClock
from config.settings import load_settings
from kb_index.articles.documents import Document, Reader
from kb_index.search import Hit

_LOOKED_AT = 5
"""Hits of a search that withholds nothing."""

app = typer.Typer(help="The knowledge: import it, build its index, search it.", no_args_is_help=True)
app.command("import")(import_articles)
app.command()(tune)
app.command()(history)
app.command()(rollback)
app.command()(diff)
app.command()(gaps)
app.command()(review)


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
    lang: Annotated[
        str | None, typer.Option(help="The person's language; the workspace's first one when left out.")
    ] = None,
    as_agent: Annotated[bool, typer.Option("--as-agent", help="Find what is for agents too.")] = False,
) -> None:
    """Shows what a question finds today, with scores, and what is withheld and why."""
    settings = load_settings()
    content = parse(read_folder(settings.workspace))
    if desk is not None and desk not in content.desks:
        raise ConfigurationError(
            "--desk", f"there is no desk {desk!r}; there are {', '.join(content.desks)}."
        )
    language = lang or content.languages[0]
    encoder, searcher = open_built(settings, content)
    vector = encoder.encode([question])[0]
    for desk_id in [desk] if desk else list(content.desks):
        reader = Reader(day=content.desks[desk_id].day(SystemClock().now()), is_agent=as_agent)
        ask = partial(searcher.search, question, lambda: vector, desk=desk_id, language=language)
        found = ask(reader=reader)
        table = Table(title=f"{desk_id}", title_justify="left", box=None)
        for name in ("confidence", "meaning", "spelling", "", "id", "nearest"):
            table.add_column(
                name, justify="right" if name in ("confidence", "meaning", "spelling") else "left"
            )
        for hit in found.hits:
            scores = (f"{hit.confidence:.2f}", f"{hit.cosine:.2f}", f"{hit.lexical:.2f}")
            table.add_row(*scores, hit.kind, f"{hit.id}.{hit.language}", hit.matched)
        out.print(table)
        for name, reason in _withheld(content.articles, desk_id, ask(k=_LOOKED_AT).hits, reader).items():
            out.print(f"[yellow]withheld[/yellow] {name}: {reason}", highlight=False)


def _withheld(
    articles: Mapping[tuple[str, str, str], Document], desk: str, hits: Sequence[Hit], reader: Reader
) -> Mapping[str, str]:
    """Which versions of the articles that a search finds are not shown to a reader, and why."""
    found = [hit.id for hit in hits if hit.kind == "article"]
    versions = [each for id in found for key, each in articles.items() if key[:2] == (desk, id)]
    reasons = {f"{each.id}.{each.language}": each.withheld(reader) for each in versions}
    return {name: reason for name, reason in reasons.items() if reason is not None}
