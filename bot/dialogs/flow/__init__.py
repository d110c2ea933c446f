"""Flows: reading them from files, checking them, walking through them."""
