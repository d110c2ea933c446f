"""Slack calling the bot over HTTP: what is stored, what is refused, what is answered."""

import copy
import json
import logging
import time

import pytest

from bot.channels.slack import parse
from bot.channels.slack.adapter import SlackChannel
from bot.domain.messages import Command, InboundKind
from tests.channels.slack.conftest import FakeInbox, served, settings
from tests.channels.slack.server import (
    BOT_USER,
    CHANNEL,
    DIRECT,
    OTHER,
    SIGNING_SECRET,
    TEAM,
    USER,
    FakeSlack,
    Fault,
    Json,
    Sender,
    fixture,
    sign,
)

pytestmark = pytest.mark.asyncio

JSON = "application/json"


def in_event(name: str, **changes: object) -> Json:
    payload = copy.deepcopy(fixture(name))
    payload["event"].update(changes)
    return payload


async def test_a_direct_message_is_stored_before_it_is_acknowledged(sender: Sender, inbox: FakeInbox) -> None:
    answer = await sender.event(fixture("message_direct"))
    assert answer.status == 200
    (message,) = inbox.stored
    assert (message.account, message.kind) == (f"slack:{TEAM}", InboundKind.TEXT)
    assert (message.chat, message.user) == (DIRECT, USER)
    assert message.text == "Bonjour, mon VPN ne marche plus & je suis bloqué"
    assert message.key == f"{TEAM}:{DIRECT}:1700000001.000100"
    assert message.sent_at.timestamp() == pytest.approx(1700000001.0001)


async def test_a_repeated_delivery_keeps_its_key(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("message_direct"))
    answer = await sender.event(
        fixture("message_direct"), x_slack_retry_num="1", x_slack_retry_reason="http_timeout"
    )
    assert answer.status == 200
    assert len(inbox.calls) == 2
    assert len(inbox.stored) == 1


async def test_a_mention_that_arrives_twice_is_one_message(sender: Sender, inbox: FakeInbox) -> None:
    assert (await sender.event(fixture("app_mention"))).status == 200
    assert (await sender.event(fixture("message_mention"))).status == 200
    (message,) = inbox.stored
    assert len(inbox.calls) == 2
    assert message.text == "mon imprimante est hors ligne"
    assert message.chat == f"{CHANNEL}:1700000002.000200"


async def test_when_storing_fails_slack_is_told_to_send_again(
    sender: Sender, inbox: FakeInbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.failures = 1
    with caplog.at_level(logging.INFO):
        assert (await sender.event(fixture("message_direct"))).status == 500
    assert "VPN" not in str([record.__dict__ for record in caplog.records])
    assert (await sender.event(fixture("message_direct"), x_slack_retry_num="1")).status == 200
    assert len(inbox.stored) == 1


async def test_the_url_is_verified(sender: Sender) -> None:
    answer = await sender.event(fixture("url_verification"))
    assert answer.status == 200
    assert json.loads(answer.text) == {"challenge": fixture("url_verification")["challenge"]}


# Who may call


@pytest.mark.parametrize(
    "headers",
    [
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": ""},
        {"x_slack_signature": "v0=é" + "0" * 63},
        {"x_slack_signature": "v1=" + "0" * 64},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "hier"},
        {"x_slack_request_timestamp": "1e9"},
        {"x_slack_request_timestamp": "²"},
        {"x_slack_request_timestamp": "-1"},
        {"x_slack_request_timestamp": "9" * 400},
    ],
    ids=str,
)
async def test_what_is_not_slacks_is_refused(
    sender: Sender, inbox: FakeInbox, headers: dict[str, str]
) -> None:
    assert (await sender.event(fixture("message_direct"), **headers)).status == 401
    assert inbox.calls == []


@pytest.mark.parametrize("offset_s", [-301, 1000])
async def test_what_is_too_old_or_of_the_future_is_refused(
    sender: Sender, inbox: FakeInbox, offset_s: int
) -> None:
    signed_at = str(int(time.time()) + offset_s)
    answer = await sender.event(fixture("message_direct"), x_slack_request_timestamp=signed_at)
    assert answer.status == 401
    assert inbox.calls == []


async def test_another_secret_is_refused(sender: Sender, inbox: FakeInbox) -> None:
    stranger = Sender(url=sender.url, secret=SIGNING_SECRET[::-1])
    assert (await stranger.event(fixture("message_direct"))).status == 401
    assert inbox.calls == []


async def test_a_signature_does_not_fit_another_body(sender: Sender, inbox: FakeInbox) -> None:
    now = str(int(time.time()))
    stolen = sign(SIGNING_SECRET, now, b"{}")
    answer = await sender.event(
        fixture("message_direct"), x_slack_signature=stolen, x_slack_request_timestamp=now
    )
    assert answer.status == 401


# What cannot be read


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'event': 1}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type":"event_callback","event":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"event_callback","team":5,"event":{"type":"message"}}',
        b'{"type":"event_callback","event":5}',
        b'{"n":' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: body[:20].decode(),
)
async def test_malformed_json_is_refused(sender: Sender, inbox: FakeInbox, body: bytes) -> None:
    assert (await sender.raw(body, JSON)).status == 400
    assert inbox.calls == []


async def test_a_malformed_form_is_refused(sender: Sender) -> None:
    form = "application/x-www-form-urlencoded"
    assert (await sender.raw(b"payload=%7B", form)).status == 400
    assert (await sender.raw(b"payload=" + b"%5B" * 50_000, form)).status == 400
    assert (await sender.raw(b"payload=3", form)).status == 400


async def test_a_body_that_is_not_utf8_is_refused(sender: Sender) -> None:
    assert (await sender.raw(b'{"text":"\xff"}', JSON)).status == 401


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "channel": {"id": "D1"}, "user": USER, "ts": "1.0", "text": "x"},
        {"type": "message", "channel": "D1", "user": [USER], "ts": "1.0", "text": "x"},
        {"type": "message", "channel": "D1", "user": USER, "ts": 17.5, "text": "x"},
        {"type": "message", "channel": "D1", "user": USER, "ts": "999999999999.0", "text": "x"},
        {"type": "message", "channel": "D1", "user": USER, "ts": "nan", "text": "x"},
        {"type": "message", "channel": "D1:2", "user": USER, "ts": "1.0", "text": "x"},
        {"type": "message", "channel": "D1", "user": USER, "ts": "1.0", "text": {"a": 1}},
        {"type": "message", "subtype": "message_changed", "message": "x", "channel": "D1"},
        {"type": "message", "subtype": "message_deleted", "channel": "D1"},
        {"type": "message", "subtype": ["x"], "channel": "D1"},
        {"type": "app_mention"},
    ],
    ids=str,
)
async def test_an_event_of_another_shape_is_ignored(sender: Sender, inbox: FakeInbox, event: Json) -> None:
    payload = {**fixture("message_direct"), "event": event}
    assert (await sender.event(payload)).status == 200
    assert inbox.calls == []


async def test_a_body_over_a_megabyte_is_refused(sender: Sender, inbox: FakeInbox) -> None:
    assert (await sender.event(in_event("message_direct", text="a" * 1_100_000))).status == 413
    assert inbox.calls == []


async def test_a_message_of_almost_a_megabyte_is_taken(sender: Sender, inbox: FakeInbox) -> None:
    payload = in_event("message_direct", text="é" * 100_000 + "<" * 300_000, blocks=[])
    assert (await sender.event(payload)).status == 200
    assert len(inbox.stored[0].text) == 400_000


async def test_what_no_database_takes_is_left_out(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(in_event("message_direct", text="a\x00b\ud800c\x1b[0m"))
    assert inbox.stored[0].text == "abc[0m"


async def test_an_unknown_event_is_acknowledged_and_logged(
    sender: Sender, inbox: FakeInbox, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await sender.event(fixture("reaction_added"))).status == 200
    assert (await sender.interaction({**fixture("block_actions"), "type": "view_submission"})).status == 200
    assert inbox.calls == []
    kinds = [record.__dict__.get("event_type") for record in caplog.records]
    assert {"reaction_added", "view_submission"} <= set(kinds)


# Who is heard


@pytest.mark.parametrize("name", ["message_own", "message_other_bot", "message_joined", "message_chatter"])
async def test_bots_and_chatter_are_ignored(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox, name: str
) -> None:
    assert (await sender.event(fixture(name))).status == 200
    assert inbox.calls == []
    assert slack.calls["conversations.replies"] == 0


async def test_what_is_not_said_is_ignored(sender: Sender, inbox: FakeInbox) -> None:
    for subtype in ("channel_join", "me_message", "channel_topic", "pinned_item", "assistant_app_thread"):
        await sender.event(in_event("message_direct", subtype=subtype))
        await sender.event(in_event("message_mention", subtype=subtype))
    assert inbox.calls == []


async def test_our_own_words_are_ignored_even_without_bolt() -> None:
    me = parse.Identity(team=TEAM, user=BOT_USER, bot="B0LAN0Z8A")
    assert parse.event(in_event("message_direct", user=BOT_USER), me) is None
    assert parse.event(in_event("message_direct"), me) is not None


async def test_a_bot_in_a_users_name_is_ignored(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(in_event("message_direct", bot_id="B0CIBOT01"))
    await sender.event(in_event("message_direct", user="USLACKBOT"))
    await sender.event(in_event("message_direct", user=BOT_USER))
    assert inbox.calls == []


async def test_follow_ups_need_no_mention(sender: Sender, slack: FakeSlack, inbox: FakeInbox) -> None:
    await sender.event(fixture("app_mention"))
    await sender.event(fixture("message_thread_reply"))
    assert [message.text for message in inbox.stored] == [
        "mon imprimante est hors ligne",
        "oui, le voyant clignote",
    ]
    assert {message.chat for message in inbox.stored} == {f"{CHANNEL}:1700000002.000200"}
    assert slack.calls["conversations.replies"] == 0


async def test_follow_ups_are_heard_after_a_restart(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    slack.say(CHANNEL, f"<@{BOT_USER}> mon imprimante est hors ligne", ts="1700000002.000200")
    await sender.event(fixture("message_thread_reply"))
    await sender.event(in_event("message_thread_reply", ts="1700000003.000301", text="alors ?"))
    assert [message.text for message in inbox.stored] == ["oui, le voyant clignote", "alors ?"]
    assert slack.calls["conversations.replies"] == 1


async def test_a_colleague_in_the_thread_is_not_heard_until_they_mention_the_bot(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    slack.say(CHANNEL, f"<@{BOT_USER}> mon imprimante est hors ligne", ts="1700000002.000200")
    slack.say(CHANNEL, "chez moi elle marche", user=OTHER, thread="1700000002.000200")
    await sender.event(fixture("message_thread_reply_other"))
    assert inbox.stored == []
    thread = {"user": OTHER, "thread_ts": "1700000002.000200"}
    await sender.event(in_event("app_mention", ts="1700000003.000310", **thread))
    await sender.event(in_event("message_thread_reply_other", ts="1700000003.000320", text="et moi ?"))
    assert [message.text for message in inbox.stored] == ["mon imprimante est hors ligne", "et moi ?"]
    assert slack.calls["conversations.replies"] == 1


async def test_replies_under_a_message_of_the_bot_are_heard(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("message_under_ours"))
    assert inbox.stored[0].chat == f"{CHANNEL}:1700000000.000050"


async def test_a_thread_that_cannot_be_looked_at_now_is_asked_for_again(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    slack.say(CHANNEL, f"<@{BOT_USER}> bonjour", ts="1700000002.000200")
    slack.fail("conversations.replies", Fault(status=503))
    assert (await sender.event(fixture("message_thread_reply"))).status == 500
    assert (await sender.event(fixture("message_thread_reply"), x_slack_retry_num="1")).status == 200
    assert len(inbox.stored) == 1


async def test_a_thread_that_may_not_be_read_is_left_alone(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    slack.fail("conversations.replies", Fault(error="missing_scope"))
    assert (await sender.event(fixture("message_thread_reply"))).status == 200
    assert inbox.calls == []


async def test_a_reply_also_sent_to_the_channel_is_heard(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("app_mention"))
    await sender.event(in_event("message_thread_reply", subtype="thread_broadcast"))
    assert len(inbox.stored) == 2


async def test_the_bots_name_alone_is_a_knock(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(in_event("app_mention", text=f" <@{BOT_USER}> "))
    await sender.event(in_event("message_mention", text=f"<@{BOT_USER}>"))
    (message,) = inbox.stored
    assert (message.kind, message.value) == (InboundKind.COMMAND, Command.START)


async def test_who_writes_is_asked_once(sender: Sender, slack: FakeSlack, inbox: FakeInbox) -> None:
    profile = {"display_name": "", "real_name": "Marie Dupont"}
    slack.users[USER] = {"id": USER, "name": "marie", "locale": "fr-FR", "profile": profile}
    await sender.event(fixture("message_direct"))
    await sender.event(in_event("message_direct", ts="1700000001.000101"))
    assert {(message.user_name, message.language) for message in inbox.stored} == {("Marie Dupont", "fr")}
    assert slack.calls["users.info"] == 1


async def test_not_knowing_who_writes_is_no_reason_to_wait(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    slack.fail("users.info", Fault(delay_s=30))
    started = time.monotonic()
    assert (await sender.event(fixture("message_direct"))).status == 200
    assert time.monotonic() - started < 20
    assert inbox.stored[0].user_name is None


# Files, edits, deletions


async def test_files_come_as_attachments(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("message_file_share"))
    (attachment,) = inbox.stored[0].attachments
    assert (attachment.name, attachment.media_type) == ("photo du voyant.jpg", "image/jpeg")
    assert attachment.size_bytes == 24680
    assert attachment.remote_id.startswith("https://files.slack.com/")


async def test_an_edit_refers_to_the_message(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("message_direct"))
    await sender.event(fixture("message_changed"))
    original, edit = inbox.stored
    assert (edit.kind, edit.text, edit.chat) == (InboundKind.EDIT, "mon VPN est coupé", DIRECT)
    assert edit.reference == original.reference
    assert edit.key == f"{original.key}:1700000007.000000"


async def test_a_change_that_is_no_edit_is_ignored(sender: Sender, inbox: FakeInbox) -> None:
    preview = fixture("message_changed")
    preview["event"]["message"]["text"] = preview["event"]["previous_message"]["text"]
    assert (await sender.event(preview)).status == 200
    del preview["event"]["message"]["edited"]
    preview["event"]["message"]["text"] = "autre"
    assert (await sender.event(preview)).status == 200
    assert inbox.calls == []


async def test_naming_the_bot_by_an_edit_is_a_new_message(sender: Sender, inbox: FakeInbox) -> None:
    edited = fixture("message_changed")
    edited["event"] |= {"channel": CHANNEL, "channel_type": "channel"}
    edited["event"]["message"]["text"] = f"<@{BOT_USER}> mon VPN est coupé"
    await sender.event(edited)
    await sender.event(
        in_event("app_mention", ts="1700000001.000100", text=f"<@{BOT_USER}> mon VPN est coupé")
    )
    (message,) = inbox.stored
    assert (message.kind, message.text) == (InboundKind.TEXT, "mon VPN est coupé")


async def test_chatter_that_is_edited_or_deleted_is_still_chatter(sender: Sender, inbox: FakeInbox) -> None:
    for name in ("message_changed", "message_deleted"):
        await sender.event(in_event(name, channel=CHANNEL, channel_type="channel"))
    assert inbox.calls == []


async def test_a_deletion_refers_to_the_message(sender: Sender, inbox: FakeInbox) -> None:
    await sender.event(fixture("message_direct"))
    await sender.event(fixture("message_deleted"))
    original, deletion = inbox.stored
    assert (deletion.kind, deletion.text) == (InboundKind.DELETE, "")
    assert deletion.reference == original.reference


async def test_a_deleted_message_with_replies_is_a_deletion(sender: Sender, inbox: FakeInbox) -> None:
    tombstone = fixture("message_changed")
    tombstone["event"]["message"] |= {"subtype": "tombstone", "user": "USLACKBOT", "text": "Message supprimé"}
    await sender.event(tombstone)
    assert [message.kind for message in inbox.stored] == [InboundKind.DELETE]


# Buttons and commands


async def test_a_press_comes_with_its_value_and_label(sender: Sender, inbox: FakeInbox) -> None:
    assert (await sender.interaction(fixture("block_actions"))).status == 200
    (message,) = inbox.stored
    assert (message.kind, message.value, message.text) == (InboundKind.PRESS, "step:yes", "Oui & il clignote")
    assert message.chat == f"{CHANNEL}:1700000002.000200"
    assert message.reference == f"{CHANNEL}:1700000014.001400"


async def test_a_second_press_of_the_same_button_is_another_one(sender: Sender, inbox: FakeInbox) -> None:
    again = fixture("block_actions")
    again["actions"][0]["action_ts"] = "1700000016.001600"
    for payload in (fixture("block_actions"), fixture("block_actions"), again):
        await sender.interaction(payload)
    assert (len(inbox.calls), len(inbox.stored)) == (3, 2)


async def test_a_pressed_row_shows_the_choice(sender: Sender, slack: FakeSlack, inbox: FakeInbox) -> None:
    carrier = fixture("block_actions")["message"]
    slack.messages[CHANNEL].append(carrier)
    await sender.interaction(fixture("block_actions"))
    await slack.until(lambda: slack.calls["chat.update"] == 1)
    section, choice = carrier["blocks"]
    assert section["text"]["text"] == "Le voyant clignote-t-il ?"
    assert choice["elements"][0]["text"] == "✓ Oui &amp; il clignote"


async def test_a_press_in_a_direct_message(sender: Sender, inbox: FakeInbox) -> None:
    payload = fixture("block_actions")
    payload["container"] = {"type": "message", "message_ts": "1700000014.001400", "channel_id": DIRECT}
    del payload["message"]["thread_ts"]
    await sender.interaction(payload)
    assert inbox.stored[0].chat == DIRECT


async def test_a_press_that_is_not_stored_is_not_acknowledged(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    inbox.failures = 1
    assert (await sender.interaction(fixture("block_actions"))).status == 500
    assert slack.calls["chat.update"] == 0


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("", InboundKind.COMMAND, Command.HELP),
        ("aide", InboundKind.COMMAND, Command.HELP),
        ("help", InboundKind.COMMAND, Command.HELP),
        ("humain", InboundKind.COMMAND, Command.HUMAN),
        ("  HUMAIN ", InboundKind.COMMAND, Command.HUMAN),
        ("une conseillère", InboundKind.COMMAND, Command.HUMAN),
        ("mon wifi est en panne", InboundKind.TEXT, None),
    ],
)
async def test_a_command_is_answered_in_direct_messages(
    sender: Sender, inbox: FakeInbox, typed: str, kind: InboundKind, value: Command | None
) -> None:
    answer = await sender.command({**fixture("slash_command"), "text": typed})
    assert (answer.status, answer.text) == (200, "Je vous réponds en message direct.")
    (message,) = inbox.stored
    assert (message.kind, message.value, message.chat) == (kind, value, DIRECT)
    assert message.language == "fr"


async def test_a_command_in_the_bots_direct_messages_needs_no_pointer(
    sender: Sender, inbox: FakeInbox
) -> None:
    form = {**fixture("slash_command"), "channel_id": DIRECT, "command": "/helpdesk", "text": "help"}
    answer = await sender.command(form)
    assert (answer.status, answer.text) == (200, "")
    assert inbox.stored[0].language == "en"


async def test_a_command_that_is_not_stored_says_so(
    sender: Sender, slack: FakeSlack, inbox: FakeInbox
) -> None:
    inbox.failures = 1
    answer = await sender.command(fixture("slash_command"))
    assert answer.status == 200
    assert "Réessayez" in answer.text
    slack.fail("conversations.open", Fault(status=503))
    form = {**fixture("slash_command"), "user_id": OTHER, "trigger_id": "2.2.b"}
    assert "Réessayez" in (await sender.command(form)).text
    assert inbox.stored == []


# Life


async def test_before_it_is_open_slack_is_told_to_wait(slack: FakeSlack, inbox: FakeInbox) -> None:
    channel = SlackChannel(settings(slack))
    async with served(channel, inbox) as sender:
        assert (await sender.event(fixture("message_direct"))).status == 503
        await channel.open()
        assert (await sender.event(fixture("message_direct"))).status == 200
    await channel.close()
    await channel.close()


async def test_without_a_signing_secret_there_is_no_http(slack: FakeSlack, inbox: FakeInbox) -> None:
    assert SlackChannel(settings(slack, signing_secret=None)).routes(inbox.accept) == ()
