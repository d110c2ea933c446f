"""An agent: a person of the team who answers, with a login to the console."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A person who answers."""

    id: int
    email: str
    name: str
    language: str
    desks: tuple[str, ...]
    active: bool
