"""Typed settings, the defaults, and the demo workspace."""
