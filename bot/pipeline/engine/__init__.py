"""Engines: what wakes a worker for a conversation, now or at a given time."""
