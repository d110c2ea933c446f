"""What the dialogue remembers of a conversation."""
