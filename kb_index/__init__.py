"""The knowledge index: from a question to the article or flow that answers it."""
