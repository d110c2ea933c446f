"""Sentence encoders: text in, embeddings out."""
