"""NUL, lone surrogates and control characters in any field of any payload, through to the database."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from bot.channels.slack import parse as slack
from bot.channels.telegram import parse as telegram
from bot.channels.web.parse import PostError, file_name, read_post
from bot.domain.messages import InboundMessage
from tests.pipeline.office import MONDAY_MORNING, Office

_CHANNELS = Path(__file__).parents[1] / "channels"
_ME = slack.Identity(team="T024BE7LD", user="U0BOT", bot="B0BOT")
_HOSTILE = st.sampled_from(["\x00", "\ud800", "\udfff", "\x1b[2J", "\x7f", "\x85", "\u202e", "\r\n"])


def _payloads(platform: str) -> list[Any]:
    folder = _CHANNELS / platform / "fixtures"
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where strings stand."""
    if isinstance(tree, str):
        yield path
    elif isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _places(value, (*path, key))


def _spoiled(tree: Any, path: tuple[Any, ...], hostile: str, *, front: bool) -> Any:
    spoiled = copy.deepcopy(tree)
    parent = spoiled
    for key in path[:-1]:
        parent = parent[key]
    text = parent[path[-1]]
    parent[path[-1]] = hostile + text if front else text + hostile
    return spoiled


_SLACK = [(tree, path) for tree in _payloads("slack") for path in _places(tree)]
_TELEGRAM = [(tree, path) for tree in _payloads("telegram") for path in _places(tree)]
_MANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _slack_messages(tree: Any) -> Iterator[InboundMessage]:
    for read in (slack.event, slack.press):
        found = read(tree, _ME)
        if found is not None:
            yield found.message
    found = slack.command(tree, _ME, now=MONDAY_MORNING)
    if found is not None:
        yield found.message


async def _stored(office: Office, message: InboundMessage) -> None:
    """Takes it in, and reads back what must be encodable for a page, a log and another platform."""
    await office.inbound.accept(message)
    conversation = await office.store.read(
        lambda unit: unit.conversations.current(message.account, message.chat, message.user)
    )
    assert conversation is not None
    waiting = await office.store.read(lambda unit: unit.inbox.next(conversation.id))
    assert waiting is not None
    for item in (waiting.message, *waiting.message.attachments):
        for value in vars(item).values():
            if isinstance(value, str):
                assert "\x00" not in value.encode().decode()


@pytest.mark.asyncio
@_MANY
@given(chosen=st.sampled_from(_SLACK), hostile=_HOSTILE, front=st.booleans())
async def test_slack(office: Office, chosen: Any, hostile: str, front: bool) -> None:
    tree, path = chosen
    for message in _slack_messages(_spoiled(tree, path, hostile, front=front)):
        await _stored(office, message)


@pytest.mark.asyncio
@_MANY
@given(chosen=st.sampled_from(_TELEGRAM), hostile=_HOSTILE, front=st.booleans())
async def test_telegram(office: Office, chosen: Any, hostile: str, front: bool) -> None:
    tree, path = chosen
    body = json.dumps(_spoiled({"update_id": 1} | tree, path, hostile, front=front)).encode()
    content = telegram.read_body(body, "telegram:7712", MONDAY_MORNING).content
    if isinstance(content, InboundMessage):
        await _stored(office, content)


@pytest.mark.asyncio
@_MANY
@given(
    field=st.sampled_from(["key", "text", "press", "command"]),
    hostile=_HOSTILE,
    front=st.booleans(),
    form=st.booleans(),
)
async def test_web(office: Office, field: str, hostile: str, front: bool, form: bool) -> None:
    fields = {"key": "k" * 16, "text": "bonjour"} | ({field: "1:a"} if field in {"press", "command"} else {})
    fields[field] = hostile + fields[field] if front else fields[field] + hostile
    if form:
        kind, body = "application/x-www-form-urlencoded", urlencode(fields, errors="surrogatepass").encode()
    else:
        kind, body = "application/json", json.dumps(fields).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    try:
        post = await read_post(Request(scope, receive))
    except PostError:
        return
    assert file_name(post.text + hostile).encode()
    await _stored(office, office.message(post.text, key=post.key, value=post.command))
