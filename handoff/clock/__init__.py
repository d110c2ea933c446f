"""Business time: opening hours, priority."""
