"""From a query to candidate documents: evidence for each, fused into one score."""
