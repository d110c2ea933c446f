"""What the commands share on the terminal: the workspace's argument, tables, progress, the next step.

Light to import: `relais serve` begins to load its models before anything heavy.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Workspace = Annotated[
    Path | None, typer.Argument(help="Folder of the content; the demo when left out.", show_default=False)
]

out = Console()
err = Console(stderr=True)


@contextmanager
def progress(beginning: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error, removed at the end; yields a callback (what, done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(beginning, total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield show


def next_step(text: str) -> None:
    """Ends a command with the next useful one."""
    out.print(f"\n[dim]Next:[/dim] {text}")
