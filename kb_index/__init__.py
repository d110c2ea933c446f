"""The knowledge index: articles and flows in, the right one for a question out. Imports nothing else of ours."""
