"""Tests of the web chat, over real sockets and the real SQLite store."""
