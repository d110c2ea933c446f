"""Entities: names and values in a message."""
