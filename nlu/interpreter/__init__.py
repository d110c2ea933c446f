"""Interpreters: the protocol, its result, and the engine that runs inside the product."""
