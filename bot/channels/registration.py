"""How a platform makes itself known to the rest of the product: name, settings, how its channel is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from bot.domain.desk import Desk
from bot.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.channels.base import Channel

ENV_PREFIX = "RELAIS_"
"""Begins the name of each environment variable of the product."""


class ChannelSettings(BaseModel):
    """What the settings of every platform hold.

    Args:
        desk: id of the desk that answers; None leaves the choice to the workspace, see `answering_desk`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    desk: str | None = None


S = TypeVar("S", bound=ChannelSettings)


@dataclass(frozen=True, kw_only=True)
class Registration(Generic[S]):
    """A platform, as the settings, the composition root, the start page and `relais doctor` know it.

    Args:
        kind: its `Channel.kind`, and the name of its section of the settings.
        label: what people call it.
        settings: the type of its section.
        make_channel: makes its channel; imports the platform's library only when called.
        required: settings that a person must give first, in the usual case.
        credentials: settings of which at least one is given when the platform is configured; a section
            with none of them, as in an unchanged copy of `.env.example`, counts as absent.
        guide: the page of the documentation that says how to connect it.
    """

    kind: str
    label: str
    settings: type[S]
    make_channel: Callable[[S], "Channel"]
    required: tuple[str, ...]
    credentials: frozenset[str]
    guide: str

    @property
    def required_variables(self) -> tuple[str, ...]:
        """The environment variables of `required`."""
        return tuple(variable(self.kind, setting) for setting in self.required)


def variable(kind: str, setting: str) -> str:
    """The environment variable of a setting of a platform."""
    return f"{ENV_PREFIX}{kind}__{setting}".upper()


def answering_desk(kind: str, chosen: str | None, desks: Mapping[str, Desk]) -> str:
    """The id of the desk that answers on a channel.

    It is the one that the settings name, else the one whose `channels` in relais.toml hold the channel,
    else the workspace's only desk.

    Args:
        kind: of the channel.
        chosen: what the settings say.
        desks: of the workspace, by id.

    Raises:
        ConfigurationError: the workspace has no such desk, or there are several and none is chosen.
    """
    if chosen is not None:
        if chosen in desks:
            return chosen
        problem = f"the workspace has no desk {chosen!r}; it has {', '.join(desks)}."
        raise ConfigurationError(variable(kind, "desk"), problem)
    candidates = [desk.id for desk in desks.values() if kind in desk.channels] or list(desks)
    if len(candidates) > 1:
        raise ConfigurationError(
            variable(kind, "desk"),
            f"the workspace has the desks {', '.join(desks)}: set this to the one that answers, or give that "
            f'one `channels = ["{kind}"]` in relais.toml.',
        )
    return candidates[0]
