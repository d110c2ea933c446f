"""Slack: direct messages, mentions in channels, buttons and slash commands."""
