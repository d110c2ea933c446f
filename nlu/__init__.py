"""Understanding of a message: its language, intent and entities. Imports nothing else of ours."""
