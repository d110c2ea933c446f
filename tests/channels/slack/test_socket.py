"""Socket Mode: what is acknowledged and when, and what a lost connection does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.channels.slack import socket as socket_mode
from bot.channels.slack.adapter import SlackChannel
from bot.domain.errors import RejectedError
from bot.domain.messages import InboundKind
from tests.channels.slack.conftest import FakeInbox, settings
from tests.channels.slack.server import FakeSlack, Fault, fixture

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def listening(channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox) -> AsyncIterator[None]:
    task = asyncio.create_task(channel.listen(inbox.accept))
    await slack.until(lambda: slack.sockets)
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_message_is_acknowledged_once_it_is_stored(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    inbox.delay_s = 0.2
    async with listening(channel, slack, inbox):
        await slack.push(fixture("message_direct"), envelope="e1")
        await asyncio.sleep(0.1)
        assert inbox.calls
        assert "e1" not in slack.acknowledged
        await slack.until(lambda: "e1" in slack.acknowledged)
        assert len(inbox.stored) == 1


async def test_what_is_not_stored_is_not_acknowledged(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    inbox.failures = 1
    async with listening(channel, slack, inbox):
        await slack.push(fixture("message_direct"), envelope="e1")
        await slack.push(fixture("reaction_added"), envelope="e2")
        await slack.until(lambda: "e2" in slack.acknowledged)
        await asyncio.sleep(0.1)
        assert "e1" not in slack.acknowledged
        await slack.push(fixture("message_direct"), envelope="e3", retry=1)
        await slack.until(lambda: "e3" in slack.acknowledged)
    assert len(inbox.stored) == 1


async def test_presses_and_commands_come_the_same_way(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    async with listening(channel, slack, inbox):
        await slack.push(fixture("block_actions"), kind="interactive", envelope="e1")
        await slack.push(fixture("slash_command"), kind="slash_commands", envelope="e2")
        await slack.until(lambda: {"e1", "e2"} <= slack.acknowledged.keys())
    assert {message.kind for message in inbox.stored} == {InboundKind.PRESS, InboundKind.COMMAND}
    assert slack.acknowledged["e2"]["payload"]["text"] == "Je vous réponds en message direct."


async def test_malformed_envelopes_do_not_stop_it(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    async with listening(channel, slack, inbox):
        for junk in ("{", "[]", "x", "[" * 100_000, '{"a":' * 100_000, '{"type":"events_api","payload":7}'):
            await slack.sockets[0].send_str(junk)
        await slack.push({"type": "event_callback", "event": 5}, envelope="e0")
        await slack.push(fixture("message_direct"), envelope="e1")
        await slack.until(lambda: "e1" in slack.acknowledged)
    assert len(inbox.stored) == 1


async def test_a_lost_connection_is_made_again(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    async with listening(channel, slack, inbox):
        await slack.sockets[0].send_json({"type": "disconnect", "reason": "refresh_requested"})
        await slack.until(lambda: len(slack.sockets) == 2)
        await slack.push(fixture("message_direct"), envelope="e1")
        await slack.until(lambda: "e1" in slack.acknowledged)
    assert len(inbox.stored) == 1


async def test_slack_being_down_at_the_start_is_waited_out(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "_FIRST_WAIT_S", 0.05)
    slack.fail("apps.connections.open", Fault(status=503), Fault(cut=True))
    async with listening(channel, slack, inbox):
        assert slack.calls["apps.connections.open"] == 3


async def test_a_restarted_slack_is_found_again(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "_LOST_S", 0.1)
    monkeypatch.setattr(socket_mode, "_CHECK_S", 0.05)
    monkeypatch.setattr(socket_mode, "_FIRST_WAIT_S", 0.05)
    async with listening(channel, slack, inbox):
        await slack.__aexit__()
        await asyncio.sleep(0.3)
        slack.sockets.clear()
        await slack.__aenter__()
        await slack.until(lambda: slack.sockets)
        await slack.push(fixture("message_direct"), envelope="e1")
        await slack.until(lambda: "e1" in slack.acknowledged)
    assert len(inbox.stored) == 1


async def test_an_address_that_is_no_longer_accepted_is_replaced(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "_CONNECT_S", 0.2)
    monkeypatch.setattr(socket_mode, "_LOST_S", 0.1)
    monkeypatch.setattr(socket_mode, "_CHECK_S", 0.05)
    monkeypatch.setattr(socket_mode, "_FIRST_WAIT_S", 0.05)
    slack.refused_tickets = {"t1", "t3"}
    async with listening(channel, slack, inbox):
        assert slack.calls["apps.connections.open"] == 2
        await slack.sockets[0].close()
        await slack.until(lambda: len(slack.sockets) == 2)
        assert slack.calls["apps.connections.open"] == 4


async def test_a_bad_app_token_is_rejected(slack: FakeSlack, inbox: FakeInbox) -> None:
    channel = SlackChannel(settings(slack, app_token="xapp-1-wrong"))
    await channel.open()
    with pytest.raises(RejectedError, match="invalid_auth"):
        await channel.listen(inbox.accept)
    await channel.close()


async def test_stopping_lets_what_is_in_hand_be_acknowledged(
    channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox
) -> None:
    inbox.delay_s = 0.3
    async with listening(channel, slack, inbox):
        await slack.push(fixture("message_direct"), envelope="e1")
        await inbox.called.wait()
        started = time.monotonic()
    assert "e1" in slack.acknowledged
    assert time.monotonic() - started < 3


async def test_no_task_is_left_behind(channel: SlackChannel, slack: FakeSlack, inbox: FakeInbox) -> None:
    before = asyncio.all_tasks()
    async with listening(channel, slack, inbox):
        pass
    await asyncio.sleep(0.1)
    left = {task for task in asyncio.all_tasks() - before if "slack_sdk" in repr(task)}
    assert left == set()


async def test_without_an_app_token_nothing_is_pulled(slack: FakeSlack, inbox: FakeInbox) -> None:
    channel = SlackChannel(settings(slack, app_token=None))
    assert not channel.pulls
    await channel.listen(inbox.accept)
