"""Handles a parsed update: accepts its message, and answers the press of a button on the screen."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine

from telegram.error import TelegramError

from bot.channels.base import Accept, Accepted
from bot.channels.telegram.api import ApiBot, to_chat_id
from bot.channels.telegram.parse import Ignored, Press, Update
from bot.channels.telegram.render import mark_chosen
from bot.domain.errors import DeliveryError
from bot.domain.messages import InboundKind

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """Calls that nobody waits for."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Begins one; a failure leaves a log line."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)

    async def cancel(self) -> None:
        """Stops them all."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.warning("background call failed", extra={"error": type(error).__name__})


class UpdateHandler:
    """Takes the updates of the webhook and of polling alike.

    Args:
        accept: stores a message.
        bot: the open client.
        background: runs what need not be waited for.
    """

    def __init__(self, accept: Accept, bot: Callable[[], ApiBot], background: BackgroundTasks) -> None:
        self._accept = accept
        self._bot = bot
        self._background = background

    async def __call__(self, update: Update) -> None:
        """Hands a message in; an update without one leaves a log line. Raises when it could not be stored."""
        content = update.content
        if isinstance(content, Ignored):
            logger.info(
                "update ignored", extra={"update_type": content.update_type, "reason": content.reason}
            )
            return
        accepted = await self._accept(content)
        if content.kind is InboundKind.PRESS and update.press is not None:
            self._background.start(self._answer(update.press, mark=accepted is Accepted.STORED))

    async def _answer(self, press: Press, *, mark: bool) -> None:
        """Stops the button's spinning and ticks what was chosen; failing to is no error."""
        with contextlib.suppress(TelegramError, DeliveryError):
            await self._bot().answer_callback_query(press.query_id)
        markup = mark_chosen(press.keyboard, press.value) if mark and press.keyboard else None
        if markup is not None:
            with contextlib.suppress(TelegramError, DeliveryError):
                await self._bot().edit_message_reply_markup(
                    chat_id=to_chat_id(press.chat), message_id=press.message_id, reply_markup=markup
                )
