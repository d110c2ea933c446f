"""The terminal as a channel: lines in, replies out."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from bot.channels.base import Capabilities, Channel
from bot.domain.messages import ButtonStyle, Command, InboundKind, InboundMessage, OutboundMessage, Reply

_COMMANDS = {
    "/start": Command.START,
    "/aide": Command.HELP,
    "/help": Command.HELP,
    "/humain": Command.HUMAN,
    "/human": Command.HUMAN,
}
_REMEMBERED = 1000
"""Ids of replies shown, so that one sent twice is not shown twice."""


class TerminalChannel(Channel):
    """A chat of one person in a terminal.

    Args:
        desk: id of the desk.
        on_reply: shows a reply; called once for each.
        user: who writes, so that a conversation can go on another day; a new person by default.
        language: "fr" or "en" as long as nothing was said.
    """

    kind = "terminal"
    capabilities = Capabilities(buttons=False, typing=False, finds_sent=True, max_chars=20_000)

    def __init__(
        self,
        desk: str,
        on_reply: Callable[[OutboundMessage], None],
        *,
        user: str | None = None,
        language: str | None = None,
    ) -> None:
        self.account = f"terminal:{desk}"
        self._on_reply = on_reply
        self._user = user or f"t{secrets.token_hex(8)}"
        self._language = language
        self._session = secrets.token_hex(8)
        self._heard = 0
        self._shown: OrderedDict[str, None] = OrderedDict()
        self._last: Reply | None = None

    async def open(self) -> None:
        """Nothing to connect to."""

    async def send(self, message: OutboundMessage) -> str:
        if message.id not in self._shown:
            self._shown[message.id] = None
            if len(self._shown) > _REMEMBERED:
                self._shown.popitem(last=False)
            self._last = message.reply
            self._on_reply(message)
        return message.id

    async def close(self) -> None:
        """Nothing to let go of."""

    @property
    def user(self) -> str:
        """The person's id, which is also the address of the chat."""
        return self._user

    def hear(self, line: str) -> InboundMessage | None:
        """Makes a message of a typed line; None when it is blank.

        A number is sent as it is: the dialogue knows its choices. The label of a small offer under the
        last reply ("Ça m'a aidé") presses it, and /aide, /humain, /start are commands.
        """
        text = line.strip()
        if not text:
            return None
        command = _COMMANDS.get(text.lower())
        if command is not None:
            return self._message(InboundKind.COMMAND, text, command)
        for button in self._last.buttons if self._last else ():
            if button.style is ButtonStyle.QUIET and _alike(button.label) == _alike(text):
                return self._message(InboundKind.PRESS, button.label, button.value)
        return self._message(InboundKind.TEXT, text, None)

    def _message(self, kind: InboundKind, text: str, value: str | None) -> InboundMessage:
        self._heard += 1
        return InboundMessage(
            account=self.account,
            kind=kind,
            key=f"{self._session}:{self._heard}",
            chat=self._user,
            user=self._user,
            text=text,
            value=value,
            language=self._language,
            sent_at=datetime.now(UTC),
        )


def _alike(label: str) -> str:
    return label.casefold().replace("’", "'").rstrip(" ?!.")
