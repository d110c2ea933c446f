"""What the Telegram channel itself says, in every language."""

from pathlib import Path

from bot.i18n.texts import Texts

TEXTS = Texts.read(Path(__file__).parent, otherwise="fr")
COMMANDS = Texts.read(Path(__file__).parent, otherwise="fr", name="commands")
"""Descriptions by command, shown in the chat's menu."""
