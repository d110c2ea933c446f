"""Intents: training data, classifier, patterns."""
