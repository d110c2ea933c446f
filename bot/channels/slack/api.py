"""Slack's Web API: calls whose failures are the product's own errors, and downloads of files."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import DeliveryError, RejectedError, RetryLaterError, UncertainError

logger = logging.getLogger(__name__)

MAX_FILE_BYTES = 20 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=4)
_DOWNLOAD_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=4)
_HISTORY_PAGES = 5
_HISTORY_PAGE = 200
"""Slack recommends no more; docs.slack.dev/reference/methods/conversations.history."""

_LATER = frozenset(
    {"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"}
    | {"message_limit_exceeded", "rollup_error", "org_login_required"}
)
_SECRET = re.compile(r"(ticket=|xox\w-|xapp-)[^&\s'\"]+")
_PERHAPS_DONE = frozenset({"internal_error", "fatal_error"})
"""Slack's words for these: "it's possible some aspect of the operation succeeded"."""


class SlackApi:
    """One bot token's view of the Web API.

    Args:
        url: where the API is, ending in "/".
        token: the bot token.
        timeout: of one call; tests shorten it.
    """

    def __init__(self, url: str, token: str, *, timeout: aiohttp.ClientTimeout = _TIMEOUT) -> None:
        self._url = url
        self._token = token
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        # No retry handlers: the SDK's own sleep, and whoever calls us plans its retries itself.
        self.client = AsyncWebClient(token=token, base_url=url, retry_handlers=[], logger=sdk_logger())
        self.client.proxy = proxy_for(url)

    async def open(self) -> None:
        """Makes the connection pool; safe to call twice."""
        if self._session is None:
            # trust_env would also read credentials from a .netrc.
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
            self.client.session = self._session

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        session, self._session, self.client.session = self._session, None, None
        if session is not None:
            await session.close()

    async def call(
        self,
        method: str,
        form: Mapping[str, str] | None = None,
        *,
        json: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Mapping[str, Any]:
        """Calls a method and returns its answer.

        Args:
            method: such as "chat.postMessage".
            form: arguments for methods that read, which take no JSON.
            json: arguments for methods that write.
            token: instead of the bot's.

        Raises:
            RetryLaterError: Slack asks to wait, is down, or cannot be reached.
            UncertainError: the request left, and no answer can be read.
            RejectedError: Slack says no.
        """
        if self._session is None:
            raise RetryLaterError(None, "not open")
        headers = {"Authorization": f"Bearer {token}"} if token else None
        try:
            answer = await self.client.api_call(
                method,
                data=dict(form) if form is not None else None,
                json=dict(json) if json is not None else None,
                headers=headers,
            )
        except SlackApiError as exc:
            raise _refusal(exc.response) from exc
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
            raise RetryLaterError(None, f"cannot connect: {type(exc).__name__}") from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise UncertainError(f"no answer: {type(exc).__name__}") from exc
        except (AttributeError, ValueError) as exc:
            # slack_sdk takes for granted that an answer of status 200 is a JSON object.
            raise UncertainError(f"unreadable answer: {type(exc).__name__}") from exc
        return answer.data if isinstance(answer.data, dict) else {}

    async def history(
        self, channel: str, thread: str | None, *, since: float
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Messages of a thread (oldest first) or of a channel (newest first), with their metadata.

        Args:
            channel: the channel.
            thread: ts of the thread's first message, None for the channel itself.
            since: Unix time; older messages are left out, save the thread's first.
        """
        form = {
            "channel": channel,
            "oldest": f"{since:.6f}",
            "limit": str(_HISTORY_PAGE),
            "include_all_metadata": "true",
        }
        method = "conversations.history"
        if thread is not None:
            method, form = "conversations.replies", {**form, "ts": thread}
        for _ in range(_HISTORY_PAGES):
            page = await self.call(method, form)
            for message in page.get("messages") or ():
                if isinstance(message, dict):
                    yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            form["cursor"] = cursor

    async def download(self, url: str) -> tuple[bytes, str]:
        """A file's bytes and media type.

        The token goes only to Slack's own file server or to the API's own host, and no redirect is
        followed: the address comes from a message.

        Raises:
            RetryLaterError: try again.
            RejectedError: the file is elsewhere, too large, gone, or not for us.
        """
        if self._session is None:
            raise RetryLaterError(None, "not open")
        if not self._trusted(url):
            raise RejectedError("the file is not on Slack's file server")
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.get(
                url, headers=headers, allow_redirects=False, timeout=_DOWNLOAD_TIMEOUT, proxy=proxy_for(url)
            ) as answer:
                if answer.status == 429 or answer.status >= 500:
                    raise RetryLaterError(_wait_s(answer.headers), f"HTTP {answer.status}")
                if answer.status != 200:
                    raise RejectedError(f"HTTP {answer.status}")
                return await _limited(answer), answer.content_type
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise RetryLaterError(None, f"download failed: {type(exc).__name__}") from exc

    def _trusted(self, url: str) -> bool:
        try:
            there, api = urlsplit(url), urlsplit(self._url)
            same_server = (there.scheme, there.hostname, there.port) == (api.scheme, api.hostname, api.port)
            at_slack = (there.scheme, there.hostname, there.port) == ("https", "files.slack.com", None)
        except ValueError:
            return False
        return (same_server or at_slack) and there.username is None and there.password is None


def proxy_for(url: str) -> str | None:
    """The proxy that the system wants for an address; none for this machine's own.

    slack_sdk would send even 127.0.0.1 through HTTPS_PROXY, whatever NO_PROXY says.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in {"localhost", "127.0.0.1", "::1"} or proxy_bypass(host):
        return None
    scheme = {"wss": "https", "ws": "http"}.get(parts.scheme, parts.scheme)
    return getproxies().get(scheme)


def sdk_logger() -> logging.Logger:
    """The logger given to slack_sdk and slack_bolt.

    Both test `logger.level` themselves and write whole payloads at DEBUG, so theirs never goes below INFO.
    """
    log = logging.getLogger(f"{__name__}.sdk")
    log.setLevel(max(log.level, logging.INFO))
    if _redact not in log.filters:
        log.addFilter(_redact)
    return log


def _redact(record: logging.LogRecord) -> bool:
    """Takes secrets out of the SDK's log lines, and tracebacks, which quote what was sent."""
    record.msg, record.args = _SECRET.sub(r"\1***", record.getMessage()), ()
    record.exc_info = record.exc_text = None
    return True


def _refusal(response: Any) -> DeliveryError:
    """What an unsuccessful answer means; slack_sdk hands over its own or aiohttp's response."""
    status: int = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    data = getattr(response, "data", None)
    error = str(data.get("error") or "") if isinstance(data, dict) else ""
    if status == 429 or error in _LATER:
        return RetryLaterError(_wait_s(response.headers), error or f"HTTP {status}")
    if status >= 500 or status == 408:
        return RetryLaterError(None, f"HTTP {status}")
    if error in _PERHAPS_DONE or (status == 200 and not error):
        return UncertainError(error or "unreadable answer")
    return RejectedError(error or f"HTTP {status}")


def _wait_s(headers: Mapping[str, str]) -> float | None:
    try:
        wait_s = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return wait_s if 0 <= wait_s < 86_400 else None


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > MAX_FILE_BYTES:
            raise RejectedError("the file is larger than 20 MB")
    return bytes(content)
