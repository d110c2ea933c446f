"""The Slack channel: one bot in one workspace, over Socket Mode, HTTP or both."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.base import Accept, Accepted, Capabilities, Channel
from bot.channels.slack import parse
from bot.channels.slack.api import SlackApi, sdk_logger
from bot.channels.slack.http import Endpoint
from bot.channels.slack.lookups import People, Remembered, Threads
from bot.channels.slack.parse import Heard, Identity, Pressed
from bot.channels.slack.render import MAX_CHARS, SlackMessage, chosen, escape, render
from bot.channels.slack.settings import SlackSettings
from bot.channels.slack.socket import Socket
from bot.domain.errors import DeliveryError, RejectedError, RetryLaterError, UncertainError
from bot.domain.messages import Attachment, OutboundMessage

logger = logging.getLogger(__name__)

PATH = "/slack/events"
METADATA_TYPE = "relais_message"
_DOUBT_S = 24 * 3600.0
"""How far back a message in doubt is looked for; the outbox gives up long before."""
_DIRECT_S = 24 * 3600.0
_DIRECT_WAIT_S = 2.0

_ELSEWHERE = {"fr": "Je vous réponds en message direct.", "en": "I am answering you in a direct message."}
_AGAIN = {
    "fr": "Je n'ai pas pu prendre votre message. Réessayez dans un instant, s'il vous plaît.",
    "en": "I could not take your message. Please try again in a moment.",
}


class NotStoredError(Exception):
    """A message was heard and could not be stored; Slack must send it again."""


class SlackChannel(Channel):
    """Direct messages are one conversation a person, mentions in channels one a thread and person.

    Addresses: "D024BE91L" is a direct message, "C061EG9SL:1700000000.000100" a thread of a channel.

    Args:
        settings: how to reach the workspace.
        api: for tests; made from the settings otherwise.
    """

    kind = "slack"
    capabilities = Capabilities(buttons=True, typing=False, finds_sent=True, max_chars=MAX_CHARS)

    def __init__(self, settings: SlackSettings, *, api: SlackApi | None = None) -> None:
        self._settings = settings
        self._api = api or SlackApi(settings.api_url, settings.bot_token.get_secret_value())
        self._me: Identity | None = None
        self._people = People(self._api)
        self._threads = Threads(self._api, self._names_us)
        self._direct: Remembered[str, str] = Remembered(self._open_direct, lambda _: _DIRECT_S)
        self._updates: set[asyncio.Task[None]] = set()
        self.account = "slack"
        self.pulls = settings.app_token is not None

    async def open(self) -> None:
        await self._api.open()
        try:
            told = await self._api.call("auth.test", {})
        except UncertainError as exc:
            raise RetryLaterError(None, exc.reason) from exc
        team, user, bot = (told.get(name) for name in ("team_id", "user_id", "bot_id"))
        if not (isinstance(team, str) and isinstance(user, str) and isinstance(bot, str)):
            raise RejectedError("auth.test names no bot: this is not a bot token")
        self._me = Identity(team=team, user=user, bot=bot)
        self.account = self._me.account

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        secret = self._settings.signing_secret
        if secret is None:
            return ()
        endpoint = Endpoint(self._app(accept), secret.get_secret_value())

        async def answer(request: Request) -> Response:
            if self._me is None:
                return Response("not open", status_code=503, media_type="text/plain")
            return await endpoint(request)

        return (Route(PATH, answer, methods=["POST"]),)

    async def listen(self, accept: Accept) -> None:
        token = self._settings.app_token
        if token is None:
            return
        await Socket(self._app(accept), self._api, token.get_secret_value()).run()

    async def send(self, message: OutboundMessage) -> str:
        channel, _, thread = message.chat.partition(":")
        parts = render(message.reply, message.language)
        sent = await self._find_sent(message.id, channel, thread or None) if message.in_doubt else {}
        for number, part in enumerate(parts, 1):
            if number in sent:
                continue
            try:
                sent[number] = await self._post(channel, thread or None, part, _metadata(message.id, number))
            except RetryLaterError as exc:
                if not sent:
                    raise
                # "Nothing was sent" would be untrue, and the first parts would come twice.
                raise UncertainError(f"sent {len(sent)} of {len(parts)} parts: {exc.reason}") from exc
        return f"{channel}:{sent[1]}"

    async def fetch(self, attachment: Attachment) -> bytes:
        url = attachment.remote_id
        if url.startswith("id:"):
            try:
                told = await self._api.call("files.info", {"file": url.removeprefix("id:")})
            except UncertainError as exc:
                raise RetryLaterError(None, exc.reason) from exc
            file = told.get("file")
            url = str(file.get("url_private_download") or "") if isinstance(file, dict) else ""
        content, media_type = await self._api.download(url)
        if media_type == "text/html" and attachment.media_type != "text/html":
            # Slack answers with its sign-in page when the scope files:read is missing.
            raise RejectedError("Slack sent a sign-in page: the app lacks files:read")
        return content

    async def close(self) -> None:
        updates = list(self._updates)
        for task in updates:
            task.cancel()
        await asyncio.gather(*updates, return_exceptions=True)
        for lookups in (self._people, self._threads, self._direct):
            await lookups.close()
        await self._api.close()

    # Hearing

    def _app(self, accept: Accept) -> AsyncApp:
        """Bolt, with listeners that answer only when the message is stored."""

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
        language = heard.message.language or "en"
        try:
            chat = await self._direct.get(heard.message.user, wait_s=_DIRECT_WAIT_S)
            await self._pass_on(replace(heard, message=replace(heard.message, chat=chat)), accept)
        except (NotStoredError, DeliveryError, TimeoutError) as exc:
            logger.error("slack command not stored", extra={"error": type(exc).__name__})
            return _AGAIN[language]
        return "" if chat == heard.channel else _ELSEWHERE[language]

    async def _open_direct(self, user: str) -> str:
        told = await self._api.call("conversations.open", {"users": user})
        channel = told.get("channel")
        if not isinstance(channel, dict) or not isinstance(channel.get("id"), str):
            raise UncertainError("no channel")
        return str(channel["id"])

    def _identity(self) -> Identity:
        if self._me is None:
            raise RetryLaterError(None, "not open")
        return self._me

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

    # Sending

    async def _post(
        self, channel: str, thread: str | None, part: SlackMessage, metadata: dict[str, object]
    ) -> str:
        answer = await self._api.call(
            "chat.postMessage",
            json={
                "channel": channel,
                "text": part.text,
                "blocks": part.blocks,
                "metadata": metadata,
                "unfurl_links": False,
                "unfurl_media": False,
                **({"thread_ts": thread} if thread else {}),
            },
        )
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise UncertainError("no ts in the answer")
        return ts

    async def _find_sent(self, message_id: str, channel: str, thread: str | None) -> dict[int, str]:
        """Which parts of a message in doubt have arrived, by their metadata: part -> ts.

        Raises:
            RetryLaterError: Slack does not say now.
        """
        sent: dict[int, str] = {}
        try:
            async for said in self._api.history(channel, thread, since=time.time() - _DOUBT_S):
                part = _part_of(said, message_id)
                if part is not None:
                    sent[part] = str(said.get("ts"))
        except UncertainError as exc:
            raise RetryLaterError(None, exc.reason) from exc
        except RejectedError as exc:
            # Not allowed to read here: at least once it is.
            logger.warning("slack history not readable", extra={"reason": exc.reason})
        return sent


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


def _metadata(message_id: str, part: int) -> dict[str, object]:
    return {"event_type": METADATA_TYPE, "event_payload": {"id": message_id, "part": part}}


def _part_of(said: Any, message_id: str) -> int | None:
    """The part of our message that this is, None when it is another's."""
    metadata = said.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if (
        not isinstance(payload, dict)
        or payload.get("id") != message_id
        or metadata.get("event_type") != METADATA_TYPE
    ):
        return None
    try:
        return int(payload.get("part", 1))
    except (TypeError, ValueError):
        return None
