"""The knowledge base on the web, and the versions of its articles."""
