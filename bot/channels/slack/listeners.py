"""What Bolt calls for each payload: parses it, asks Slack for what it lacks, and accepts the message."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import Accept, Accepted
from bot.channels.slack import parse
from bot.channels.slack.api import SlackApi, sdk_logger
from bot.channels.slack.lookups import People, Remembered, Threads
from bot.channels.slack.parse import Heard, Identity, Pressed
from bot.channels.slack.render import chosen, escape
from bot.channels.slack.settings import SlackSettings
from bot.channels.slack.texts import TEXTS
from bot.domain.errors import DeliveryError, UncertainError

logger = logging.getLogger(__name__)

_DIRECT_S = 24 * 3600.0
_DIRECT_WAIT_S = 2.0


class NotStoredError(Exception):
    """A message was received and could not be stored; Slack must send it again."""


class Listeners:
    """Bolt's listeners, for requests over HTTP and for envelopes of a socket alike.

    Args:
        settings: how to reach the workspace.
        api: the Web API.
        identity: who we are; raises RetryLaterError while the channel is not open.
    """

    def __init__(self, settings: SlackSettings, api: SlackApi, identity: Callable[[], Identity]) -> None:
        self._settings = settings
        self._api = api
        self._identity = identity
        self._people = People(api)
        self._threads = Threads(api, self._names_us)
        self._direct: Remembered[str, str] = Remembered(self._open_direct, lambda _: _DIRECT_S)
        self._updates: set[asyncio.Task[None]] = set()

    def app(self, accept: Accept) -> AsyncApp:
        """Bolt, which calls the listener of each kind of payload; it answers when the message is stored."""

        async def authorize() -> AuthorizeResult:
            me = self._identity()
            token = self._settings.bot_token.get_secret_value()
            return AuthorizeResult(
                enterprise_id=None, team_id=me.team, bot_token=token, bot_id=me.bot, bot_user_id=me.user
            )

        app = AsyncApp(
            name="relais",
            logger=sdk_logger(),
            client=AsyncWebClient(base_url=self._settings.api_url, retry_handlers=[], logger=sdk_logger()),
            authorize=authorize,
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            # Checked by Endpoint, before anything else; a socket needs no signature.
            request_verification_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )

        async def on_event(body: dict[str, Any]) -> None:
            await self._pass_on(parse.event(body, self._identity()), accept)

        async def on_press(ack: AsyncAck, body: dict[str, Any]) -> None:
            pressed = parse.press(body, self._identity())
            if await self._pass_on(pressed, accept) is Accepted.STORED and pressed is not None:
                self._show_choice(pressed)
            await ack()

        async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack(await self._take_command(body, accept))

        app.event("message")(on_event)
        app.event("app_mention")(on_event)
        app.action(re.compile("^" + re.escape(parse.ACTION_PREFIX)))(on_press)
        app.command(re.compile("."))(on_command)
        app.error(_on_error)
        return app

    async def close(self) -> None:
        """Stops what runs beside the main work."""
        updates = list(self._updates)
        for task in updates:
            task.cancel()
        await asyncio.gather(*updates, return_exceptions=True)
        for lookups in (self._people, self._threads, self._direct):
            await lookups.close()

    async def _pass_on(self, heard: Heard | None, accept: Accept) -> Accepted | None:
        """Hands a message in, when it is for us.

        Raises:
            NotStoredError: it could not be stored, or there is no telling whether it is for us.
        """
        if heard is None:
            return None
        try:
            if heard.mentioned:
                self._threads.joined(heard)
            if not heard.addressed and not await self._threads.takes_part(heard):
                return None
            person = await self._people.get(heard.message.user)
            language = heard.message.language or person.language
            return await accept(replace(heard.message, user_name=person.name, language=language))
        except Exception as exc:
            raise NotStoredError(type(exc).__name__) from exc

    async def _take_command(self, body: dict[str, Any], accept: Accept) -> str:
        """Hands a slash command in and returns what Slack shows at once, to this person only.

        Slack does not repeat commands: when one cannot be stored, the person must be told.
        """
        heard = parse.command(body, self._identity(), now=datetime.now(UTC))
        if heard is None:
            return ""
        texts = TEXTS.of(heard.message.language)
        try:
            chat = await self._direct.get(heard.message.user, wait_s=_DIRECT_WAIT_S)
            await self._pass_on(replace(heard, message=replace(heard.message, chat=chat)), accept)
        except (NotStoredError, DeliveryError, TimeoutError) as exc:
            logger.error("slack command not stored", extra={"error": type(exc).__name__})
            return texts["again"]
        return "" if chat == heard.channel else texts["elsewhere"]

    async def _open_direct(self, user: str) -> str:
        told = await self._api.call("conversations.open", {"users": user})
        channel = told.get("channel")
        if not isinstance(channel, dict) or not isinstance(channel.get("id"), str):
            raise UncertainError("no channel")
        return str(channel["id"])

    def _names_us(self, text: str) -> bool:
        me = self._identity()
        return f"<@{me.user}>" in text or f"<@{me.user}|" in text

    def _show_choice(self, pressed: Pressed) -> None:
        """Replaces the row of buttons by the choice made, beside the main work; failing to is no error."""
        if pressed.blocks:
            task = asyncio.create_task(self._update(pressed))
            self._updates.add(task)
            task.add_done_callback(self._updates.discard)

    async def _update(self, pressed: Pressed) -> None:
        label = pressed.message.text
        blocks = chosen([dict(block) for block in pressed.blocks], pressed.block, label)
        change = {"channel": pressed.channel, "ts": pressed.ts, "blocks": blocks, "text": escape(label)}
        with contextlib.suppress(DeliveryError):
            await self._api.call("chat.update", json=change)


async def _on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """What Bolt answers when no listener wants a request, or one fails.

    Error texts may quote messages, so above DEBUG only their kind is logged.
    """
    kind = parse.event_type(body)
    logger.debug("slack event failed", exc_info=error)
    if isinstance(error, BoltUnhandledRequestError):
        logger.warning("slack event not known", extra={"event_type": kind})
        return BoltResponse(status=200, body="")
    if isinstance(error, NotStoredError):
        logger.error("slack event not stored", extra={"event_type": kind, "error": str(error)})
        return BoltResponse(status=500, body="")
    logger.error("slack event not readable", extra={"event_type": kind, "error": type(error).__name__})
    return BoltResponse(status=400, body="")
