"""relais kb tune: an encoder tuned to the organisation's own questions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from bot.commands.extras import require
from bot.commands.stored import is_stored, read_stored
from bot.commands.terminal import Workspace, next_step, out, progress
from bot.content.files import read_folder
from bot.content.knowledge import open_encoder
from bot.content.workspace import parse
from bot.domain.errors import ConfigurationError
from bot.quality.evaluation.bootstrap import Estimate
from bot.quality.replay import asked_questions
from bot.storage.unit_of_work import UnitOfWork
from config.settings import load_settings
from nlu.encoders.adapter import tuned_file, write_tuned

if TYPE_CHECKING:
    from bot.quality.tuning import Material, Name, TuningResult


def tune(
    workspace: Workspace = None,
    undo: Annotated[bool, typer.Option("--undo", help="Go back to the encoder as it comes.")] = False,
) -> None:
    """Tunes the encoder to a workspace's own questions; keeps the result only if it is surely better.

    It learns from other ways of asking with titles and texts, from the triggers of flows, and from questions
    of people who said that the answer helped. It is judged by articles that were held out of training: with
    the labelled questions of `questions/<desk>.yml` where there are 40 of them, else with the ways of asking.
    Kept is what puts the right article first more often, the lower 95 % bound of the difference above zero.

    Needs 40 ways of asking on 10 articles or flows, about 1 GB of memory and some minutes. What is kept is in
    the data folder; the index is built anew with it.
    """
    from bot.quality import tuning

    settings = load_settings(workspace=workspace)
    models = settings.data_dir / "models"
    if undo:
        _undo(models)
        return
    require("tune")
    content = parse(read_folder(settings.workspace))
    confirmed = read_stored(settings, _confirmed, nothing="") if is_stored(settings) else {}
    material = tuning.gather(content.documents, content.questions, confirmed)
    _refuse_too_little(material)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with progress("Loading the model") as show:
        encoder = open_encoder(settings.encoder, settings.data_dir, tuned=False)
        adapter, verdict = tuning.tune(material, encoder, show)
    _print(material, verdict)
    if verdict.helps:
        write_tuned(models, encoder, adapter)
        out.print(f"Kept in {tuned_file(models)}. `relais kb tune --undo` goes back.", highlight=False)
        next_step("relais kb build, then restart relais serve")
    else:
        out.print(_not_kept(verdict), highlight=False)
        if tuned_file(models).exists():
            out.print("What was tuned before stays in use; `relais kb tune --undo` does without it.")


def _confirmed(unit: UnitOfWork) -> Mapping["Name", Sequence[str]]:
    """Questions of people who said that the answer helped, by what answered them."""
    found: dict[Name, list[str]] = {}
    for asked in asked_questions(unit):
        if asked.solved_by is not None:
            found.setdefault((asked.desk, *asked.solved_by), []).append(asked.text)
    return found


def _undo(models: Path) -> None:
    path = tuned_file(models)
    if not path.exists():
        out.print("Nothing is tuned: the encoder is in use as it comes.")
        return
    path.unlink()
    out.print("The encoder is in use as it comes again.")
    next_step("relais kb build, then restart relais serve")


def _refuse_too_little(material: "Material") -> None:
    from bot.quality.tuning import LEAST_DOCUMENTS, LEAST_QUESTIONS

    questions, documents = material.missing
    if not questions and not documents:
        return
    what = f"about {questions} more ways of asking" if questions else "ways of asking"
    where = f", on {documents} more articles or flows" if documents else ""
    raise ConfigurationError(
        "relais kb tune",
        f"there is too little to learn from: write {what}{where} (`ask:` in the head of an article). "
        f"At least {LEAST_QUESTIONS} on {LEAST_DOCUMENTS} articles or flows are needed. Nothing was changed.",
    )


def _print(material: "Material", verdict: "TuningResult") -> None:
    learnt, judged = f"{material.questions:,} questions to learn from", f"{verdict.judges:,}"
    out.print(f"{learnt}, and {judged} that ask for what was held out:", highlight=False)
    table = Table(box=None)
    table.add_column("")
    table.add_column(r"right one first \[95 % interval]", justify="right")
    for name, figure, sign in (
        ("before", verdict.before, ""),
        ("after", verdict.after, ""),
        ("difference", verdict.difference, "+"),
    ):
        table.add_row(name, _shown(figure, sign))
    out.print(table)


def _shown(figure: Estimate, sign: str) -> str:
    """With four decimals, so that a bound that is just above zero is seen to be.

    Args:
        sign: "+" shows that of a positive one too.
    """
    value, low, high = (f"{part or 0:{sign}.4f}" for part in (figure.value, figure.low, figure.high))
    return rf"{value} \[{low}, {high}]"


def _not_kept(verdict: "TuningResult") -> str:
    missing = verdict.missing
    if missing is None:
        return "Not kept: it is no better for articles that it has not seen. Nothing was changed."
    return (
        "Not kept: the difference may be chance, as its lower bound is not above zero. Nothing was changed. "
        f"If it is real, about {missing:,} more labelled question{'' if missing == 1 else 's'} "
        "(questions/<desk>.yml) would show it."
    )
