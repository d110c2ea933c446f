"""From a stored message to a delivered reply: accept, drain, deliver."""
