"""Sending to Slack, with everything that can go wrong on the way."""

import logging

import aiohttp
import pytest

from bot.channels.slack.adapter import SlackChannel
from bot.channels.slack.api import SlackApi
from bot.domain.errors import RejectedError, RetryLaterError, UncertainError
from bot.domain.messages import Attachment, Button, ButtonStyle, OutboundMessage, Reply, Source
from tests.channels.slack.conftest import settings
from tests.channels.slack.server import BOT_TOKEN, BOT_USER, CHANNEL, DIRECT, TEAM, USER, FakeSlack, Fault

pytestmark = pytest.mark.asyncio

POST = "chat.postMessage"
THREAD = f"{CHANNEL}:1700000002.000200"


def message(
    text: str = "Bonjour", *, chat: str = DIRECT, in_doubt: bool = False, name: str = "m1"
) -> OutboundMessage:
    return OutboundMessage(
        id=name, chat=chat, user=USER, reply=Reply(text=text), language="fr", in_doubt=in_doubt
    )


@pytest.fixture
def hasty(slack: FakeSlack) -> SlackChannel:
    """A channel that waits for an answer for a fifth of a second only."""
    api = SlackApi(slack.url, BOT_TOKEN, timeout=aiohttp.ClientTimeout(total=0.2))
    return SlackChannel(settings(slack), api=api)


async def test_the_account_is_the_workspace(channel: SlackChannel) -> None:
    assert channel.account == f"slack:{TEAM}"
    assert channel.pulls


async def test_a_reply_goes_to_the_direct_message(channel: SlackChannel, slack: FakeSlack) -> None:
    sent = await channel.send(message("Bonjour **vous**"))
    (posted,) = slack.posted(DIRECT)
    assert sent == f"{DIRECT}:{posted['ts']}"
    assert posted["blocks"][0]["text"]["text"] == "Bonjour *vous*"
    assert "thread_ts" not in posted
    assert slack.arguments[POST][0]["unfurl_links"] is False


async def test_a_reply_goes_to_its_thread(channel: SlackChannel, slack: FakeSlack) -> None:
    await channel.send(message(chat=THREAD))
    (posted,) = slack.posted(CHANNEL)
    assert posted["thread_ts"] == "1700000002.000200"


async def test_a_whole_answer_passes_slacks_limits(channel: SlackChannel, slack: FakeSlack) -> None:
    buttons = [Button(label="é" * 60, value=f"c:{n}") for n in range(7)]
    quiet = [Button(label="&" * 60, value=f"q:{n}", style=ButtonStyle.QUIET) for n in range(3)]
    reply = Reply(
        text="\n\n".join(f"{n}. " + "<mot> & **gras** " * 40 for n in range(15)),
        title="T" * 400,
        buttons=(*buttons, *quiet),
        source=Source(title="VPN", url="https://aide.example/vpn?a=1&b=2"),
    )
    await channel.send(OutboundMessage(id="long", chat=DIRECT, user=USER, reply=reply, language="fr"))
    posted = slack.posted(DIRECT)
    assert len(posted) > 1
    assert [each["metadata"]["event_payload"]["part"] for each in posted] == list(range(1, len(posted) + 1))
    assert [sum(block["type"] == "actions" for block in each["blocks"]) for each in posted][-2:] == [0, 2]
    assert str([each["blocks"] for each in posted]).count("*gras*") == 15 * 40


# Refusals


@pytest.mark.parametrize(("header", "wait_s"), [("30", 30.0), ("bientôt", None), (None, None), ("-5", None)])
async def test_429_says_how_long_to_wait(
    channel: SlackChannel, slack: FakeSlack, header: str | None, wait_s: float | None
) -> None:
    slack.fail(POST, Fault(status=429, error="ratelimited", retry_after=header))
    with pytest.raises(RetryLaterError) as raised:
        await channel.send(message())
    assert raised.value.wait_s == wait_s
    assert slack.calls[POST] == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_5xx_is_for_later(channel: SlackChannel, slack: FakeSlack, status: int) -> None:
    slack.fail(POST, Fault(status=status))
    with pytest.raises(RetryLaterError):
        await channel.send(message())
    assert slack.calls[POST] == 1


@pytest.mark.parametrize(
    "error",
    [
        *("channel_not_found", "is_archived", "not_in_channel", "invalid_auth", "token_revoked"),
        *("account_inactive", "msg_too_long", "invalid_blocks", "missing_scope", "cannot_reply_to_message"),
    ],
)
async def test_what_slack_will_never_take_is_rejected(
    channel: SlackChannel, slack: FakeSlack, error: str
) -> None:
    slack.fail(POST, Fault(error=error))
    with pytest.raises(RejectedError, match=error):
        await channel.send(message())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(works=True, cut=True),
        Fault(cut=True),
        Fault(error="internal_error", works=True),
        Fault(status=200),
    ],
    ids=["cut after", "cut before", "internal_error", "html"],
)
async def test_no_clear_answer_leaves_a_doubt(channel: SlackChannel, slack: FakeSlack, fault: Fault) -> None:
    slack.fail(POST, fault)
    with pytest.raises(UncertainError):
        await channel.send(message())
    assert slack.calls[POST] == 1


async def test_a_slow_answer_leaves_a_doubt(hasty: SlackChannel, slack: FakeSlack) -> None:
    await hasty.open()
    slack.fail(POST, Fault(works=True, delay_s=1))
    with pytest.raises(UncertainError):
        await hasty.send(message())
    await hasty.close()


async def test_nobody_there_is_for_later() -> None:
    api = SlackApi("http://127.0.0.1:1/api/", BOT_TOKEN)
    await api.open()
    with pytest.raises(RetryLaterError):
        await api.call(POST, json={"channel": DIRECT, "text": "x"})
    await api.close()


async def test_before_it_is_open_nothing_is_sent(slack: FakeSlack) -> None:
    with pytest.raises(RetryLaterError):
        await SlackChannel(settings(slack)).send(message())


# In doubt


@pytest.mark.parametrize("chat", [DIRECT, THREAD])
async def test_in_doubt_a_message_that_arrived_is_not_sent_again(
    channel: SlackChannel, slack: FakeSlack, chat: str
) -> None:
    place = chat.split(":")[0]
    slack.say(CHANNEL, f"<@{BOT_USER}> bonjour", ts="1700000002.000200")
    slack.fail(POST, Fault(works=True, cut=True))
    with pytest.raises(UncertainError):
        await channel.send(message(chat=chat))
    sent = await channel.send(message(chat=chat, in_doubt=True))
    (posted,) = slack.posted(place)
    assert sent == f"{place}:{posted['ts']}"
    assert slack.calls[POST] == 1


@pytest.mark.parametrize("chat", [DIRECT, THREAD])
async def test_in_doubt_a_message_that_did_not_arrive_is_sent(
    channel: SlackChannel, slack: FakeSlack, chat: str
) -> None:
    slack.say(CHANNEL, f"<@{BOT_USER}> bonjour", ts="1700000002.000200")
    await channel.send(message(chat=chat, name="another"))
    slack.fail(POST, Fault(cut=True))
    with pytest.raises(UncertainError):
        await channel.send(message(chat=chat))
    await channel.send(message(chat=chat, in_doubt=True))
    assert len(slack.posted(chat.split(":")[0])) == 2


async def test_in_doubt_only_the_missing_parts_are_sent(channel: SlackChannel, slack: FakeSlack) -> None:
    text = "\n\n".join("mot " * 500 for _ in range(20))
    for number, fault in enumerate(
        [
            Fault(works=True, cut=True),
            Fault(cut=True),
            Fault(status=429, error="ratelimited", retry_after="3"),
        ]
    ):
        slack.fail(POST, None, fault)
        name = f"m{number}"
        slack.messages[DIRECT].clear()
        with pytest.raises(UncertainError):
            await channel.send(message(text, name=name))
        await channel.send(message(text, name=name, in_doubt=True))
        parts = [posted["metadata"]["event_payload"]["part"] for posted in slack.posted(DIRECT)]
        assert len(parts) > 2
        assert parts == list(range(1, len(parts) + 1))


async def test_in_doubt_and_no_history_now_is_for_later(channel: SlackChannel, slack: FakeSlack) -> None:
    for fault in (Fault(status=429, error="ratelimited", retry_after="7"), Fault(cut=True)):
        slack.fail("conversations.history", fault)
        with pytest.raises(RetryLaterError):
            await channel.send(message(in_doubt=True))
    assert slack.calls[POST] == 0


async def test_in_doubt_and_no_right_to_look_it_is_sent_again(
    channel: SlackChannel, slack: FakeSlack
) -> None:
    slack.fail("conversations.history", Fault(error="missing_scope"))
    await channel.send(message(in_doubt=True))
    assert slack.calls[POST] == 1


async def test_a_message_is_found_behind_many_others(channel: SlackChannel, slack: FakeSlack) -> None:
    await channel.send(message())
    for number in range(450):
        slack.say(DIRECT, f"message {number}")
    await channel.send(message(in_doubt=True))
    assert slack.calls[POST] == 1
    assert slack.calls["conversations.history"] == 3


# Opening


async def test_a_bad_token_is_rejected(slack: FakeSlack) -> None:
    channel = SlackChannel(settings(slack, bot_token="xoxb-1-2-wrong"))
    with pytest.raises(RejectedError, match="invalid_auth"):
        await channel.open()
    await channel.close()


async def test_when_slack_is_down_opening_is_for_later(slack: FakeSlack) -> None:
    channel = SlackChannel(settings(slack))
    for fault in (Fault(status=503), Fault(cut=True)):
        slack.fail("auth.test", fault)
        with pytest.raises(RetryLaterError):
            await channel.open()
    await channel.open()
    await channel.close()


async def test_tokens_and_texts_stay_out_of_the_logs(
    channel: SlackChannel, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail(POST, Fault(status=500), Fault(error="channel_not_found"))
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            with pytest.raises((RetryLaterError, RejectedError)):
                await channel.send(message("mon secret"))
        await channel.send(message("mon secret"))
    assert "mon secret" not in caplog.text
    assert BOT_TOKEN not in caplog.text


# Attachments


def attachment(remote_id: str, media_type: str = "image/png") -> Attachment:
    return Attachment(name="x.png", media_type=media_type, size_bytes=3, remote_id=remote_id)


async def test_a_file_is_fetched_with_the_token(channel: SlackChannel, slack: FakeSlack) -> None:
    slack.files["x.png"] = (b"\x89PNG", "image/png")
    assert await channel.fetch(attachment(f"http://127.0.0.1:{slack.port}/files/x.png")) == b"\x89PNG"
    assert slack.file_requests[0]["Authorization"] == f"Bearer {BOT_TOKEN}"


async def test_a_file_without_an_address_is_asked_for(channel: SlackChannel, slack: FakeSlack) -> None:
    slack.files["x.png"] = (b"png", "image/png")
    slack.file_infos["F1"] = {
        "id": "F1",
        "url_private_download": f"http://127.0.0.1:{slack.port}/files/x.png",
    }
    assert await channel.fetch(attachment("id:F1")) == b"png"
    with pytest.raises(RejectedError, match="file_not_found"):
        await channel.fetch(attachment("id:F2"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/files/x.png",
        "http://127.0.0.1/files/x.png",
        "https://evil.example/x.png",
        "https://files.slack.com.evil.example/x.png",
        "https://files.slack.com@evil.example/x.png",
        "https://user:pass@files.slack.com/x.png",
        "http://files.slack.com/x.png",
        "https://files.slack.com:8443/x.png",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
async def test_the_token_goes_nowhere_else(channel: SlackChannel, slack: FakeSlack, url: str) -> None:
    with pytest.raises(RejectedError, match="not on Slack"):
        await channel.fetch(attachment(url))
    assert slack.file_requests == []


async def test_large_missing_and_forbidden_files_are_rejected(
    channel: SlackChannel, slack: FakeSlack
) -> None:
    base = f"http://127.0.0.1:{slack.port}/files/"
    slack.files["big.png"] = (b"0" * (20 * 1024 * 1024 + 1), "image/png")
    slack.files["page.png"] = (b"<html>", "text/html")
    with pytest.raises(RejectedError, match="20 MB"):
        await channel.fetch(attachment(base + "big.png"))
    with pytest.raises(RejectedError, match="404"):
        await channel.fetch(attachment(base + "none.png"))
    with pytest.raises(RejectedError, match="files:read"):
        await channel.fetch(attachment(base + "page.png"))
    assert await channel.fetch(attachment(base + "page.png", "text/html")) == b"<html>"
