"""The way in: makes sure that our packages are ours before anything of them is imported.

The names `bot`, `config`, `handoff`, `nlu` and `kb_index` are common: another distribution in the same
environment may ship one of them and silently replace ours.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("config", "handoff", "kb_index", "nlu")
_UMASK = 0o077
"""Every file and folder that a command makes is its owner's alone: they hold what people wrote."""


def main() -> int:
    """Runs the command, unless a package of another distribution stands in for one of ours."""
    os.umask(_UMASK)
    home = Path(__file__).resolve().parent.parent
    for name in _PACKAGES:
        spec = find_spec(name)
        found = None if spec is None or spec.origin is None else Path(spec.origin).resolve()
        if found is None or found.parent != home / name:
            where = found or "nowhere"
            print(
                f"relais: the package {name!r} was found at {where}, not beside {home / 'bot'}. "
                "Install Relais in an environment of its own.",
                file=sys.stderr,
            )
            return 1
    from bot.cli import main as run

    return run()
