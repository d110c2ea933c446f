"""What the rest of the product reads of the content that is served at the moment."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.desk import Desk
from bot.i18n.phrases import Phrases


class CurrentContent(Protocol):
    """The newest release; it may change between two reads, so nothing of it is kept."""

    @property
    def name(self) -> str:
        """Of the organisation."""

    @property
    def languages(self) -> Sequence[str]:
        """The first is the default."""

    @property
    def desks(self) -> Mapping[str, Desk]:
        """By id."""

    @property
    def phrases(self) -> Phrases:
        """The product's own, overridden by the workspace's."""

    @property
    def release_id(self) -> int:
        """Rises with each release."""
