"""Reading a message: which words are the person's own, what they answer, and what they ask."""
