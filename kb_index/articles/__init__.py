"""Articles: reading them, and the documents that are indexed."""
