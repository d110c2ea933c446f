"""Telegram: private chats with one bot, by webhook or by long polling."""
