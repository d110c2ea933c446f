"""Who the agents are: login, passwords, sessions, and the limit on login attempts."""
