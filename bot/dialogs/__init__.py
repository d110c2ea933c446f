"""The dialogue: what the bot decides to say, and why."""
