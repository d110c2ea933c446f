"""Replies as Block Kit: what is shown, what is escaped, what fits."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.channels.slack.render import SlackMessage, chosen, render
from bot.domain.messages import Author, Button, ButtonStyle, Reply, Source
from tests.channels.slack.server import broken_limit

HOSTILE = "<!channel> <!here> <@U2147483697> <#C1> <https://evil.example|banque> & co"


def blocks(reply: Reply, language: str = "fr") -> list[dict[str, Any]]:
    (only,) = render(reply, language)
    return only.blocks


def shown(text: str) -> str:
    (section,) = blocks(Reply(text=text))
    return str(section["text"]["text"])


def test_an_answer_has_title_text_source_and_buttons_in_this_order() -> None:
    reply = Reply(
        text="Ouvrez **Réseau**.\n\n1. un\n2. deux",
        title="Le VPN",
        source=Source(title="Se connecter au VPN", url="https://aide.example/vpn"),
        buttons=(
            Button(label="Oui", value="y"),
            Button(label="Cela m'a aidé", value="ok", style=ButtonStyle.QUIET),
            Button(label="Non", value="n"),
        ),
    )
    header, section, source, choices, quiet = blocks(reply)
    assert header["text"] == {"type": "plain_text", "text": "Le VPN", "emoji": False}
    assert section["text"]["text"] == "Ouvrez *Réseau*.\n\n1. un\n2. deux"
    assert source["elements"][0]["text"] == "Article\u00a0: <https://aide.example/vpn|Se connecter au VPN>"
    assert [each["text"]["text"] for each in choices["elements"]] == ["Oui", "Non"]
    assert [each["value"] for each in quiet["elements"]] == ["ok"]
    ids = [each["action_id"] for row in (choices, quiet) for each in row["elements"]]
    assert len(set(ids)) == 3
    assert all(each.startswith("relais:") for each in ids)


def test_the_channels_own_words_are_in_the_persons_language() -> None:
    reply = Reply(text="x", source=Source(title="VPN"))
    assert blocks(reply, "en")[1]["elements"][0]["text"] == "Article: VPN"


def test_the_notification_says_the_same() -> None:
    (only,) = render(Reply(text="Ouvrez **Réseau**.", title="R&D"), "fr")
    assert only.text == "R&amp;D\n\nOuvrez *Réseau*."


@pytest.mark.parametrize("author", [Author.BOT, Author.AGENT, Author.SYSTEM])
def test_nothing_of_slacks_own_gets_through(author: Author) -> None:
    reply = Reply(
        text=HOSTILE,
        title=HOSTILE,
        author=author,
        author_name=HOSTILE,
        source=Source(title=HOSTILE),
        buttons=(Button(label=HOSTILE, value="v"),),
    )
    (only,) = render(reply, "fr")
    everything = json.dumps([only.blocks, only.text])
    for mark in ("<!", "<@", "<#"):
        assert mark not in everything
    assert "&lt;!channel&gt;" in only.text


def test_link_addresses_and_labels_are_escaped() -> None:
    assert (
        shown("[a|b > c](https://x.example/?a=1&b=2|3)") == "<https://x.example/?a=1&amp;b=2%7C3|a¦b &gt; c>"
    )
    assert shown("[x](javascript:alert)") == "[x](javascript:alert)"
    _, source = blocks(Reply(text="x", source=Source(title="VPN", url="https://x.example/a|b>c")))
    assert source["elements"][0]["text"] == "Article\u00a0: <https://x.example/a%7Cb&gt;c|VPN>"


def test_an_agents_text_is_no_markdown_and_carries_the_name() -> None:
    (section,) = blocks(Reply(text="Tapez *21# puis\n1. x", author=Author.AGENT, author_name="Marie"))
    assert section["text"]["text"] == "*Marie*\nTapez *21# puis\n1. x"
    (named,) = blocks(Reply(text="", author=Author.AGENT, author_name="Marie"))
    assert named["text"]["text"] == "*Marie*"


def test_what_slack_would_take_for_formatting_is_broken_up() -> None:
    (section,) = blocks(Reply(text="un *deux* _trois_ ~x~ `y` a_b_c 2*3*4", author=Author.AGENT))
    text = section["text"]["text"]
    assert text.replace("\u200b", "") == "un *deux* _trois_ ~x~ `y` a_b_c 2*3*4"
    for mark in ("*deux*", "_trois_", "~x~", "`y`"):
        assert mark not in text
    assert "a_b_c 2*3*4" in text


def test_styles_within_a_word_are_set_apart_for_slack() -> None:
    assert shown("l'**écran**, **gras**mot") == "l'\u200b*écran*, *gras*\u200bmot"
    assert shown("**gras *les deux***") == "*gras* *_les deux_*"
    assert shown("**deux\nlignes**") == "*deux*\n*lignes*"


def test_code_keeps_what_it_holds() -> None:
    assert shown("tapez `ping <ip> & *x*`") == "tapez `ping &lt;ip&gt; &amp; *x*`"
    assert shown("```\na\nb\n```") == "```a\nb```"
    assert shown("`` a`b ``") == "```a`b```"


def test_a_quotation_mark_at_a_line_start_is_no_quote() -> None:
    assert shown("x\n&gt; y") == "x\n\u200b&gt; y"


def test_lists_keep_their_numbers() -> None:
    assert shown("3. un\n4. deux\n   - a\n   - b\n5. trois") == "3. un\n4. deux\n    • a\n    • b\n5. trois"


def test_an_empty_reply_still_says_something() -> None:
    (only,) = render(Reply(text=""), "fr")
    assert (only.text, only.blocks) == ("…", [])


def test_long_labels_end_in_an_ellipsis() -> None:
    reply = Reply(text="x", title="t" * 200, buttons=(Button(label="&" * 60, value="v"),))
    header, _, row = blocks(reply)
    assert header["text"]["text"] == "t" * 149 + "…"
    label = row["elements"][0]["text"]["text"]
    assert len(label) <= 75
    assert label.endswith("&amp;…")


def test_a_pressed_row_becomes_the_choice() -> None:
    quiet = Button(label="Une personne", value="h", style=ButtonStyle.QUIET)
    rows = blocks(Reply(text="Oui ?", buttons=(Button(label="Oui", value="y"), quiet)))
    after = chosen(rows, "relais:choice", "Oui <3")
    assert [block["type"] for block in after] == ["section", "context", "actions"]
    assert after[1]["elements"][0]["text"] == "✓ Oui &lt;3"


def fits(messages: list[SlackMessage]) -> bool:
    return all(
        broken_limit({"blocks": each.blocks, "text": each.text}) is None and len(each.text) <= 3000
        for each in messages
    )


def test_long_replies_become_several_messages_that_lose_nothing() -> None:
    text = "\n\n".join(f"{n}. " + "mot & <b> **gras** " * 30 for n in range(1, 30))
    messages = render(Reply(text=text, title="t", buttons=(Button(label="Oui", value="y"),)), "fr")
    assert fits(messages)
    sections = [b["text"]["text"] for m in messages for b in m.blocks if b["type"] == "section"]
    assert sum(each.count("*gras*") for each in sections) == 29 * 30
    assert all(sum(len(json.dumps(b)) for b in m.blocks) < 20_000 for m in messages)
    assert messages[0].blocks[0]["type"] == "header"
    assert messages[-1].blocks[-1]["type"] == "actions"


@pytest.mark.parametrize("author", [Author.BOT, Author.AGENT])
@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "*a " * 100_000, "&" * 100_000, "[" * 20_000, "`a` " * 60_000]
)
def test_hostile_size_costs_little(text: str, author: Author) -> None:
    started = time.process_time()
    assert fits(render(Reply(text=text, author=author), "fr"))
    assert time.process_time() - started < 5


@given(st.text(max_size=400), st.sampled_from(list(Author)), st.text(max_size=80))
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_reply_fits_and_is_escaped(text: str, author: Author, label: str) -> None:
    reply = Reply(
        text=text, title=label, author=author, author_name=label, buttons=(Button(label=label, value="v"),)
    )
    messages = render(reply, "en")
    assert fits(messages)
    assert "<!" not in json.dumps([each.blocks for each in messages])


def test_a_source_that_only_pages_of_the_server_can_follow_is_no_link() -> None:
    _, source = blocks(Reply(text="x", source=Source(title="VPN", url="/kb/it/vpn?lang=fr")))
    assert source["elements"][0]["text"] == "Article\u00a0: VPN"
