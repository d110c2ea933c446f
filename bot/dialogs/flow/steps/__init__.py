"""The kinds of steps. A new kind is one more file here, and one entry of `KINDS`."""

from collections.abc import Mapping

from bot.dialogs.flow.steps.ask import Ask
from bot.dialogs.flow.steps.base import StepKind
from bot.dialogs.flow.steps.branch import Branch
from bot.dialogs.flow.steps.handoff import Handoff
from bot.dialogs.flow.steps.say import Say
from bot.dialogs.flow.steps.solved import Solved

_ALL: tuple[type[StepKind], ...] = (Ask, Branch, Handoff, Say, Solved)
KINDS: Mapping[str, type[StepKind]] = {kind.keyword: kind for kind in _ALL}
"""By keyword."""
