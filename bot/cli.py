"""The command `relais`."""

import sys

from bot.commands import app
from bot.domain.errors import ContentErrors, RelaisError


def main() -> int:
    """Runs a command; errors of ours are told in a sentence, without a traceback."""
    try:
        app(standalone_mode=True)
    except ContentErrors as exc:
        _complain([str(error) for error in exc.errors])
    except RelaisError as exc:
        _complain([str(exc)])
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(lines: list[str]) -> None:
    for line in lines:
        print(f"relais: {line}", file=sys.stderr)
