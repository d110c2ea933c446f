"""Tests of the terminal channel."""
