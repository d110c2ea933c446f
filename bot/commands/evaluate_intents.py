"""relais eval intents: how well an engine tells intents apart, on anyone's labelled sentences."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.terminal import out, progress
from bot.content.knowledge import open_encoder
from bot.domain.errors import ConfigurationError, ContentError
from bot.quality.evaluation.bootstrap import to_json
from bot.quality.evaluation.engines import (
    Classifier,
    Encoded,
    LabelledSentence,
    Progress,
    Train,
    train_embedded,
)
from bot.quality.evaluation.intents import OUT_OF_SCOPE, IntentReport, counts, evaluate, read_examples
from bot.quality.evaluation.rasa import RasaEngine
from config.settings import load_settings
from nlu.rasa.client import RasaUnavailableError
from nlu.rasa.process import RasaMissingError

_NAMES = {
    "accuracy": "accuracy in scope, no threshold",
    "macro_f1": "macro-F1 in scope, no threshold",
    "auroc": "AUROC, in scope against out of scope",
    "mcc_best": "MCC at the best threshold",
    "accuracy_at": "accuracy in scope at the chosen threshold",
    "oos_recall_at": "out of scope recognised at it",
    "mcc_at": "MCC at it",
}


class Engine(StrEnum):
    """What can be measured."""

    EMBEDDED = "embedded"
    RASA = "rasa"


def intents(
    train: Annotated[Path, typer.Option(help='Lines of {"text", "intent"} to train on.')],
    test: Annotated[Path, typer.Option(help='The same, to measure on; "oos" is out of scope.')],
    val: Annotated[Path | None, typer.Option(help="The same, to choose the threshold on.")] = None,
    engine: Annotated[Engine, typer.Option(help="What to train and measure.")] = Engine.EMBEDDED,
    as_json: Annotated[bool, typer.Option("--json", help="Prints one JSON object.")] = False,
) -> None:
    """Measures how well intents are told apart, and what is for none of them."""
    examples, asked = read_examples(train), read_examples(test)
    held = read_examples(val) if val else []
    if len({one.intent for one in examples} - {OUT_OF_SCOPE}) < 2:
        raise ContentError(str(train), None, "there must be at least two intents.")
    with progress("Loading the model") as show, _trainer(engine, show) as trainer:
        report = evaluate(trainer, examples, asked, val=held, progress=show)
    if as_json:
        print(to_json(report.figures, latency_ms_p50=report.latency_ms_p50))
    else:
        _print(report, engine, {"train": examples, "test": asked, "val": held})


@contextmanager
def _trainer(engine: Engine, show: Progress) -> Iterator[Train]:
    """What trains the engine.

    Raises:
        ConfigurationError: it cannot be had; says what to do.
    """
    if engine is Engine.RASA:
        try:
            with RasaEngine(show) as rasa:
                yield rasa.train
        except RasaMissingError as exc:
            raise ConfigurationError("--engine rasa", str(exc)) from exc
        except RasaUnavailableError as exc:
            raise ConfigurationError("--engine rasa", f"Rasa stopped answering ({exc.reason}).") from exc
        return
    settings = load_settings()
    encode = Encoded(open_encoder(settings.encoder, settings.data_dir), show)

    def trained(examples: Sequence[LabelledSentence]) -> Classifier:
        return train_embedded(examples, encode)

    yield trained


def _print(report: IntentReport, engine: Engine, files: dict[str, Sequence[LabelledSentence]]) -> None:
    for name, examples in files.items():
        if examples:
            out.print(f"{name}: {counts(examples)}")
    table = Table(title=f"Intents, {engine}", title_justify="left", box=None)
    table.add_column("")
    table.add_column("value [95 % interval]", justify="right")
    for name, figure in report.figures.items():
        table.add_row(_NAMES[name], str(figure).replace("[", r"\["))
    table.add_row("milliseconds a sentence (median)", f"{report.latency_ms_p50:.1f}")
    out.print(table)
    out.print(f"The threshold, {report.threshold:.3f}, was chosen on {report.chosen_on}.")
