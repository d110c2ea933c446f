"""Rasa NLU beside the embedded engine, against the real server."""
