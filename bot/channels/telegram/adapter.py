"""The Telegram channel: one bot, its private chats."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import BotCommand, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ChatAction, FileSizeLimit, ParseMode
from telegram.error import BadRequest, InvalidToken, TelegramError

from bot.channels.base import Accept, Capabilities, Channel
from bot.channels.telegram.api import ApiBot, make_bot, reason, tls_context, to_chat_id, to_delivery_error
from bot.channels.telegram.handler import BackgroundTasks, UpdateHandler
from bot.channels.telegram.parse import ALLOWED_UPDATES, Update, read_updates
from bot.channels.telegram.polling import Poller
from bot.channels.telegram.rate_limiter import RateLimiter
from bot.channels.telegram.render import MAX_UNITS, Part, render
from bot.channels.telegram.settings import WEBHOOK_PATH, TelegramSettings
from bot.channels.telegram.texts import COMMANDS
from bot.channels.telegram.timeouts import Timeouts
from bot.channels.telegram.webhook import Webhook
from bot.domain.errors import DeliveryError, RejectedError, RetryLaterError, UncertainError
from bot.domain.messages import Attachment, OutboundMessage

MAX_DOWNLOAD_BYTES = int(FileSizeLimit.FILESIZE_DOWNLOAD)
"""Bots cannot fetch more (core.telegram.org/bots/api, getFile)."""
MAX_REMEMBERED = 1000
"""Replies of several parts, sent in part, whose progress is kept for the next attempt; chats shown typing."""
_TYPING_LASTS_S = 4.0
"""Telegram shows it for five seconds; saying it anew at each message would double the requests."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class TelegramChannel(Channel):
    """One Telegram bot.

    Limits. Telegram allows about 30 messages a second overall and one a second in a chat, and says
    how long to wait when it is too much (core.telegram.org/bots/faq). The library's AIORateLimiter is
    not used: with retries it halts all chats for one chat's RetryAfter, without them it logs an error
    each time, it counts typing notices like messages, and its limit for groups holds a send for up to
    a minute. Here `RateLimiter` spreads messages over all chats and holds none for long, and a 429 goes up as
    RetryLaterError for the one message it answers; the outbox keeps that conversation's order and
    waits. With several processes each counts for itself: Telegram's 429 has the last word.

    Delivery. Telegram takes no idempotency key and has no look-up of what was sent, so a request that
    got no answer is UncertainError, and repeating it may show the message twice.

    Args:
        settings: its section.
        timeouts: waits and time-outs.
    """

    kind = "telegram"
    capabilities = Capabilities(buttons=True, typing=True, finds_sent=False, max_chars=MAX_UNITS)

    def __init__(self, settings: TelegramSettings, *, timeouts: Timeouts | None = None) -> None:
        self._settings = settings
        self._timeouts = timeouts or Timeouts()
        self._bot: ApiBot | None = None
        self._files: httpx.AsyncClient | None = None
        self._rate_limiter = RateLimiter(settings.sends_per_s, self._timeouts.queue_s)
        self._progress: OrderedDict[str, list[str]] = OrderedDict()
        self._typing: OrderedDict[str, float] = OrderedDict()
        self._background = BackgroundTasks()
        self.account = ""
        self.pulls = settings.webhook_url is None

    async def open(self) -> None:
        timeouts = self._timeouts
        self._bot = bot = make_bot(self._settings.token, self._settings.api_url, timeouts)
        self._files = httpx.AsyncClient(
            timeout=httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s), verify=tls_context()
        )
        try:
            await self._introduce(bot)
        except BaseException:
            await self.close()
            raise
        self._background.start(self._show_commands(bot))

    async def _introduce(self, bot: ApiBot) -> None:
        try:
            # The library's error for a refused token quotes the token: it is not kept as a cause.
            await bot.initialize()
            if self._settings.webhook_url is not None and self._settings.webhook_secret is not None:
                await bot.set_webhook(
                    self._settings.webhook_url,
                    secret_token=self._settings.webhook_secret.get_secret_value(),
                    # Several calls at once would bring one chat's messages out of order.
                    max_connections=1,
                    allowed_updates=ALLOWED_UPDATES,
                )
        except InvalidToken as exc:
            raise to_delivery_error(exc) from None
        except TelegramError as exc:
            raise _refused_or_later(exc) from exc
        self.account = f"telegram:{bot.id}"

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """`POST /telegram/webhook` when a webhook is configured."""
        if self._settings.webhook_url is None or self._settings.webhook_secret is None:
            return ()

        webhook = Webhook(
            self._settings.webhook_secret.get_secret_value(), self._opened_account, self._handler(accept)
        )

        async def endpoint(request: Request) -> Response:
            return await webhook(request)

        return (Route(WEBHOOK_PATH, endpoint, methods=["POST"]),)

    async def listen(self, accept: Accept) -> None:
        bot, account, timeouts = self._opened(), self._opened_account(), self._timeouts

        async def fetch(offset: int | None, limit: int) -> Sequence[Update]:
            result = await bot.call(
                "getUpdates",
                timeouts.poll_s + timeouts.read_s,
                offset=offset,
                limit=limit,
                timeout=timeouts.poll_s,
                allowed_updates=ALLOWED_UPDATES,
            )
            return read_updates(result, account, datetime.now(UTC))

        async def remove_webhook() -> None:
            await bot.delete_webhook()

        await Poller(fetch, self._handler(accept), remove_webhook, timeouts).run()

    async def send(self, message: OutboundMessage) -> str:
        chat_id = to_chat_id(message.chat)
        parts = render(message)
        if not parts:
            raise RejectedError("nothing to say")
        sent = self._progress.pop(message.id, [])
        try:
            for part in parts[len(sent) :]:
                sent.append(await self._send_part(chat_id, part))
        finally:
            if 0 < len(sent) < len(parts):  # so that the next attempt goes on behind them
                _remember(self._progress, message.id, sent)
        return sent[0]

    async def fetch(self, attachment: Attachment) -> bytes:
        bot = self._opened()
        if attachment.size_bytes > MAX_DOWNLOAD_BYTES:
            raise RejectedError("larger than the 20 MB that Telegram gives to bots")
        try:
            found = await bot.call("getFile", self._timeouts.read_s, file_id=attachment.remote_id)
        except TelegramError as exc:
            raise _refused_or_later(exc) from exc
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str) or not _is_plain_path(path):
            raise RejectedError("Telegram gave no path to the file")
        token = self._settings.token.get_secret_value()
        return await self._download(f"{self._settings.api_url}/file/bot{token}/{quote(path)}")

    async def show_typing(self, chat: str) -> None:
        now = time.monotonic()
        if (
            not self._rate_limiter.is_free()
            or now - self._typing.get(chat, -_TYPING_LASTS_S) < _TYPING_LASTS_S
        ):
            return
        _remember(self._typing, chat, now)
        with contextlib.suppress(TelegramError, DeliveryError):
            await self._opened().send_chat_action(
                to_chat_id(chat), ChatAction.TYPING, read_timeout=self._timeouts.connect_s
            )

    async def close(self) -> None:
        await self._background.cancel()
        bot, self._bot = self._bot, None
        files, self._files = self._files, None
        if bot is not None:
            await bot.shutdown()
        if files is not None:
            await files.aclose()

    async def _show_commands(self, bot: ApiBot) -> None:
        """Fills the chat's menu; the bot works without it."""
        try:
            for language, commands in COMMANDS.by_language.items():
                await bot.set_my_commands(
                    [BotCommand(name, description) for name, description in commands.items()],
                    # Without a code it is the menu of everybody who uses Telegram in another language.
                    language_code=None if language == COMMANDS.otherwise else language,
                )
        except TelegramError as exc:
            logger.warning("menu of commands not set", extra={"error": reason(exc)})

    async def _send_part(self, chat_id: int, part: Part) -> str:
        await self._rate_limiter.acquire()
        try:
            return await self._send_text(chat_id, part.html, ParseMode.HTML, part.keyboard)
        except BadRequest as exc:
            if "can't parse entities" not in exc.message.lower():
                raise to_delivery_error(exc) from exc
        except TelegramError as exc:
            raise to_delivery_error(exc) from exc
        logger.error("markup refused, sent as plain text")
        try:
            return await self._send_text(chat_id, part.text, None, part.keyboard)
        except TelegramError as exc:
            raise to_delivery_error(exc) from exc

    async def _send_text(
        self, chat_id: int, text: str, parse_mode: str | None, keyboard: InlineKeyboardMarkup | None
    ) -> str:
        try:
            message = await self._opened().send_message(
                chat_id,
                text,
                parse_mode=parse_mode,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=keyboard,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            # A 200 that the library cannot read: it was sent, most likely.
            raise UncertainError("answer without a message") from exc
        return str(message.message_id)

    async def _download(self, url: str) -> bytes:
        """The bytes at an address of the Bot API server; redirects are not followed."""
        files = self._files
        if files is None:
            raise RetryLaterError(None, "the channel is not open")
        content = bytearray()
        try:
            async with asyncio.timeout(6 * self._timeouts.read_s), files.stream("GET", url) as response:
                if response.status_code == 429 or response.status_code >= 500:
                    raise RetryLaterError(None, f"HTTP {response.status_code}")
                if response.status_code != 200:
                    raise RejectedError(f"HTTP {response.status_code}")
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_DOWNLOAD_BYTES:
                        raise RejectedError("larger than the 20 MB that Telegram gives to bots")
        except (httpx.HTTPError, TimeoutError) as exc:
            raise RetryLaterError(None, type(exc).__name__) from exc
        return bytes(content)

    def _handler(self, accept: Accept) -> UpdateHandler:
        return UpdateHandler(accept, self._opened, self._background)

    def _opened(self) -> ApiBot:
        if self._bot is None:
            raise RetryLaterError(None, "the channel is not open")
        return self._bot

    def _opened_account(self) -> str:
        if not self.account:
            raise RetryLaterError(None, "the channel is not open")
        return self.account


def _remember(memory: OrderedDict[str, T], key: str, value: T) -> None:
    """Keeps a value as the newest of at most `MAX_REMEMBERED`."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)


def _refused_or_later(error: TelegramError) -> DeliveryError:
    """What a failure means for a call that may be repeated without harm."""
    meaning = to_delivery_error(error)
    return RetryLaterError(None, meaning.reason) if isinstance(meaning, UncertainError) else meaning


def _is_plain_path(path: str) -> bool:
    """Whether a path stays below the address of the bot's files."""
    return (
        all(part not in {"", ".", ".."} for part in path.split("/")) and ":" not in path and "\\" not in path
    )
