"""Runs inside Rasa's own environment: a channel that nobody can write to.

Without a channel Rasa opens its REST webhook, which asks for no token.
"""

from rasa.core.channels.channel import InputChannel
from sanic import Blueprint


class NoChannel(InputChannel):  # type: ignore[misc]  # Rasa is not in this environment
    """Has no address."""

    @classmethod
    def name(cls):  # type: ignore[no-untyped-def]  # runs in Rasa's Python 3.10
        return "none"

    def blueprint(self, on_new_message):  # type: ignore[no-untyped-def]  # the same
        return Blueprint("no_channel")
