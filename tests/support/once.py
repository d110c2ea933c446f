"""What is costly and never changes is made once for the run, whichever process needs it first."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Makes the content of a folder, unless another process of this run has; meanwhile the others wait.

    Args:
        folder: where it goes, under the folder that all processes of the run share; read only from then on.
        make: fills the folder, which exists and is empty.
    """
    done = folder.with_name(f"{folder.name}.done")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
