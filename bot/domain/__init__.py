"""Messages, conversations, cases and turns: the words of the product, importing nothing of ours."""
