"""The console: the pages on which agents answer people."""

from handoff.console.deps import Changes, ConsoleDeps
from handoff.console.passwords import hash_password
from handoff.console.routes import console_routes
from handoff.console.sessions import session_of

__all__ = ["Changes", "ConsoleDeps", "console_routes", "hash_password", "session_of"]
