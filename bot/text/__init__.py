"""Text handling that every package may import: one copy of each helper."""
