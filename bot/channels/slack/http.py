"""The HTTP way in: POST /slack/events for events, buttons and commands, checked before Bolt sees it."""

import logging
import re

from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.http.shared.bodies import BodyTooLargeError, read_body

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Endpoint:
    """Answers Slack's requests.

    Args:
        app: what handles them.
        signing_secret: proves that they are Slack's.
    """

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)

    async def __call__(self, request: Request) -> Response:
        """200 once the message is stored, 4xx for what is not Slack's or not readable, 5xx to try again."""
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except ClientDisconnect:
            return Response(status_code=400)
        except BodyTooLargeError:
            return _refused(413, "too_large")
        if not self._signed(request, body):
            return _refused(401, "bad_signature")
        try:
            bolt_request = to_async_bolt_request(request, body)
            _log_retry(bolt_request)
            return to_starlette_response(await self._app.async_dispatch(bolt_request))
        except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
            # Not UTF-8, not JSON, nested without end, or not the shape that Bolt takes for granted. What
            # our own listeners raise does not come here: Bolt makes it an answer.
            return _refused(400, "malformed")

    def _signed(self, request: Request, body: bytes) -> bool:
        """Whether the request is Slack's and at most five minutes old.

        The shapes come first: slack_sdk raises on a timestamp that is no number, on a signature that is
        not ASCII and on a body that is not UTF-8.
        """
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False


def _refused(status: int, reason: str) -> Response:
    logger.warning("slack request refused", extra={"status": status, "reason": reason})
    return Response(reason, status_code=status, media_type="text/plain")


def _log_retry(request: AsyncBoltRequest) -> None:
    if "x-slack-retry-num" in request.headers:
        logger.info("slack request repeated", extra={"retry": request.headers["x-slack-retry-num"][0][:10]})
