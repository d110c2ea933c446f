"""The chat over HTTP: what is sent is stored once, and shows up for its sender only."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from bot.domain.conversation import Owner
from bot.domain.messages import Author, Button, ButtonStyle, Command, InboundKind, Reply, Source
from tests.channels.web.conftest import (
    HTML,
    JSON,
    PHRASES,
    WELCOME,
    Server,
    announce,
    cursor_of,
    events,
    post,
    shows,
    until,
    visible,
)

pytestmark = pytest.mark.asyncio


async def test_a_fresh_chat_opens_with_the_welcome(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        assert page.status_code == 200
        assert WELCOME["fr"] in visible(page.text)
        await client.get("/chat/sav")
    (start,) = site.house.accepted
    assert (start.kind, start.value, start.account) == (InboundKind.COMMAND, Command.START, "web:sav")
    assert start.language == "fr"


async def test_a_look_ahead_begins_nothing(site: Server) -> None:
    async with site.visitor() as client:
        await client.head("/chat/sav")
        await client.get("/chat/sav", headers={"sec-purpose": "prefetch;prerender"})
    assert site.house.accepted == []


async def test_a_message_shows_up_with_its_answer(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            answer = await post(client, text="Bonjour à vous")
            assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
            await until(stream, shows("Vous avez dit"))
        again = await client.get("/chat/sav")
    assert visible(again.text).count("Bonjour à vous") == 2
    assert site.house.accepted[-1].text == "Bonjour à vous"


async def test_the_same_post_twice_is_one_message(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        for _ in range(2):
            assert (await post(client, key="same-key-1", text="Une fois")).status_code == 200
        await post(client, key="same-key-2", text="Une autre fois")
    assert [message.text for message in site.house.accepted[1:]] == ["Une fois", "Une autre fois"]


async def test_two_visitors_may_use_the_same_key(site: Server) -> None:
    async with site.visitor() as one, site.visitor() as other:
        for client in (one, other):
            await client.get("/chat/sav")
            await post(client, text="Bonjour")
    assert [message.text for message in site.house.accepted] == ["", "", "Bonjour", "Bonjour"] or [
        message.text for message in site.house.accepted
    ] == ["", "Bonjour", "", "Bonjour"]


async def test_visitors_never_see_each_other(site: Server) -> None:
    async with site.visitor() as one, site.visitor() as other:
        await one.get("/chat/sav")
        page = await other.get("/chat/sav")
        async with events(other, after=cursor_of(page.text)) as stream:
            await post(one, text="Un secret", key="key-one-1")
            await post(other, text="Moi aussi", key="key-two-1")
            seen = ""
            while "Vous avez dit : Moi" not in visible(seen):
                seen += (await anext(stream)).data["html"]
        assert "secret" not in seen
        assert "secret" not in (await other.get("/chat/sav")).text
        assert "secret" in (await one.get("/chat/sav")).text


async def test_desks_are_apart(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        await post(client, text="Mon fer fuit")
        assert "fer fuit" not in (await client.get("/chat/it")).text
    assert len({message.user for message in site.house.accepted}) == 2


async def test_a_stream_resumes_where_it_was_cut(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            await post(client, text="Premier", key="key-number-1")
            seen = await until(stream, shows("Vous avez dit : Premier".replace(" :", "\u00a0:")))
        await post(client, text="Second", key="key-number-2")
        async with events(client, after=0, last_event_id=seen.id) as stream:
            html = ""
            while "Vous avez dit" not in html:
                html += (await anext(stream)).data["html"]
    assert "Second" in html
    assert "Premier" not in html
    assert WELCOME["fr"] not in html


async def test_a_stream_follows_into_the_next_conversation(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            await anext(stream)
            site.house.begins_anew = True
            await post(client, text="Me revoilà")
            site.house.begins_anew = False
            await until(stream, shows("Vous avez dit"))
        # What was said before is still there.
        again = visible((await client.get("/chat/sav")).text)
    assert WELCOME["fr"] in again
    assert "Me revoilà" in again


async def test_a_stream_rests_while_nothing_happens(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            await post(client, text="Bonjour")
            await until(stream, shows("Vous avez dit"))
            await asyncio.sleep(0.1)
            before = site.house.reads
            await asyncio.sleep(0.2)
            assert site.house.reads == before


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 40, "1.5", "٣"])
async def test_a_cursor_that_is_none_is_refused(site: Server, cursor: str) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await client.get("/chat/sav/events", params={"after": cursor})
    assert answer.status_code == 400


async def test_events_need_a_visitor(site: Server) -> None:
    async with site.visitor() as client:
        assert (await client.get("/chat/sav/events")).status_code == 400


async def test_the_page_says_that_an_answer_is_on_its_way(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        site.house.gate.clear()
        async with events(client, after=cursor_of(page.text)) as stream:
            await post(client, text="Une longue question")
            event = await until(stream, shows("longue question"))
            assert event.data["busy"] is True
            site.house.gate.set()
            event = await until(stream, shows("Vous avez dit"))
            assert event.data["busy"] is False


async def test_the_header_says_who_has_the_conversation(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        assert "Relais, assistant automatique" in page.text
        async with events(client, after=cursor_of(page.text)) as stream:
            await site.house.hand(1, Owner.QUEUE, case="N1-000042")
            event = await until(stream, lambda event: event.data["owner"] == "queue")
            assert "En attente d’une personne" in event.data["status"]
            assert "N1-000042" in event.data["status"]
            await site.house.hand(1, Owner.CLOSED, case="N1-000042")
            event = await until(stream, lambda event: event.data["owner"] == "closed")
            assert "Demande close" in event.data["status"]
        assert "Demande close" in visible((await client.get("/chat/sav")).text)


async def test_an_agent_speaks_under_their_name(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        reply = Reply(text="J'arrive. **non**", author=Author.AGENT, author_name="Camille <i>")
        await site.house.say(1, reply)
        text = (await client.get("/chat/sav")).text
    assert "Camille &lt;i&gt;" in text
    assert "**non**" in text


async def test_hostile_text_is_text(site: Server) -> None:
    hostile = "<script>alert(1)</script>\n<img src=x onerror=alert(2)> [x](javascript:alert(3)) \"' &amp;"
    replies = (
        Reply(text=hostile, title="<b>titre</b>", source=Source(title="<u>s", url="javascript:alert(4)")),
    )
    site.house.answer = lambda message: replies
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        body = '{"key": "key-hostile", "text": "<svg onload=alert(5)>\\u0000\\ud800\\u001b[31m"}'
        async with events(client, after=cursor_of(page.text)) as stream:
            answer = await client.post(
                "/chat/sav/messages", content=body, headers={**JSON, "content-type": "application/json"}
            )
            assert answer.status_code == 200
            event = await until(stream, shows("alert(2)"))
        whole = (await client.get("/chat/sav")).text + event.data["html"]
    for raw in (
        "<script>alert",
        "<img src=x",
        "<svg onload",
        "<b>titre",
        "<u>s",
        'href="javascript',
        "\x00",
        "\x1b",
    ):
        assert raw not in whole
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in whole
    assert site.house.accepted[-1].text == "<svg onload=alert(5)>[31m"


async def test_answers_have_their_parts(site: Server) -> None:
    quiet = Button(label="Ça m'a aidé", value="helped:1", style=ButtonStyle.QUIET)
    site.house.answer = lambda message: (
        Reply(
            title="Détartrer",
            text="Faites ainsi :\n\n1. videz\n2. rincez",
            source=Source(title="Le guide", url="https://aide.example/a?b=1&c=2"),
            buttons=(quiet, Button(label="Oui", value="yes"), Button(label="Non", value="no")),
        ),
    )
    async with site.visitor() as client:
        text = (await client.get("/chat/sav")).text
    assert "<h2>Détartrer</h2>" in text
    assert "<ol><li>videz</li><li>rincez</li></ol>" in text
    assert 'href="https://aide.example/a?b=1&amp;c=2"' in text
    assert re.search(r"<kbd>1</kbd><span>Oui.*<kbd>2</kbd><span>Non", text, re.DOTALL)
    assert "Ça m’a aidé" in text


async def test_a_press_comes_in_with_the_buttons_own_label(site: Server) -> None:
    site.house.answer = lambda message: (
        Reply(text="Laquelle ?", buttons=(Button(label="La rouge", value="c:1"),)),
    )
    async with site.visitor() as client, site.visitor() as other:
        page = await client.get("/chat/sav")
        entry = cursor_of(page.text)
        assert (await post(client, press=f"{entry}:c:1", text="un mensonge")).status_code == 200
        pressed = site.house.accepted[-1]
        assert (pressed.kind, pressed.value, pressed.text) == (InboundKind.PRESS, "c:1", "La rouge")

        page = await client.get("/chat/sav")
        assert re.search(r"disabled[^>]*class=\"chosen\"", page.text)

        gone = await post(client, press=f"{entry}:c:2", key="another-key")
        assert (gone.status_code, gone.json()["error"]) == (409, "button_gone")
        await other.get("/chat/sav")
        assert (await post(other, press=f"{entry}:c:1")).status_code == 409


async def test_a_person_can_be_asked_for_at_any_time(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        assert (await post(client, command="human")).status_code == 200
        assert (await post(client, command="start", key="other-key-1")).status_code == 400
    asked = site.house.accepted[-1]
    assert (asked.kind, asked.value, asked.text) == (InboundKind.COMMAND, "human", "Parler à une personne")


# What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "{own}"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://[bad"},
    ],
)
async def test_posts_of_other_sites_are_refused(site: Server, headers: dict[str, str]) -> None:
    headers = {name: value.replace("{own}", site.url) for name, value in headers.items()}
    async with site.visitor() as client:
        await client.get("/chat/sav")
        body = {"key": "k" * 16, "text": "volé"}
        answer = await client.post("/chat/sav/messages", json=body, headers={**JSON, **headers})
        assert (answer.status_code, answer.json()["error"]) == (403, "cross_origin")
        switch = await client.post("/chat/sav/language?to=en", headers=headers)
        assert switch.status_code == 403
        assert "set-cookie" not in switch.headers
    assert len(site.house.accepted) == 1


async def test_posts_of_our_own_pages_are_taken(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        for number, headers in enumerate(({"origin": site.url}, {"sec-fetch-site": "same-origin"})):
            body = {"key": f"number-{number}", "text": "à moi"}
            answer = await client.post("/chat/sav/messages", json=body, headers={**JSON, **headers})
            assert answer.status_code == 200


async def test_without_a_cookie_the_visitor_is_told(site: Server) -> None:
    async with site.visitor() as client:
        answer = await post(client, text="Bonjour")
        assert (answer.status_code, answer.json()["error"]) == (400, "no_cookie")
        page = await client.post(
            "/chat/sav/messages", data={"key": "k" * 16, "text": "Bonjour"}, headers=HTML
        )
        assert page.status_code == 400
        assert "cookies" in page.text
    assert site.house.accepted == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"null", "application/json"),
        (b'{"key": "kkkkkkkkkkkk", "text": 5}', "application/json"),
        (b'{"text": "no key"}', "application/json"),
        (b'{"key": "short", "text": "x"}', "application/json"),
        (b'{"key": "../../../etc/passwd", "text": "x"}', "application/json"),
        (b'{"key": "kkkkkkkkkkkk", "press": "no entry"}', "application/json"),
        (b'{"key": "kkkkkkkkkkkk", "press": "9999999999999999999:x"}', "application/json"),
        (b'{"key": "kkkkkkkkkkkk", "command": "rm"}', "application/json"),
        (b"[" * 60_000, "application/json"),
        (b'{"a":' * 12_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"text=%ff&key=kkkkkkkkkkkk", "application/x-www-form-urlencoded"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"a=1&" * 100, "application/x-www-form-urlencoded"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
async def test_malformed_posts_are_refused(site: Server, body: bytes, kind: str) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await client.post("/chat/sav/messages", content=body, headers={**JSON, "content-type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
        assert answer.json()["message"] == PHRASES.say("fr", "web.error.malformed")
    assert len(site.house.accepted) == 1


async def test_an_unknown_format_is_refused(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await client.post(
            "/chat/sav/messages", content=b"<x/>", headers={"content-type": "text/xml"}
        )
    assert answer.status_code == 415


async def test_a_message_too_long_is_refused_with_words(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        assert (await post(client, text="é" * 4000)).status_code == 200
        answer = await post(client, text="🙂" * 4003, key="another-key")
        assert answer.status_code == 422
        assert "dépasse de 3 caractères" in answer.json()["message"]
        blank = await post(client, text=" \n ", key="a-third-key")
        assert (blank.status_code, blank.json()["error"]) == (422, "empty")


async def test_a_huge_body_is_refused(site: Server) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    async with site.visitor() as client:
        await client.get("/chat/sav")
        answer = await post(client, text="x" * 1_000_000)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        headers = {**JSON, "content-type": "application/json"}
        answer = await client.post("/chat/sav/messages", content=endless(), headers=headers)
        assert answer.status_code == 413
    assert len(site.house.accepted) == 1


async def test_a_body_announced_as_huge_is_refused_unread(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        token = client.cookies["relais_sav"]
    multipart = "multipart/form-data; boundary=x"
    assert b" 413 " in await announce(site, "/chat/sav/messages", multipart, f"relais_sav={token}")


async def test_what_cannot_be_stored_is_not_acknowledged(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        site.house.broken = True
        answer = await post(client, text="Important")
        assert (answer.status_code, answer.json()["error"]) == (503, "not_stored")
        assert "disk" not in answer.text
        page = await client.post(
            "/chat/sav/messages", data={"key": "k" * 16, "text": "Important <"}, headers=HTML
        )
        assert page.status_code == 503
        assert "Important &lt;</textarea>" in page.text
        site.house.broken = False
        assert (await post(client, text="Important")).status_code == 200


async def test_a_stream_that_breaks_ends_and_can_begin_again(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        site.house.read_error = OSError("database away")
        async with events(client, after=cursor_of(page.text)) as stream:
            assert [event async for event in stream] == []
        site.house.read_error = None
        async with events(client, after=cursor_of(page.text)) as stream:
            await post(client, text="De retour")
            await until(stream, shows("Vous avez dit"))


async def test_many_pages_of_one_visitor_make_room(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        cursor = cursor_of(page.text)
        async with events(client, after=cursor) as first:
            await anext(first)
            tasks = [asyncio.create_task(_open(client, cursor)) for _ in range(4)]
            await until(first, lambda event: event.name == "rest")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _open(client: httpx.AsyncClient, cursor: int) -> None:
    async with events(client, after=cursor) as stream:
        async for _ in stream:
            pass


async def test_closing_the_channel_ends_the_streams(site: Server) -> None:
    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            await anext(stream)
            await site.channels["sav"].close()
            await until(stream, lambda event: event.name == "rest")


# Without scripts ------------------------------------------------------------------------------------


async def test_without_scripts(site: Server) -> None:
    async with site.visitor(**HTML) as client:
        page = await client.get("/chat/sav")
        form = re.search(r'id="composer"[^>]*action="([^"]+)"[^>]*enctype="([^"]+)"', page.text)
        key = re.search(r'name="key" value="([^"]+)"', page.text)
        assert form
        assert key
        assert form[2] == "multipart/form-data"
        sent = await client.post(
            form[1],
            data={"key": key[1], "text": "Sans\r\nscript"},
            files={"file": ("", b"", "application/octet-stream")},
        )
        assert (sent.status_code, sent.headers["location"]) == (303, "/chat/sav#end")
        page = await client.get(sent.headers["location"])
        assert "Vous avez dit" in page.text
        assert 'http-equiv="refresh"' not in page.text
    assert site.house.accepted[-1].text == "Sans\nscript"
    assert site.house.accepted[-1].attachments == ()


async def test_without_scripts_the_page_comes_back_for_the_answer(site: Server) -> None:
    async with site.visitor(**HTML) as client:
        await client.get("/chat/sav")
        site.house.gate.clear()
        await client.post("/chat/sav/messages", data={"key": "k" * 16, "text": "Un instant"})
        page = await client.get("/chat/sav")
        refresh = re.search(r'<noscript><meta http-equiv="refresh" content="2; url=([^"#]+)#end">', page.text)
        assert refresh
        # A fragment alone would not make a browser load the page again.
        assert refresh[1] != "/chat/sav"
        site.house.gate.set()


async def test_without_scripts_a_mistake_keeps_what_was_written(site: Server) -> None:
    async with site.visitor(**HTML) as client:
        await client.get("/chat/sav")
        page = await client.post("/chat/sav/messages", data={"key": "k" * 16, "text": "z" * 4001})
        assert page.status_code == 422
        assert "dépasse de 1 caractère" in visible(page.text)
        assert "z" * 4001 in page.text
        assert WELCOME["fr"] in visible(page.text)


# Languages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("de, en;q=0.5, fr;q=0.8", "fr"),
        ("de", "fr"),
        ("", "fr"),
        ("en;q=x,;,", "fr"),
    ],
)
async def test_the_page_speaks_the_browsers_language(site: Server, header: str, language: str) -> None:
    async with site.visitor(**{"accept-language": header}) as client:
        page = await client.get("/chat/sav")
    assert f'<html lang="{language}">' in page.text
    assert WELCOME[language] in visible(page.text)
    assert site.house.accepted[0].language == language


async def test_the_switch_asks_the_bot_to_follow(site: Server) -> None:
    async with site.visitor() as client:
        await client.get("/chat/sav")
        back = await client.post("/chat/sav/language?to=en")
        assert back.status_code == 303
        asked = site.house.accepted[-1]
        assert (asked.kind, asked.text, asked.language) == (InboundKind.TEXT, "English, please.", "en")
        # This bot does not follow: the page does all the same.
        assert '<html lang="en">' in (await client.get("/chat/sav")).text
        assert '<html lang="en">' in (await client.get("/chat/it")).text
        assert (await client.post("/chat/sav/language?to=xx")).status_code == 400


async def test_the_page_follows_the_conversation(site: Server) -> None:

    async with site.visitor() as client:
        page = await client.get("/chat/sav")
        async with events(client, after=cursor_of(page.text)) as stream:
            await site.house.change(
                1, lambda each: replace(each, language="en"), Reply(text="In English now.")
            )
            await until(stream, lambda event: event.data["language"] == "en")
        assert '<html lang="en">' in (await client.get("/chat/sav")).text
        await client.post("/chat/sav/language?to=fr")
        assert '<html lang="fr">' in (await client.get("/chat/sav")).text
        # The bot followed the switch, and the person went back by word: the conversation leads again.
        await site.house.change(1, lambda each: replace(each, language="fr"), Reply(text="D'accord."))
        assert '<html lang="fr">' in (await client.get("/chat/sav")).text
        await site.house.change(1, lambda each: replace(each, language="en"), Reply(text="Sure."))
        assert '<html lang="en">' in (await client.get("/chat/sav")).text
