"""Understanding of a message: its language, intent and entities. A leaf: imports nothing else of ours."""
