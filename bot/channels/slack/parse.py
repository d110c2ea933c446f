"""Parses Slack's raw payloads into messages; the only module that sees one.

Whatever does not have the shape that Slack documents is ignored: a payload is never trusted to hold a
string where one is expected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from bot.channels.slack.texts import TEXTS
from bot.domain.messages import Attachment, Command, InboundKind, InboundMessage
from bot.text.control import strip_controls
from bot.text.folding import fold_letters

JsonObject = Mapping[str, Any]

ACTION_PREFIX = "relais:"
"""Begins the action_id of every button of ours."""

_HEARD_SUBTYPES = (None, "file_share", "thread_broadcast")
"""Of api.slack.com/events/message: plain ones, those with files, and replies also sent to the channel."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]{0,60}/[A-Za-z0-9][\w.+-]{0,60}", re.ASCII)
_TOKEN = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_HELP_WORDS = frozenset({"", "?", "aide", "help"})
_HUMAN_WORDS = frozenset(
    {"humain", "humaine", "human", "personne", "une personne", "person", "a person", "agent", "un agent"}
    | {"an agent", "conseiller", "un conseiller", "conseillere", "une conseillere", "quelqu'un", "someone"}
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who we are in the workspace, by auth.test.

    Args:
        team: the workspace's id.
        user: the bot's user id, by which people mention it.
        bot: the bot's own id, by which its messages are known.
    """

    team: str
    user: str
    bot: str

    @property
    def account(self) -> str:
        """The name of the channel account."""
        return f"slack:{self.team}"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A message that may be for us.

    Args:
        message: what was said; `user_name` and `language` are not known yet.
        addressed: certainly for us: a direct message, a mention, a press, a command, or a reply under
            a message of ours. Otherwise it counts only when its author takes part in the thread.
        mentioned: we were named, so the author takes part in the thread from now on.
        channel: the Slack channel.
        thread: ts of the thread's first message, None in a direct message.
    """

    message: InboundMessage
    addressed: bool
    mentioned: bool = False
    channel: str
    thread: str | None


@dataclass(frozen=True, kw_only=True)
class Pressed(Heard):
    """A button of ours was pressed.

    Args:
        ts: the message that carries it.
        block: the block_id of its row of buttons.
        blocks: that message's blocks, as Slack sent them.
    """

    ts: str
    block: str
    blocks: list[JsonObject]


def event(body: JsonObject, me: Identity) -> Heard | None:
    """Reads a `message` or `app_mention` event.

    Returns:
        None for what is not for us: bots, other subtypes, chatter outside of threads.
    """
    said = _object(body.get("event"))
    match said.get("subtype"):
        case "message_changed":
            return _changed(said, me)
        case "message_deleted":
            return _deleted(_object(said.get("previous_message")), said, me)
        case subtype if subtype not in _HEARD_SUBTYPES or said.get("hidden"):
            return None
    mentioned = said.get("type") == "app_mention" or _mentions(said, me)
    heard = _heard(said, said, me, mentioned=mentioned)
    if heard is None or not (heard.message.text or heard.message.attachments or mentioned):
        return None
    if mentioned and not heard.message.text and not heard.message.attachments:
        # Only the bot's name: somebody knocks.
        knock = replace(heard.message, kind=InboundKind.COMMAND, value=Command.START)
        return replace(heard, message=knock)
    return heard


def press(body: JsonObject, me: Identity) -> Pressed | None:
    """Reads a `block_actions` payload; None when no button of ours was pressed."""
    container, user = _object(body.get("container")), _object(body.get("user"))
    carrier = _object(body.get("message"))
    action = _object(next(iter(_list(body.get("actions"))), None))
    channel = _id(container.get("channel_id")) or _id(_object(body.get("channel")).get("id"))
    ts = _ts(container.get("message_ts")) or _ts(carrier.get("ts"))
    action_id, value, action_ts = (
        _str(action.get("action_id")),
        _str(action.get("value")),
        _ts(action.get("action_ts")),
    )
    who = _id(user.get("id"))
    if not (channel and ts and who and value and action_ts and action_id.startswith(ACTION_PREFIX)):
        return None
    direct = channel.startswith("D")
    thread = None if direct else _ts(container.get("thread_ts")) or _ts(carrier.get("thread_ts")) or ts
    message = InboundMessage(
        account=me.account,
        kind=InboundKind.PRESS,
        key=f"{me.team}:{channel}:{ts}:{action_id}:{who}:{action_ts}",
        chat=channel if thread is None else f"{channel}:{thread}",
        user=who,
        text=plain_text(_str(_object(action.get("text")).get("text")), me),
        value=value,
        sent_at=_when(action_ts),
        reference=f"{channel}:{ts}",
    )
    blocks = [_object(block) for block in _list(carrier.get("blocks"))]
    block = _str(action.get("block_id"))
    return Pressed(
        message=message, addressed=True, channel=channel, thread=thread, ts=ts, block=block, blocks=blocks
    )


def command(body: JsonObject, me: Identity, *, now: datetime) -> Heard | None:
    """Reads a slash command.

    A command may be typed anywhere, even where the bot cannot speak, so it is answered in the person's
    direct messages: `chat` is the channel it was typed in, and the caller puts the right one.
    """
    channel, who, trigger = (
        _id(body.get("channel_id")),
        _id(body.get("user_id")),
        _str(body.get("trigger_id")),
    )
    if not (channel and who and trigger):
        return None
    text = plain_text(_str(body.get("text")), me)
    words = " ".join(fold_letters(text).split())
    kind, value = InboundKind.TEXT, None
    if words in _HELP_WORDS:
        kind, value = InboundKind.COMMAND, Command.HELP
    elif words in _HUMAN_WORDS:
        kind, value = InboundKind.COMMAND, Command.HUMAN
    message = InboundMessage(
        account=me.account,
        kind=kind,
        key=f"{me.team}:command:{strip_controls(trigger)[:100]}",
        chat=channel,
        user=who,
        text=text,
        value=value,
        language=command_language(body),
        sent_at=now,
    )
    return Heard(message=message, addressed=True, channel=channel, thread=None)


def command_language(body: JsonObject) -> str:
    """The language that a command's own name is in."""
    command = _str(body.get("command"))
    spoken = (each for each, texts in TEXTS.by_language.items() if command.startswith(texts["command"]))
    return next(spoken, TEXTS.otherwise)


def event_type(body: object) -> str:
    """A short name of what a payload is about, fit for a log line."""
    payload = _object(body)
    inner = _object(payload.get("event"))
    return _str(inner.get("type") or payload.get("type") or payload.get("command"))[:60] or "unknown"


def plain_text(text: str, me: Identity) -> str:
    """Slack's markup as a person reads it: links and names written out, our own name left out.

    docs.slack.dev/messaging/formatting-message-text lists the forms in angle brackets.
    """

    def written(match: re.Match[str]) -> str:
        target, label = match[1], match[2] or ""
        if target == f"@{me.user}":
            return " "
        if target.startswith(("@", "#")):
            return target[0] + (label.lstrip("@#") or target[1:])
        if target.startswith("!"):
            return label or "@" + target[1:].split("^")[0]
        address = target.removeprefix("mailto:").removeprefix("tel:")
        shown = label in {"", target, address} or target.split("://")[-1].rstrip("/") == label.rstrip("/")
        return address if shown else f"{label} ({address})"

    text = _TOKEN.sub(written, strip_controls(text))
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _heard(said: JsonObject, envelope: JsonObject, me: Identity, *, mentioned: bool) -> Heard | None:
    """A text message; None when it is a bot's, malformed, or neither for us nor in a thread."""
    channel, ts, user = _id(envelope.get("channel")), _ts(said.get("ts")), _id(said.get("user"))
    if not (channel and ts and user) or _by_bot(said, me):
        return None
    thread = _ts(said.get("thread_ts"))
    direct = channel.startswith("D") or envelope.get("channel_type") == "im"
    addressed = direct or mentioned or said.get("parent_user_id") == me.user
    if not addressed and (thread is None or thread == ts):
        return None
    chat = channel if direct else f"{channel}:{thread or ts}"
    message = InboundMessage(
        account=me.account,
        kind=InboundKind.TEXT,
        key=f"{me.team}:{channel}:{ts}",
        chat=chat,
        user=user,
        text=plain_text(_str(said.get("text")), me),
        attachments=_attachments(said),
        sent_at=_when(ts),
        reference=f"{channel}:{ts}",
    )
    return Heard(
        message=message,
        addressed=addressed,
        mentioned=mentioned and not direct,
        channel=channel,
        thread=None if direct else thread or ts,
    )


def _changed(said: JsonObject, me: Identity) -> Heard | None:
    """An edit by its author; Slack also sends this for previews of links, which change no text."""
    new, old = _object(said.get("message")), _object(said.get("previous_message"))
    if new.get("subtype") == "tombstone":
        # A deleted message that others have answered in a thread.
        return _deleted(old, said, me)
    edited = _ts(_object(new.get("edited")).get("ts"))
    if edited is None or _str(new.get("text")) == _str(old.get("text")):
        return None
    before = _mentions(old, me)
    heard = _heard(new, said, me, mentioned=_mentions(new, me) or before)
    if heard is None or (heard.mentioned and not before):
        # Naming us for the first time makes it a new message: its key is that of its app_mention.
        return heard
    message = heard.message
    edit = replace(message, kind=InboundKind.EDIT, key=f"{message.key}:{edited}", sent_at=_when(edited))
    return replace(heard, message=replace(edit, attachments=()))


def _deleted(gone: JsonObject, said: JsonObject, me: Identity) -> Heard | None:
    heard = _heard(gone, said, me, mentioned=_mentions(gone, me))
    if heard is None:
        return None
    at = _ts(said.get("event_ts")) or _ts(said.get("ts"))
    when = _when(at) if at else heard.message.sent_at
    return replace(
        heard,
        message=replace(heard.message, kind=InboundKind.DELETE, text="", attachments=(), sent_at=when),
    )


def _by_bot(said: JsonObject, me: Identity) -> bool:
    if said.get("bot_id") or said.get("bot_profile") or said.get("subtype") == "bot_message":
        return True
    return said.get("user") in {me.user, "USLACKBOT"}


def _mentions(said: JsonObject, me: Identity) -> bool:
    text = _str(said.get("text"))
    return f"<@{me.user}>" in text or f"<@{me.user}|" in text


def _attachments(said: JsonObject) -> tuple[Attachment, ...]:
    found = []
    for file in map(_object, _list(said.get("files"))):
        file_id, url = _id(file.get("id")), _str(file.get("url_private_download") or file.get("url_private"))
        if file.get("mode") in {"tombstone", "hidden_by_limit"} or not (file_id or url):
            continue
        size = file.get("size")
        found.append(
            Attachment(
                name=_file_name(_str(file.get("name") or file.get("title"))),
                media_type=_media_type(_str(file.get("mimetype"))),
                size_bytes=size if isinstance(size, int) and size > 0 else 0,
                # Files of shared channels come without an address and must be asked for by id.
                remote_id=strip_controls(url) or f"id:{file_id}",
            )
        )
    return tuple(found)


def _file_name(name: str) -> str:
    return PurePosixPath(strip_controls(name).replace("\\", "/")).name[:200].strip(". \n\t") or "file"


def _media_type(value: str) -> str:
    return value.lower() if _MEDIA_TYPE.fullmatch(value) else "application/octet-stream"


def _when(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _ts(value: object) -> str | None:
    if not isinstance(value, str) or not _TS.fullmatch(value):
        return None
    # Beyond the year 9999 it is no time.
    return value if float(value) < 253_402_300_000 else None
