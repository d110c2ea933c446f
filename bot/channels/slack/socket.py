"""Socket Mode: the way in that needs no public address."""

import asyncio
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.channels.slack.api import SlackApi, proxy_for, sdk_logger
from bot.domain.errors import RetryLaterError, UncertainError

logger = logging.getLogger(__name__)

_PING_S = 5.0
_CONNECT_S = 20.0
_LOST_S = 30.0
"""The SDK reconnects by itself; after this long without a connection its client is replaced, since it
keeps to an address that Slack may no longer accept."""
_CHECK_S = 1.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
_FINISH_S = 2.0


class Socket:
    """Keeps one socket open until cancelled.

    Args:
        app: what handles the envelopes; one is acknowledged when it answers 200.
        api: calls apps.connections.open.
        app_token: the app-level token.
    """

    def __init__(self, app: AsyncApp, api: SlackApi, app_token: str) -> None:
        self._app = app
        self._api = api
        self._app_token = app_token

    async def run(self) -> None:
        """Listens for ever, through lost connections and restarts of Slack's side.

        Raises:
            RejectedError: the app token is not accepted.
        """
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                url = await self._address()
                if await self._session(url):
                    wait_s = _FIRST_WAIT_S
                    continue
                reason, asked = "lost", None
            except (RetryLaterError, UncertainError) as exc:
                reason, asked = exc.reason, getattr(exc, "wait_s", None)
            except (TimeoutError, OSError) as exc:
                reason, asked = type(exc).__name__, None
            logger.warning("slack socket not connected", extra={"reason": reason, "wait_s": asked or wait_s})
            await asyncio.sleep(asked or wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _address(self) -> str:
        answer = await self._api.call("apps.connections.open", {}, token=self._app_token)
        url = answer.get("url")
        if not isinstance(url, str):
            raise UncertainError("no address")
        return url

    async def _session(self, url: str) -> bool:
        """One client's life; returns, when it has been without a connection for long, whether it had one."""
        handler = _Handler(self._app, self._api, self._app_token)
        client = handler.client
        client.wss_uri = url
        client.proxy = proxy_for(url)
        connected = False
        try:
            await asyncio.wait_for(client.connect(), _CONNECT_S)  # type: ignore[no-untyped-call]  # slack-sdk leaves it untyped
            connected = True
            logger.info("slack socket connected")
            await _until_lost(client)
        finally:
            await handler.finish()
        return connected


async def _until_lost(client: SocketModeClient) -> None:
    lost_s = 0.0
    while lost_s < _LOST_S:
        await asyncio.sleep(_CHECK_S)
        lost_s = 0.0 if await client.is_connected() else lost_s + _CHECK_S


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which also finishes the envelopes that it began before it closes."""

    def __init__(self, app: AsyncApp, api: SlackApi, app_token: str) -> None:
        super().__init__(app, app_token, logger=sdk_logger(), web_client=api.client, ping_interval=_PING_S)
        self._in_hand: set[asyncio.Task[None]] = set()

    # Bolt narrows the client in its own handler of this kind, too.
    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        task = asyncio.current_task()
        if task is None:
            return await super().handle(client, req)
        self._in_hand.add(task)
        try:
            await super().handle(client, req)
        except ConnectionError:
            # The message is stored; unacknowledged, it comes again and is known.
            logger.info("slack envelope stored but not acknowledged")
        finally:
            self._in_hand.discard(task)

    async def finish(self) -> None:
        """Waits shortly for the envelopes that were begun, then closes everything."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=_FINISH_S)
        await self.client.close()  # type: ignore[no-untyped-call]  # slack-sdk leaves it untyped
        client = self.client
        tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
