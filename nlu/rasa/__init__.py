"""The Rasa NLU project: what it is trained on, and how its own process is run."""
