"""Relais: a level-1 support bot and live-chat bridge."""
