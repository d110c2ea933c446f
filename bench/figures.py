"""Collects figures and prints them as one table."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table


class Figures:
    """Rows of a table, in the order in which they were measured."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str]] = []
        self._console = Console(width=120)

    def heading(self, text: str) -> None:
        """Begins a part."""
        self._rows.append((text, "", ""))
        self._console.print(f"[dim]{text} …[/dim]")

    def add(self, what: str, value: str, goal: str = "") -> None:
        """One figure, and the goal beside it."""
        self._rows.append((f"  {what}", value, goal))
        self._console.print(f"[dim]  {what}: {value}[/dim]")

    def show(self) -> None:
        """Prints everything."""
        table = Table(box=None, pad_edge=False)
        for name in ("", "measured", "goal"):
            table.add_column(name, justify="left" if not name else "right")
        for what, value, goal in self._rows:
            table.add_row(what if value else f"\n[bold]{what}[/bold]", value, goal)
        self._console.print(table)


def percentiles(seconds: Sequence[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    p50, p95, p99 = np.percentile(np.asarray(seconds) * 1000, [50, 95, 99])
    return f"p50 {p50:.1f} · p95 {p95:.1f} · p99 {p99:.1f} ms"
