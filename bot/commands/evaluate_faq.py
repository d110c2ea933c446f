"""relais eval faq: how well questions find what answers them, on anyone's labelled questions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.terminal import out, progress
from bot.content.knowledge import open_encoder
from bot.quality.evaluation.bootstrap import to_json
from bot.quality.evaluation.faq import FaqReport, evaluate, read_documents, read_questions
from config.settings import load_settings
from nlu.encoders.encoder import Encoder


def faq(
    docs: Annotated[Path, typer.Option(help='Lines of {"id", "title", "text"}.')],
    queries: Annotated[Path, typer.Option(help='Lines of {"text", "doc_ids"}.')],
    oos: Annotated[Path | None, typer.Option(help='Lines of {"text"} that nothing answers.')] = None,
    target_error: Annotated[
        float | None,
        typer.Option(min=0.005, max=0.5, help="Share of the answers given that may be wrong: also decides."),
    ] = None,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune", help="Tunes the encoder to the documents first, never to the questions; shows both."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Prints one JSON object.")] = False,
) -> None:
    """Measures how well questions find what answers them."""
    documents = read_documents(docs)
    known = {document.id: document for document in documents}
    questions = read_questions(queries, known) + (read_questions(oos, None) if oos else [])
    settings = load_settings()
    with progress("Loading the model") as show:
        encoder = open_encoder(settings.encoder, settings.data_dir, tuned=not tune)

        def measured(by: Encoder) -> FaqReport:
            return evaluate(documents, questions, by, target=target_error, progress=show)

        if tune:
            from bot.quality.tuning import tuned_to  # Not at the top: serving does without it.

            tuned = measured(tuned_to(documents, encoder, show))
            reports = {"tuned": tuned} if as_json else {"untuned": measured(encoder), "tuned": tuned}
        else:
            reports = {"value": measured(encoder)}
    if as_json:
        (report,) = reports.values()
        print(to_json(dict(report.figures), latency_ms_p50=round(report.latency_ms_p50, 2)))
        return
    out.print(_table(f"{len(documents)} documents, {len(questions)} questions", reports))
    for name, report in reports.items():
        if report.threshold is not None:
            whose = "" if name == "value" else f" ({name})"
            out.print(f"Answers from confidence {report.threshold:.2f}, learnt on the other half{whose}.")


def _table(title: str, reports: Mapping[str, FaqReport]) -> Table:
    """A row for each figure, a column for each report."""
    table = Table(title=title, box=None)
    table.add_column("")
    for name in reports:
        table.add_column(rf"{name} \[95 % interval]", justify="right")
    for figure in next(iter(reports.values())).figures:
        values = [str(report.figures[figure]).replace("[", r"\[") for report in reports.values()]
        table.add_row(figure, *values)
    times = [f"{report.latency_ms_p50:.1f}" for report in reports.values()]
    table.add_row("milliseconds a question (median)", *times)
    return table
