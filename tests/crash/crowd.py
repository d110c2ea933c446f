"""People who write: each of them numbers their messages, and Telegram sometimes delivers one again."""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.content.files import read_folder
from bot.content.workspace import parse
from config.settings import DEMO_WORKSPACE

Update = Mapping[str, Any]

DESK = "sav"
_FIRST_CHAT = 50_001
_AROUND = ("Bonjour", "Merci", "Aide", "Bonsoir", "Merci beaucoup")
_REPEATED = 0.04
"""Share of the updates that the platform delivers once more of its own accord."""


@dataclass(frozen=True)
class Size:
    """How much is written, and how often somebody is killed.

    Args:
        chats: people who write.
        each: messages of each.
        kills: how often a process is killed.
        is_short: the form that runs with every test: each kill meets sends, and nothing else happens.
    """

    chats: int
    each: int
    kills: int
    is_short: bool = False


class Crowd:
    """Writes what the bot answers by itself: small talk, a command, questions to the knowledge base.

    Args:
        rng: decides who writes when, and what.
        chats: how many people.
        each: messages of each; numbered from 1, which is their id on the platform.
    """

    def __init__(self, rng: random.Random, *, chats: int, each: int) -> None:
        self._rng = rng
        self.chats = range(_FIRST_CHAT, _FIRST_CHAT + chats)
        self.each = each
        self.repeated = 0
        self._order = [chat for chat in self.chats for _ in range(each)]
        rng.shuffle(self._order)
        self._questions = _questions()
        self._numbers = dict.fromkeys(self.chats, 0)
        self._again: list[Update] = []

    @property
    def messages(self) -> int:
        """How many are written in all."""
        return len(self.chats) * self.each

    def __str__(self) -> str:
        return f"{self.messages} messages ({self.repeated} delivered again)"

    def bursts(self, count: int) -> Iterator[list[Update]]:
        """Everything that is written, in so many bursts of about the same size."""
        size = -(-len(self._order) // count)
        for start in range(0, len(self._order), size):
            yield [*self._take_again(), *map(self._write, self._order[start : start + size])]

    def _write(self, chat: int) -> Update:
        self._numbers[chat] += 1
        update = _update(chat, self._numbers[chat], self._text())
        if self._rng.random() < _REPEATED:
            self._again.append(update)
        return update

    def _text(self) -> str:
        return self._rng.choice(_AROUND if self._rng.random() < 0.5 else self._questions)

    def _take_again(self) -> list[Update]:
        again, self._again = self._again, []
        self.repeated += len(again)
        return again


def _questions() -> list[str]:
    """Titles of articles, so that the bot is sure of its answer whatever is said before and after."""
    articles = parse(read_folder(DEMO_WORKSPACE)).articles
    return [
        document.title
        for (desk, _, language), document in articles.items()
        if (desk, language) == (DESK, "fr")
    ]


def _update(chat: int, number: int, text: str) -> Update:
    person = {"id": chat, "is_bot": False, "first_name": f"Person {chat}", "language_code": "fr"}
    return {
        "message": {
            "message_id": number,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": person["first_name"]},
            "date": int(time.time()),
            "text": text,
        }
    }
