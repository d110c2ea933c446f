"""The platforms that Relais can be connected to: one line each."""

from typing import Any

from bot.channels.registration import Registration
from bot.channels.slack.registration import SLACK
from bot.channels.telegram.registration import TELEGRAM

PLATFORMS: tuple[Registration[Any], ...] = (SLACK, TELEGRAM)
"""In the order in which people see them; each has settings of a type of its own, hence Any."""
