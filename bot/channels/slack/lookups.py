"""What must be asked of Slack about a message before it is passed on: who wrote it, and to whom.

Answers are kept for a while, and one question is asked once however many messages wait for it, so that
messages keep their order.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.channels.slack.api import SlackApi
from bot.channels.slack.parse import Heard
from bot.domain.errors import DeliveryError, RejectedError

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SIZE = 10_000
_PERSON_S = 3600.0
_UNKNOWN_PERSON_S = 60.0
_PERSON_WAIT_S = 0.8
_THREAD_WAIT_S = 2.0
_THREAD_S = 60.0
"""How long a person counts as a bystander of a thread before it is looked at again. Mentions received
here count at once; this is for those that another process received."""


class Remembered(Generic[K, V]):
    """Values by key, fetched once and kept for a time; the least recently used go first.

    Args:
        fetch: asks for a value.
        keep_s: seconds that a value stays good.
    """

    def __init__(self, fetch: Callable[[K], Awaitable[V]], keep_s: Callable[[V], float]) -> None:
        self._fetch = fetch
        self._keep_s = keep_s
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._running: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, *, wait_s: float) -> V:
        """The value.

        Raises:
            TimeoutError: after `wait_s`; the question goes on, for the next who asks.
        """
        known = self._values.get(key)
        if known is not None and known[1] > time.monotonic():
            self._values.move_to_end(key)
            return known[0]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._ask(key))
            task.add_done_callback(_retrieve)
        return await asyncio.wait_for(asyncio.shield(task), wait_s)

    async def close(self) -> None:
        """Stops asking."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _ask(self, key: K) -> V:
        try:
            value = await self._fetch(key)
        finally:
            self._running.pop(key, None)
        self._values[key] = (value, time.monotonic() + self._keep_s(value))
        while len(self._values) > _SIZE:
            self._values.popitem(last=False)
        return value


def _retrieve(task: "asyncio.Task[V]") -> None:
    """Marks a failure as seen, when nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True, kw_only=True)
class Person:
    """What Slack tells about a user.

    Args:
        name: what to call them, None when it could not be had.
        language: two letters, None when unknown.
    """

    name: str | None = None
    language: str | None = None


class People:
    """Names and languages of users, by users.info; not knowing them is no error."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._known: Remembered[str, Person] = Remembered(
            self._fetch, lambda person: _PERSON_S if person.name else _UNKNOWN_PERSON_S
        )

    async def get(self, user: str) -> Person:
        """Who it is, within a second."""
        try:
            return await self._known.get(user, wait_s=_PERSON_WAIT_S)
        except TimeoutError:
            return Person()

    async def close(self) -> None:
        """Stops asking."""
        await self._known.close()

    async def _fetch(self, user: str) -> Person:
        try:
            answer = await self._api.call("users.info", {"user": user, "include_locale": "true"})
        except DeliveryError as exc:
            logger.warning("slack user not looked up", extra={"reason": exc.code})
            return Person()
        told = answer.get("user")
        told = told if isinstance(told, dict) else {}
        profile = told.get("profile")
        profile = profile if isinstance(profile, dict) else {}
        names = (
            profile.get("display_name"),
            profile.get("real_name"),
            told.get("real_name"),
            told.get("name"),
        )
        name = next((name.strip()[:100] for name in names if isinstance(name, str) and name.strip()), None)
        locale = told.get("locale")
        return Person(name=name, language=locale[:2].lower() if isinstance(locale, str) and locale else None)


@dataclass(frozen=True)
class _Thread:
    users: set[str] = field(default_factory=set)


class Threads:
    """Who talks with the bot in which thread of a channel: those who mentioned it there.

    Without this, each follow-up would have to name the bot; and with less, what colleagues say to one
    another would reach it. Slack is asked once a thread (conversations.replies).
    """

    def __init__(self, api: SlackApi, is_mention: Callable[[str], bool]) -> None:
        self._api = api
        self._is_mention = is_mention
        self._known: Remembered[tuple[str, str], _Thread] = Remembered(self._fetch, lambda _: _THREAD_S)
        self._mentioned: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def joined(self, heard: Heard) -> None:
        """Its author named us, and so takes part from now on."""
        if heard.thread is not None:
            self._mentioned[heard.channel, heard.thread, heard.message.user] = None
            self._mentioned.move_to_end((heard.channel, heard.thread, heard.message.user))
            while len(self._mentioned) > _SIZE:
                self._mentioned.popitem(last=False)

    async def takes_part(self, heard: Heard) -> bool:
        """Whether the author of a message in a thread has named us there.

        Raises:
            DeliveryError, TimeoutError: Slack gives no answer now.
        """
        if heard.thread is None:
            return False
        user = heard.message.user
        if (heard.channel, heard.thread, user) in self._mentioned:
            self._mentioned.move_to_end((heard.channel, heard.thread, user))
            return True
        thread = await self._known.get((heard.channel, heard.thread), wait_s=_THREAD_WAIT_S)
        if user in thread.users:
            self.joined(heard)
        return user in thread.users

    async def close(self) -> None:
        """Stops asking."""
        await self._known.close()

    async def _fetch(self, key: tuple[str, str]) -> _Thread:
        channel, ts = key
        thread = _Thread()
        try:
            async for said in self._api.history(channel, ts, since=0):
                user, text = said.get("user"), said.get("text")
                if isinstance(user, str) and isinstance(text, str) and self._is_mention(text):
                    thread.users.add(user)
        except RejectedError as exc:
            # Not allowed to read here: then only mentions are heard.
            logger.warning("slack thread not readable", extra={"reason": exc.reason})
        return thread
