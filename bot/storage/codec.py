"""Messages and buttons as JSON, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.domain.messages import Attachment, Button, ButtonStyle, InboundKind, InboundMessage


def pack_inbound(message: InboundMessage) -> dict[str, Any]:
    """The message as JSON; what the row's own columns hold is left out."""
    return {
        "chat": message.chat,
        "user": message.user,
        "user_name": message.user_name,
        "text": message.text,
        "value": message.value,
        "attachments": [vars(attachment) for attachment in message.attachments],
        "language": message.language,
        "sent_at": message.sent_at.isoformat(),
        "reference": message.reference,
    }


def unpack_inbound(account: str, kind: str, key: str, payload: Mapping[str, Any]) -> InboundMessage:
    """The reverse of `pack_inbound`."""
    fields = dict(payload)
    attachments = tuple(Attachment(**item) for item in fields.pop("attachments"))
    sent_at = datetime.fromisoformat(fields.pop("sent_at"))
    return InboundMessage(
        account=account, kind=InboundKind(kind), key=key, attachments=attachments, sent_at=sent_at, **fields
    )


def pack_buttons(buttons: Iterable[Button]) -> list[Any]:
    """Buttons as JSON."""
    return [[button.label, button.value, button.style] for button in buttons]


def unpack_buttons(packed: Iterable[Any]) -> tuple[Button, ...]:
    """The reverse of `pack_buttons`."""
    return tuple(Button(label=label, value=value, style=ButtonStyle(style)) for label, value, style in packed)
