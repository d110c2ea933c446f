"""What the bot says and asks: each module words one kind of reply."""
