"""The Bot API client: python-telegram-bot's, with errors that say whether anything was sent.

python-telegram-bot parses answers into its own classes and turns most failures into one NetworkError.
Two things need more: updates are wanted as they came (one odd update must not spoil its batch), and a
send must be known as refused, sent or in doubt.
"""

import json
import logging
import re
import ssl
from functools import cache
from typing import Any

import httpx
from pydantic import SecretStr
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.timeouts import Timeouts
from bot.domain.errors import (
    ChatMovedError,
    DeliveryError,
    RejectedError,
    RetryLaterError,
    UncertainError,
)

_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{3,}")
_UPDATE_ID = re.compile(rb'"update_id"\s*:\s*([0-9]{1,18})')
_KNOWN_BY_THE_LIBRARY = frozenset({400, 401, 403, 404, 409})
_NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, RuntimeError)
"""Causes under which no request left this machine; RuntimeError is a client already closed."""


class FloodError(TelegramError):
    """429: too much at once.

    Args:
        wait_s: seconds to wait, None when the server does not say.
    """

    def __init__(self, wait_s: float | None) -> None:
        super().__init__("too many requests")
        self.wait_s = wait_s


class StatusError(NetworkError):
    """An HTTP status that the Bot API does not document, mostly 5xx of something in between."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class UnreadableError(TelegramError):
    """A 200 whose body is no JSON, or JSON too deep to read.

    Args:
        first_update_id: of the updates in it, None when there is none.
    """

    def __init__(self, first_update_id: int | None) -> None:
        super().__init__("unreadable answer")
        self.first_update_id = first_update_id


class ApiRequest(HTTPXRequest):
    """The library's HTTP client, with the statuses that it would blur."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """See `telegram.request.BaseRequest.do_request`.

        Raises:
            FloodError: 429. The library's own RetryAfter warns of a deprecation whenever it is made.
            StatusError: a status outside of 2xx and of what the Bot API documents.
        """
        code, payload = await super().do_request(*args, **kwargs)
        if code == 429:
            raise FloodError(_retry_after(payload))
        if not 200 <= code <= 299 and code not in _KNOWN_BY_THE_LIBRARY:
            raise StatusError(code)
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Reads an answer. The library's own version logs the whole body of one it cannot read."""
        try:
            answer = json.loads(payload)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            found = _UPDATE_ID.search(payload)
            raise UnreadableError(int(found.group(1)) if found else None)
        return answer


class ApiBot(Bot):
    """The library's bot, which can also call a method and hand out the answer as it came."""

    __slots__ = ()

    async def call(self, method: str, read_timeout_s: float, **parameters: object) -> object:
        """Calls a method of the Bot API.

        Args:
            method: as Telegram spells it, such as "getUpdates".
            read_timeout_s: seconds to wait for the answer.
            parameters: the method's own; None ones are left out.

        Raises:
            TelegramError: see `to_delivery_error`.
        """
        answer: object = await self._post(method, dict(parameters), read_timeout=read_timeout_s)
        return answer

    async def _post(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._post(*args, **kwargs)
        except (KeyError, AttributeError) as exc:
            # The library takes for granted that an answer has the members that it should have.
            raise UnreadableError(None) from exc


def make_bot(token: SecretStr, api_url: str, timeouts: Timeouts) -> ApiBot:
    """A client for one token.

    httpx logs each address at INFO, token included, and the library logs parameters at DEBUG, message
    texts included: both are kept silent there, whatever the product's own level.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.INFO)

    def request(connections: int) -> ApiRequest:
        return ApiRequest(
            connection_pool_size=connections,
            connect_timeout=timeouts.connect_s,
            read_timeout=timeouts.read_s,
            write_timeout=timeouts.read_s,
            pool_timeout=timeouts.connect_s,
            httpx_kwargs={"verify": tls_context()},
        )

    return ApiBot(
        token.get_secret_value(),
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=request(64),
        get_updates_request=request(1),
    )


@cache
def tls_context() -> ssl.SSLContext:
    """One for all clients of the process: reading the certificates anew takes each 20 to 40 ms."""
    return httpx.create_ssl_context()


def to_chat_id(chat: str) -> int:
    """The Bot API's id of a chat.

    Raises:
        RejectedError: no chat of Telegram's has such an address.
    """
    try:
        return int(chat)
    except ValueError as exc:
        raise RejectedError("no chat of Telegram's") from exc


def to_delivery_error(error: TelegramError) -> DeliveryError:
    """What a failure means for the message that was being sent."""
    match error:
        case FloodError():
            return RetryLaterError(error.wait_s, "flood control")
        case ChatMigrated():
            return ChatMovedError(str(error.new_chat_id))
        case InvalidToken():
            return RejectedError("Telegram does not accept the token (or api_url is no Bot API server)")
        case Forbidden() | BadRequest():
            return RejectedError(reason(error))
        case StatusError(status=504):
            # A gateway that gave up waiting: whatever stands behind it may have sent the message.
            return UncertainError("HTTP 504")
        case StatusError():
            return RetryLaterError(None, error.message)
        case UnreadableError():
            return UncertainError(error.message)
        case NetworkError(__cause__=BaseException() as cause):
            name = type(cause).__name__
            return RetryLaterError(None, name) if isinstance(cause, _NOTHING_LEFT) else UncertainError(name)
    return RetryLaterError(None, reason(error))


def reason(error: TelegramError) -> str:
    """Telegram's own words for a failure, short and without the token."""
    return _TOKEN.sub("<token>", error.message)[:200]


def _retry_after(payload: bytes) -> float | None:
    try:
        wait_s = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return float(wait_s) if isinstance(wait_s, int | float) and 0 <= wait_s < 1e6 else None
