"""Measures answers and understanding on labelled questions, so that anyone can repeat the figures."""
