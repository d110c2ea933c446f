"""Business time: opening hours, service levels, priority."""
