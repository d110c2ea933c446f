"""Slack, as the rest of the product knows it."""

from typing import TYPE_CHECKING

from bot.channels.registration import Registration
from bot.channels.slack.settings import SlackSettings

if TYPE_CHECKING:
    from bot.channels.base import Channel


def _make_channel(settings: SlackSettings) -> "Channel":
    from bot.channels.slack.adapter import SlackChannel  # slack_bolt and aiohttp take a while to import

    return SlackChannel(settings)


SLACK = Registration(
    kind="slack",
    label="Slack",
    settings=SlackSettings,
    make_channel=_make_channel,
    required=("bot_token", "app_token"),
    credentials=frozenset({"bot_token", "app_token", "signing_secret"}),
    guide="docs/slack.md",
)
