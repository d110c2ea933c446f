"""Parses Telegram's updates into messages; the only module that sees a raw payload.

Nothing here trusts the shape of an update: what is not as the Bot API documents it is left out with a
reason, so that one odd update neither stops a webhook nor wedges the poller.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.telegram.texts import TEXTS
from bot.domain.messages import Attachment, Command, InboundKind, InboundMessage
from bot.text.control import strip_controls

ALLOWED_UPDATES = ("message", "edited_message", "callback_query")
"""What Telegram is asked to send; anything else that comes all the same is left out."""
CHOSEN = "✓ "
"""Stands before the label of a button that was pressed."""
MAX_NAME_CHARS = 80
MAX_FILE_NAME_CHARS = 120

_COMMANDS = {
    "start": Command.START,
    "aide": Command.HELP,
    "help": Command.HELP,
    "humain": Command.HUMAN,
    "human": Command.HUMAN,
}
_COMMAND = re.compile(r"/([A-Za-z]+)(?:@\w+)?(?=\s|$)")
_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]{0,60}/[a-z0-9][\w.+-]{0,60}", re.ASCII)
# Marks that reorder or hide text: zero-width, left-to-right and right-to-left controls, line separators.
_INVISIBLE = re.compile(r"[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_UNSAFE_IN_FILE_NAMES = re.compile(r'[<>:"|?*]')
_FILES = ("photo", "animation", "document", "video", "video_note", "voice", "audio")
_FILE_NAMES = {
    "photo": ("photo", "jpg", "image/jpeg"),
    "animation": ("animation", "mp4", "video/mp4"),
    "document": ("document", "bin", "application/octet-stream"),
    "video": ("video", "mp4", "video/mp4"),
    "video_note": ("video", "mp4", "video/mp4"),
    "voice": ("audio", "ogg", "audio/ogg"),
    "audio": ("audio", "mp3", "audio/mpeg"),
}

Raw = Mapping[str, Any]


class MalformedUpdateError(ValueError):
    """The payload is not what the Bot API documents."""


@dataclass(frozen=True)
class Ignored:
    """An update that is no message to the bot.

    Args:
        update_type: "message", "my_chat_member", ...
        reason: a short fixed text.
    """

    update_type: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update of a batch, with what it asks to be done.

    Args:
        update_id: what acknowledges it; None when it carries none.
        content: the message, or why there is none.
        press: set when the message is a press, to answer it on the screen.
    """

    update_id: int | None
    content: InboundMessage | Ignored
    press: "Press | None" = None


@dataclass(frozen=True, kw_only=True)
class Press:
    """A pressed button, as seen on the person's screen.

    Args:
        query_id: what answers it.
        chat: where the keyboard hangs.
        message_id: what it hangs on.
        value: what was pressed.
        keyboard: rows of (label, value); empty when Telegram no longer shows the message to bots.
    """

    query_id: str
    chat: str
    message_id: int
    value: str
    keyboard: tuple[tuple[tuple[str, str], ...], ...]


def read_body(body: bytes, account: str, now: datetime) -> Update:
    """Reads one update from the body of a webhook call, see `read_update`.

    Raises:
        MalformedUpdateError: no JSON, nested too deeply, or no update.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedUpdateError("no JSON that can be read") from exc
    if not isinstance(raw, dict) or _integer(raw.get("update_id")) is None:
        raise MalformedUpdateError("no update")
    return read_update(raw, account, now)


def read_updates(result: object, account: str, now: datetime) -> tuple[Update, ...]:
    """Reads the result of getUpdates, see `read_update`.

    Raises:
        MalformedUpdateError: it is no list.
    """
    if not isinstance(result, list):
        raise MalformedUpdateError("no list of updates")
    return tuple(read_update(raw, account, now) for raw in result)


def read_update(raw: object, account: str, now: datetime) -> Update:
    """Reads one update, whatever is in it.

    Args:
        raw: the decoded JSON.
        account: the channel account that it came to.
        now: aware UTC; presses carry no time of their own.
    """
    if not isinstance(raw, dict):
        return Update(update_id=None, content=Ignored("unknown", "malformed"))
    update_id = _integer(raw.get("update_id"))
    update_type = next((key for key in raw if key != "update_id"), "none")[:40]
    try:
        match update_type:
            case "message" | "edited_message":
                content = _message(raw[update_type], account, edited=update_type == "edited_message")
                return Update(update_id=update_id, content=content)
            case "callback_query":
                press, content = _press(raw[update_type], account, now)
                return Update(update_id=update_id, content=content, press=press)
    except MalformedUpdateError:
        return Update(update_id=update_id, content=Ignored(update_type, "malformed"))
    return Update(update_id=update_id, content=Ignored(update_type, "not handled"))


def _message(raw: Any, account: str, *, edited: bool) -> InboundMessage | Ignored:
    update_type = "edited_message" if edited else "message"
    chat, sender = _object(raw, "chat"), raw.get("from")
    if chat.get("type") != "private":
        return Ignored(update_type, "not a private chat")
    if not isinstance(sender, dict) or sender.get("is_bot") is True:
        return Ignored(update_type, "not written by a person")
    chat_id, message_id = _required(chat, "id"), _required(raw, "message_id")
    language = _language(sender.get("language_code"))
    if edited and "location" in raw:
        # A live location is edited every few seconds while it moves.
        return Ignored(update_type, "live location")
    text = _text(raw, language)
    attachments = tuple(_attachments(raw, message_id))
    if not text and not attachments:
        return Ignored(update_type, "nothing to read")
    command = None if edited else _command(text)
    kind = InboundKind.EDIT if edited else InboundKind.COMMAND if command else InboundKind.TEXT
    key = f"{chat_id}:{message_id}"
    return InboundMessage(
        account=account,
        kind=kind,
        key=f"{key}:{_required(raw, 'edit_date')}" if edited else key,
        chat=str(chat_id),
        user=str(_required(sender, "id")),
        user_name=_person(sender),
        text=text,
        value=command,
        attachments=attachments,
        language=language,
        sent_at=_time(_required(raw, "edit_date" if edited else "date")),
        reference=str(message_id),
    )


def _press(raw: Any, account: str, now: datetime) -> tuple[Press | None, InboundMessage | Ignored]:
    query_id, value, sender = _object_of(raw).get("id"), raw.get("data"), _object(raw, "from")
    message = raw.get("message")
    if not isinstance(message, dict):
        return None, Ignored("callback_query", "not under a message of ours")
    chat = _object(message, "chat")
    if chat.get("type") != "private":
        return None, Ignored("callback_query", "not a private chat")
    if not isinstance(query_id, str) or not query_id or not _is_value(value):
        raise MalformedUpdateError("no id or data")
    keyboard = _keyboard(message.get("reply_markup"))
    press = Press(
        query_id=query_id,
        chat=str(_required(chat, "id")),
        message_id=_required(message, "message_id"),
        value=value,
        keyboard=keyboard,
    )
    labels = {each: label for row in keyboard for label, each in row}
    return press, InboundMessage(
        account=account,
        kind=InboundKind.PRESS,
        key=query_id,
        chat=press.chat,
        user=str(_required(sender, "id")),
        user_name=_person(sender),
        text=labels.get(value, "").removeprefix(CHOSEN),
        value=value,
        language=_language(sender.get("language_code")),
        sent_at=now,
        reference=str(press.message_id),
    )


def _text(raw: Raw, language: str | None) -> str:
    """What was written, or a few words in brackets for what is neither text nor file."""
    for field in ("text", "caption"):
        if isinstance(raw.get(field), str):
            return strip_controls(raw[field]).strip()
    words = TEXTS.of(language)
    # A venue comes with its location beside it, so it is asked for first.
    for field, words_of in _IN_WORDS.items():
        if isinstance(raw.get(field), dict):
            said = words_of(raw[field])
            return " ".join(strip_controls(f"[{words[_KIND.get(field, field)]} {said}").split()) + "]"
    return _emoji(raw["dice"]) if isinstance(raw.get("dice"), dict) else ""


def _venue_in_words(venue: Raw) -> str:
    return ", ".join(str(venue[field]) for field in ("title", "address") if isinstance(venue.get(field), str))


def _location_in_words(location: Raw) -> str:
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return ""
    return f"{latitude:.5f}, {longitude:.5f}"


def _contact_in_words(contact: Raw) -> str:
    names = (contact.get(field) for field in ("first_name", "last_name", "phone_number"))
    return " ".join(name for name in names if isinstance(name, str))


def _poll_in_words(poll: Raw) -> str:
    return str(poll.get("question", ""))


def _emoji(sticker: Raw) -> str:
    emoji = sticker.get("emoji")
    return strip_controls(emoji) if isinstance(emoji, str) else ""


_KIND = {"venue": "location"}
_IN_WORDS = {
    "venue": _venue_in_words,
    "location": _location_in_words,
    "contact": _contact_in_words,
    "sticker": _emoji,
    "poll": _poll_in_words,
}


def _command(text: str) -> Command | None:
    found = _COMMAND.match(text)
    return _COMMANDS.get(found.group(1).lower()) if found else None


def _attachments(raw: Raw, message_id: int) -> Iterable[Attachment]:
    for field in _FILES:
        file = raw.get(field)
        if field == "photo":
            file = _largest(file)
        if not isinstance(file, dict):
            continue
        stem, suffix, usual_type = _FILE_NAMES[field]
        yield Attachment(
            name=_file_name(file.get("file_name"), f"{stem}-{message_id}.{suffix}"),
            media_type=_media_type(file.get("mime_type"), usual_type),
            size_bytes=max(_integer(file.get("file_size")) or 0, 0),
            remote_id=_string(file, "file_id"),
        )
        # An animation comes with the same file as `document`, for old clients.
        return


def _largest(sizes: Any) -> Raw | None:
    if not isinstance(sizes, list):
        return None
    known = [size for size in sizes if isinstance(size, dict)]
    return max(
        known,
        key=lambda size: (_integer(size.get("width")) or 0) * (_integer(size.get("height")) or 0),
        default=None,
    )


def _file_name(name: Any, fallback: str) -> str:
    """The last part of a name that somebody else chose, without what misleads a person or a disk."""
    if not isinstance(name, str):
        return fallback
    last = re.split(r"[/\\]", _INVISIBLE.sub("", strip_controls(name)))[-1]
    last = _UNSAFE_IN_FILE_NAMES.sub("_", " ".join(last.split())).strip(". ")
    if len(last) > MAX_FILE_NAME_CHARS:
        stem, dot, suffix = last.rpartition(".")
        kept = dot + suffix if stem and len(suffix) <= 10 else ""
        last = last[: MAX_FILE_NAME_CHARS - len(kept)].rstrip(". ") + kept
    return last or fallback


def _media_type(value: Any, usual: str) -> str:
    return value.lower() if isinstance(value, str) and _MEDIA_TYPE.fullmatch(value.lower()) else usual


def _person(sender: Raw) -> str | None:
    """First and last name, else the user name, on one line."""
    names = [sender[field] for field in ("first_name", "last_name") if isinstance(sender.get(field), str)]
    for name in (" ".join(names), sender.get("username")):
        if isinstance(name, str):
            shown = " ".join(_INVISIBLE.sub("", strip_controls(name)).split())
            if shown:
                return shown[:MAX_NAME_CHARS].rstrip()
    return None


def _language(code: Any) -> str | None:
    """ "fr" from an IETF tag such as "fr-CA"; None for a language without texts."""
    primary = code.lower().partition("-")[0] if isinstance(code, str) else ""
    return primary if primary in TEXTS.by_language else None


def _keyboard(markup: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list):
        return ()
    return tuple(
        tuple((strip_controls(each["text"]), each["callback_data"]) for each in row if _is_button(each))
        for row in rows
        if isinstance(row, list)
    )


def _is_button(raw: Any) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("text"), str) and _is_value(raw.get("callback_data"))


def _is_value(data: Any) -> bool:
    """Whether a button of ours may have carried it."""
    return isinstance(data, str) and 0 < len(data) <= 64 and data.isascii() and data.isprintable()


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise MalformedUpdateError("no time") from exc


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def _required(raw: Raw, field: str) -> int:
    value = _integer(raw.get(field))
    if value is None:
        raise MalformedUpdateError(f"no {field}")
    return value


def _string(raw: Raw, field: str) -> str:
    value = raw.get(field)
    if not isinstance(value, str) or not value:
        raise MalformedUpdateError(f"no {field}")
    return value


def _object_of(raw: Any) -> Raw:
    if not isinstance(raw, dict):
        raise MalformedUpdateError("no object")
    return raw


def _object(raw: Any, field: str) -> Raw:
    return _object_of(_object_of(raw).get(field))
