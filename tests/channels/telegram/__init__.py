"""Tests of the Telegram channel, against a server that speaks the Bot API."""
