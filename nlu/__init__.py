"""Understanding of a message: its language, intent and entities."""
