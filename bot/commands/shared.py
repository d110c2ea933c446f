"""What the commands share: arguments and output."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Workspace = Annotated[
    Path | None, typer.Argument(help="Folder of the content; the demo when left out.", show_default=False)
]

out = Console()
err = Console(stderr=True)


def next_step(text: str) -> None:
    """Ends a command with the next useful one."""
    out.print(f"\n[dim]Next:[/dim] {text}")
