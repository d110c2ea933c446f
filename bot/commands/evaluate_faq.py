"""relais eval faq: how well questions find what answers them, on anyone's labelled questions."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.shared import out, progress
from bot.evaluation.bootstrap import to_json
from bot.evaluation.faq import evaluate, read_documents, read_questions
from bot.knowledge import open_encoder
from config.settings import load_settings


def faq(
    docs: Annotated[Path, typer.Option(help='Lines of {"id", "title", "text"}.')],
    queries: Annotated[Path, typer.Option(help='Lines of {"text", "doc_ids"}.')],
    oos: Annotated[Path | None, typer.Option(help='Lines of {"text"} that nothing answers.')] = None,
    target_error: Annotated[
        float | None,
        typer.Option(min=0.005, max=0.5, help="Share of the answers given that may be wrong: also decides."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Prints one JSON object.")] = False,
) -> None:
    """Measures how well questions find what answers them."""
    documents = read_documents(docs)
    known = {document.id: document for document in documents}
    questions = read_questions(queries, known) + (read_questions(oos, None) if oos else [])
    settings = load_settings()
    with progress("Loading the model") as show:
        encoder = open_encoder(settings.encoder, settings.data_dir)
        report = evaluate(documents, questions, encoder, target=target_error, progress=show)
    if as_json:
        print(to_json(dict(report.figures), latency_ms_p50=round(report.latency_ms_p50, 2)))
        return
    table = Table(title=f"{len(documents)} documents, {len(questions)} questions", box=None)
    table.add_column("")
    table.add_column("value [95 % interval]", justify="right")
    for name, figure in report.figures.items():
        table.add_row(name, str(figure).replace("[", r"\["))
    table.add_row("milliseconds a question (median)", f"{report.latency_ms_p50:.1f}")
    out.print(table)
    if report.threshold is not None:
        out.print(f"Answers from confidence {report.threshold:.2f}, learnt on the other half.")
