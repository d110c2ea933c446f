"""An article or a flow, by its id: what the dialogue's state refers to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Topic:
    """An article or a flow, named so that the reference outlives a turn.

    Args:
        kind: "article" or "flow".
    """

    kind: str
    id: str
