"""Languages: phrases, dates, numbers, plurals, typography."""
