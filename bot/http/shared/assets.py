"""Static files whose addresses hold a hash of their content, so that browsers may keep them for good."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_YEAR_S = 365 * 24 * 3600


class Assets(StaticFiles):
    """The files of some folders, served under one path.

    Args:
        path: where they are mounted, such as "/static".
        folders: searched in this order.
    """

    def __init__(self, path: str, *folders: Path) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)
        self.path = path
        self.address = cache(self._address)

    def _address(self, name: str) -> str:
        """Where a file is served; it changes with the file's content.

        Raises:
            FileNotFoundError: no folder has it.
        """
        found = next(
            (each for folder in self.all_directories if (each := Path(folder) / name).is_file()), None
        )
        if found is None:
            raise FileNotFoundError(name)
        return f"{self.path}/{name}?v={hashlib.sha256(found.read_bytes()).hexdigest()[:12]}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; kept for good by browsers when its address holds a hash."""
        response = await super().get_response(path, scope)
        hashed = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = f"public, max-age={_YEAR_S}, immutable" if hashed else "no-cache"
        return response
