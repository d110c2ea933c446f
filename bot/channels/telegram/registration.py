"""Telegram, as the rest of the product knows it."""

from typing import TYPE_CHECKING

from bot.channels.registration import Registration
from bot.channels.telegram.settings import TelegramSettings

if TYPE_CHECKING:
    from bot.channels.base import Channel


def _make_channel(settings: TelegramSettings) -> "Channel":
    from bot.channels.telegram.adapter import TelegramChannel  # python-telegram-bot takes a while to import

    return TelegramChannel(settings)


TELEGRAM = Registration(
    kind="telegram",
    label="Telegram",
    settings=TelegramSettings,
    make_channel=_make_channel,
    required=("token",),
    credentials=frozenset({"token"}),
    guide="docs/telegram.md",
)
