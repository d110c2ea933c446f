"""The endpoint that Telegram calls, one update at a time."""

import hmac
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from bot.channels.telegram.parse import MalformedUpdateError, Raw, decode

MAX_BODY_BYTES = 1_000_000
"""Telegram's updates are a few kilobytes; its longest texts are 4096 characters."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"

logger = logging.getLogger(__name__)


class BodyTooLargeError(Exception):
    """A body longer than MAX_BODY_BYTES."""


class Webhook:
    """Checks who calls, reads the update, and answers 200 only once it is stored.

    Any other answer makes Telegram send the same update again, later and later, so an update that can
    never be read is logged and answered with 200.

    Args:
        secret: what Telegram was given with setWebhook.
        store: stores what is in an update; raises when it could not.
    """

    def __init__(self, secret: str, store: Callable[[Raw], Awaitable[None]]) -> None:
        self._secret = secret.encode()
        self._store = store

    async def __call__(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret):
            logger.warning("webhook call refused", extra={"reason": "wrong secret" if given else "no secret"})
            return PlainTextResponse("the secret header is missing or wrong", status_code=401)
        try:
            raw = decode(await _read(request))
        except BodyTooLargeError:
            logger.warning("webhook call refused", extra={"reason": "body too large"})
            return PlainTextResponse("too large", status_code=413)
        except MalformedUpdateError as exc:
            logger.warning("webhook call refused", extra={"reason": str(exc)})
            return PlainTextResponse("this is no update", status_code=400)
        except ClientDisconnect:
            return Response(status_code=400)
        try:
            await self._store(raw)
        except Exception as exc:
            # Whatever went wrong, Telegram is told to send it again. The error's own text may quote
            # the message, so only its type is logged.
            logger.error("update not stored", extra={"error": type(exc).__name__})
            logger.debug("update not stored", exc_info=True)
            return PlainTextResponse("not stored, please repeat", status_code=500)
        return Response(status_code=200)


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
    return bytes(body)
