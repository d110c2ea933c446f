"""The turn: one message with all that a rule may look at."""
