"""The Slack channel: one bot in one workspace, over Socket Mode, HTTP or both."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.base import Accept, Capabilities, Channel
from bot.channels.slack.api import SlackApi
from bot.channels.slack.http import Endpoint
from bot.channels.slack.listeners import Listeners
from bot.channels.slack.parse import Identity
from bot.channels.slack.render import MAX_CHARS, SlackMessage, render
from bot.channels.slack.settings import SlackSettings
from bot.channels.slack.socket import Socket
from bot.domain.errors import RejectedError, RetryLaterError, UncertainError
from bot.domain.messages import Attachment, OutboundMessage

logger = logging.getLogger(__name__)

PATH = "/slack/events"
METADATA_TYPE = "relais_message"
_DOUBT_S = 24 * 3600.0
"""How far back a message in doubt is looked for; the outbox gives up long before."""


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
        self._listeners = Listeners(settings, self._api, self._identity)
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
        endpoint = Endpoint(self._listeners.app(accept), secret.get_secret_value())

        async def answer(request: Request) -> Response:
            if self._me is None:
                return Response("not open", status_code=503, media_type="text/plain")
            return await endpoint(request)

        return (Route(PATH, answer, methods=["POST"]),)

    async def listen(self, accept: Accept) -> None:
        token = self._settings.app_token
        if token is None:
            return
        await Socket(self._listeners.app(accept), self._api, token.get_secret_value()).run()

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
        await self._listeners.close()
        await self._api.close()

    def _identity(self) -> Identity:
        if self._me is None:
            raise RetryLaterError(None, "not open")
        return self._me

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
