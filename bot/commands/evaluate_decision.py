"""relais eval decision: when the bot answers, asks back or fetches a person, and what that costs."""

from collections.abc import Sequence

from rich.table import Table

from bot.commands.terminal import Workspace, out
from bot.content.files import read_folder
from bot.content.knowledge import build_knowledge, open_encoder, open_knowledge
from bot.content.workspace import parse
from bot.domain.errors import ConfigurationError
from config.settings import load_settings
from kb_index.articles.errors import IndexUnusableError
from kb_index.calibration.learning import try_out
from kb_index.decision.thresholds import (
    CurvePoint,
    OperatingPoint,
    Outcomes,
    calibration_error,
    curve,
    decide,
)

_STEPS = tuple(round(0.95 - 0.05 * step, 2) for step in range(18))
_TARGETS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
_WIDTH = 40


def decision(workspace: Workspace = None) -> None:
    """Shows how many questions are answered, how many of the answers are wrong, and what a target costs."""
    settings = load_settings(workspace=workspace)
    content = parse(read_folder(settings.workspace))
    encoder = open_encoder(settings.encoder, settings.data_dir)
    try:
        knowledge = open_knowledge(content, settings.data_dir, model_id=encoder.model_id)
    except IndexUnusableError:
        out.print("Building the knowledge index…")
        build_knowledge(content, settings.data_dir, encoder)
        knowledge = open_knowledge(content, settings.data_dir, model_id=encoder.model_id)
    searcher = knowledge.searcher
    outcomes = try_out(searcher.index, searcher.manifest.scaling, content.questions, encoder.encode)
    if outcomes is None:
        raise ConfigurationError(
            "questions",
            f"{len(content.questions)} labelled questions are too few to decide by: write at least 40 that "
            "are answered and 30 that are not into questions/<desk>.yml.",
        )
    _print_curve(curve(outcomes, _STEPS))
    _print_decision(decide(outcomes, content.wrong_answers), outcomes)
    _print_targets([decide(outcomes, target) for target in _TARGETS])


def _print_curve(points: Sequence[CurvePoint]) -> None:
    table = Table(title="From which confidence to answer", title_justify="left", box=None)
    for name in ("confidence", "answered", "wrong", "at most (95 %)"):
        table.add_column(name, justify="right")
    table.add_column("answered █  wrong ░")
    for point in points:
        bar = "█" * round(_WIDTH * point.coverage * (1 - point.error))
        bar += "░" * round(_WIDTH * point.coverage * point.error)
        shares = (point.coverage, point.error, point.bound)
        table.add_row(f"{point.threshold:.2f}", *(f"{100 * share:.0f} %" for share in shares), bar)
    out.print(table)


def _print_decision(found: OperatingPoint, outcomes: Outcomes) -> None:
    out.print(
        f"\nTarget: {100 * found.target:g} % of the answers may be wrong. The bot answers from "
        f"{found.answer:.2f} and offers choices from {found.clarify:.2f}: {100 * found.coverage:.0f} % of "
        f"the questions in scope are answered, {100 * found.error:.0f} % of the answers are wrong."
    )
    if found.kept:
        out.print(f"Sure to 95 %: no more than {100 * found.bound:.1f} % are.")
    elif found.missing is None:
        out.print(
            "This target cannot be promised: too many answers are wrong. Better articles and ways of asking "
            "help, more labelled questions do not."
        )
    else:
        out.print(
            f"This target cannot be promised yet: about {found.missing:,} more labelled questions are needed."
        )
    out.print(
        f"{found.questions} labelled questions; calibration error {calibration_error(outcomes):.3f} (how far "
        "confidence is from how often it is right, on average).\n"
    )


def _print_targets(decisions: Sequence[OperatingPoint]) -> None:
    table = Table(title="At another target", title_justify="left", box=None)
    for name in ("may be wrong", "answers from", "answered", "wrong", "promised"):
        table.add_column(name, justify="right")
    for one in decisions:
        table.add_row(
            f"{100 * one.target:g} %",
            f"{one.answer:.2f}",
            f"{100 * one.coverage:.0f} %",
            f"{100 * one.error:.0f} %",
            "yes" if one.kept else "no",
        )
    out.print(table)
