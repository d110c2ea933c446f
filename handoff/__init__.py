"""Handoff: the queue, the agents, and the console where they answer."""
