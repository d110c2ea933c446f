"""What the database layer promises, on both databases."""
