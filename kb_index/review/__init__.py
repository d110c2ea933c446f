"""Looking over a knowledge base: near-duplicates, facts that disagree, recurring questions."""
