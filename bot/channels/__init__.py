"""Channels: how people on Slack, Telegram, the web and the terminal reach the bot."""
