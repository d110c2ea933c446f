"""The web chat: a page, its posts, and the events that keep it current."""
