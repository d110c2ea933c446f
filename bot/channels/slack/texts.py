"""What the Slack channel itself says, in every language."""

from pathlib import Path

from bot.i18n.texts import Texts

TEXTS = Texts.read(Path(__file__).parent, otherwise="en")
"""`command` begins the name of the slash command that is in this language."""
