"""The endpoint that Telegram calls, one update at a time."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from bot.channels.telegram.parse import MalformedUpdateError, Update, read_body
from bot.domain.errors import RetryLaterError
from bot.http.shared import bodies
from bot.http.shared.bodies import BodyTooLargeError

MAX_BODY_BYTES = 1_000_000
"""Telegram's updates are a few kilobytes; its longest texts are 4096 characters."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"

logger = logging.getLogger(__name__)


class Webhook:
    """Verifies the caller, parses the update, hands it on, and answers 200 only once it is stored.

    Any other answer makes Telegram send the same update again, later and later, so an update that can
    never be read is logged and answered with 200.

    Args:
        secret: what Telegram was given with setWebhook.
        account: the channel account that updates come to; raises while the channel is not open.
        handle: stores what is in an update; raises when it could not.
    """

    def __init__(
        self, secret: str, account: Callable[[], str], handle: Callable[[Update], Awaitable[None]]
    ) -> None:
        self._secret = secret.encode()
        self._account = account
        self._handle = handle

    async def __call__(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret):
            logger.warning("webhook call refused", extra={"reason": "wrong secret" if given else "no secret"})
            return PlainTextResponse("the secret header is missing or wrong", status_code=401)
        try:
            update = read_body(
                await bodies.read_body(request, MAX_BODY_BYTES), self._account(), datetime.now(UTC)
            )
        except BodyTooLargeError:
            logger.warning("webhook call refused", extra={"reason": "body too large"})
            return PlainTextResponse("too large", status_code=413)
        except MalformedUpdateError as exc:
            logger.warning("webhook call refused", extra={"reason": str(exc)})
            return PlainTextResponse("this is no update", status_code=400)
        except ClientDisconnect:
            return Response(status_code=400)
        except RetryLaterError as exc:
            return _not_stored(exc)
        try:
            await self._handle(update)
        except Exception as exc:
            return _not_stored(exc)
        return Response(status_code=200)


def _not_stored(error: Exception) -> Response:
    """Any failure makes Telegram send the update again."""
    # The error's own text may quote the message, so only its type is logged.
    logger.error("update not stored", extra={"error": type(error).__name__})
    logger.debug("update not stored", exc_info=error)
    return PlainTextResponse("not stored, please repeat", status_code=500)
