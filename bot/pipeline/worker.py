"""What a wake-up does: handle what waits in a conversation, then send what is to be sent."""

from bot.domain.errors import NotFoundError
from bot.pipeline.inbound import Inbound
from bot.pipeline.outbox import Delivery


class ConversationWorker:
    """The handler that an engine calls with the id of a conversation.

    Args:
        inbound: handles messages and timers.
        delivery: sends the outbox.
    """

    def __init__(self, inbound: Inbound, delivery: Delivery) -> None:
        self._inbound = inbound
        self._delivery = delivery

    async def handle(self, conversation_id: int) -> None:
        """Drains the conversation and delivers its replies; does nothing for one that is gone."""
        try:
            await self._inbound.drain(conversation_id)
        except NotFoundError:
            return
        await self._delivery.deliver(conversation_id)
