"""The index: embeddings, lexicon, manifest."""
