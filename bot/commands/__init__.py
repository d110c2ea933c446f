"""The commands of `relais`, one module a group."""
