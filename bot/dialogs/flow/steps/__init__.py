"""The kinds of steps. A new kind is one more file here; nothing else knows their names."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from bot.dialogs.flow.step import Step


def _kinds() -> Mapping[str, type[Step]]:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {kind.keyword: kind for kind in Step.__subclasses__()}


KINDS = _kinds()
"""By keyword."""
