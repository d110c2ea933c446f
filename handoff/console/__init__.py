"""The console: the pages on which agents answer people."""

from handoff.console.deps import ChangeNotifier, ConsoleDeps
from handoff.console.login.passwords import hash_password
from handoff.console.login.sessions import session_of
from handoff.console.routes import console_routes

__all__ = ["ChangeNotifier", "ConsoleDeps", "console_routes", "hash_password", "session_of"]
