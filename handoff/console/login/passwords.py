"""Passwords: argon2 hashes, checked off the event loop in the same time whether the email is known or not."""

import asyncio
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 2
"""Each check takes 64 MiB and a core for tens of milliseconds: more at once would starve the pages."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash with the library's current parameters."""
    return _hasher.hash(password)


@dataclass(frozen=True)
class Checked:
    """What came of a check.

    Args:
        right: the password fits.
        rehashed: a new hash to store, when the old one was made with weaker parameters.
    """

    right: bool
    rehashed: str | None = None


class Passwords:
    """Checks passwords, a few at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._decoy: str | None = None

    async def check(self, known_hash: str | None, password: str) -> Checked:
        """Compares; an unknown account (None) costs as much as a known one."""
        async with self._room:
            return await asyncio.to_thread(self._check, known_hash, password)

    def _check(self, known_hash: str | None, password: str) -> Checked:
        if self._decoy is None:
            self._decoy = _hasher.hash("decoy")
        try:
            _hasher.verify(known_hash or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return Checked(False)
        if known_hash is None:
            return Checked(False)
        return Checked(True, _hasher.hash(password) if _hasher.check_needs_rehash(known_hash) else None)
