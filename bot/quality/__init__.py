"""Judging the content: conversation tests, replay, comparison, gaps, tuning, evaluation."""
