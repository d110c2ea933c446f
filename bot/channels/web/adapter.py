"""The web chat as a channel."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from bot.channels.base import Accept, Capabilities, Channel
from bot.channels.web.backend import ChatBackend
from bot.channels.web.endpoints import ChatPages
from bot.channels.web.stream import StreamPlaces, Streams
from bot.domain.messages import Attachment, OutboundMessage


def web_account(desk: str) -> str:
    """The channel account of a desk's chat."""
    return f"web:{desk}"


class WebChannel(Channel):
    """The chat of one desk, at /chat/<desk>.

    The commit of the transcript is the delivery: the page follows the transcript itself, so `send` has
    nothing to do, and a worker in another process reaches the page through the change notifications.

    Args:
        desk: id of the desk.
        backend: the rest of the product.
        places: counts the streams of all desks.
    """

    kind = "web"
    capabilities = Capabilities(buttons=True, typing=True, finds_sent=True, max_chars=20_000)

    def __init__(self, desk: str, backend: ChatBackend, places: StreamPlaces) -> None:
        self.account = web_account(desk)
        self._desk = desk
        self._backend = backend
        self._streams = Streams()
        self._places = places

    async def open(self) -> None:
        """Nothing to connect to."""

    async def send(self, message: OutboundMessage) -> str:
        return message.id

    async def fetch(self, attachment: Attachment) -> bytes:
        return await self._backend.uploads.get(attachment.remote_id)

    async def close(self) -> None:
        """Ends the open event streams; browsers come back to the next server by themselves."""
        self._streams.close()

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        path = f"/chat/{self._desk}"
        chat = ChatPages(self._desk, self.account, self._backend, self._streams, self._places, accept)
        return (
            Route(path, chat.show, methods=["GET"]),
            Route(f"{path}/messages", chat.post, methods=["POST"]),
            Route(f"{path}/language", chat.switch_language, methods=["POST"]),
            Route(f"{path}/events", chat.events, methods=["GET"]),
        )
