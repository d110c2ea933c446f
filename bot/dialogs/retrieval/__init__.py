"""Asking the knowledge base, and the policy on what it finds."""
