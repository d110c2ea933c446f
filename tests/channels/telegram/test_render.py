"""Replies as a person sees them in Telegram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.render import MAX_UNITS, Part, mark_chosen, render
from bot.domain.messages import Author, Button, ButtonStyle, OutboundMessage, Reply, Source
from tests.channels.telegram.server import visible


def shown(reply: Reply, language: str = "fr") -> tuple[Part, ...]:
    return render(OutboundMessage(id="m1", chat="5", user="5", reply=reply, language=language))


def html(text: str) -> str:
    (part,) = shown(Reply(text=text))
    return part.html


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def rows(part: Part) -> list[list[str]]:
    assert part.keyboard is not None
    return [[button.text for button in row] for row in part.keyboard.inline_keyboard]


def choice(label: str) -> Button:
    return Button(label=label, value=f"choice:{len(label)}")


def quiet(label: str) -> Button:
    return Button(label=label, value=f"quiet:{len(label)}", style=ButtonStyle.QUIET)


def test_markdown() -> None:
    assert html("**Videz** la *cuve*, puis `ON`.") == "<b>Videz</b> la <i>cuve</i>, puis <code>ON</code>."
    assert html("1. un\n2. deux") == "1. un\n2. deux"
    assert html("- un\n- deux") == "• un\n• deux"
    assert html("***tout***") == "<b><i>tout</i></b>"
    assert html("```\na < b\nc\n```") == "<pre>a &lt; b\nc</pre>"


def test_links() -> None:
    assert html("[le guide](https://a.example/?a=1&b=2)") == (
        '<a href="https://a.example/?a=1&amp;b=2">le guide</a>'
    )
    assert html("[nous](mailto:sav@a.example)") == "nous (sav@a.example)"
    assert "href" not in html("[clic](javascript:alert(1))")


@pytest.mark.parametrize(
    "text", ["<b>gras</b>", "a < b && c > d", "</i>", "<script>x</script>", "&lt;b&gt;", "<!channel>"]
)
def test_what_looks_like_markup_is_shown_as_it_is(text: str) -> None:
    agent, bot = Reply(text=text, author=Author.AGENT, author_name="Zoé"), Reply(text=text)
    assert visible(shown(agent)[0].html) == f"Zoé\n{text}"
    assert "<b>" not in shown(bot)[0].html
    assert "<script>" not in shown(bot)[0].html


def test_title_and_source() -> None:
    url = 'https://aide.example/a?"x"'
    source = Source(title="Détartrer <la cuve>", url=url)
    (part,) = shown(Reply(title="Détartrage & co", text="Attendez 2 h.", source=source))
    assert part.html == (
        "<b>Détartrage &amp; co</b>\n\nAttendez 2 h.\n\n<i>Source\u00a0: </i>"
        '<a href="https://aide.example/a?&quot;x&quot;"><i>Détartrer &lt;la cuve&gt;</i></a>'
    )
    assert visible(part.html).endswith("Source\u00a0: Détartrer <la cuve>")
    (part,) = shown(Reply(text="Wait.", source=Source(title="Descaling")), language="en")
    assert part.html == "Wait.\n\n<i>Source: </i><i>Descaling</i>"


def test_an_agent_is_named_and_their_text_is_taken_literally() -> None:
    (part,) = shown(
        Reply(text="**Bonjour**\n1) a\n\nVoir https://a.example.", author=Author.AGENT, author_name="Zoé <R>")
    )
    assert part.html == (
        '<b>Zoé &lt;R&gt;</b>\n**Bonjour**\n1) a\n\nVoir <a href="https://a.example">https://a.example</a>.'
    )
    assert shown(Reply(text="Hi", author=Author.AGENT), "en")[0].html == "<b>Your agent</b>\nHi"


def test_choices_have_a_row_each_and_quiet_buttons_share_one() -> None:
    (part,) = shown(
        Reply(text="?", buttons=(quiet("Oui"), choice("Elle fuit"), choice("Autre"), quiet("Bof")))
    )
    assert rows(part) == [["Elle fuit"], ["Autre"], ["Oui", "Bof"]]


def test_quiet_buttons_too_long_for_a_phone_take_another_row() -> None:
    buttons = (quiet("Cela m’a aidé"), quiet("Pas tout à fait"), quiet("Parler à quelqu’un"))
    (part,) = shown(Reply(text="?", buttons=buttons))
    assert rows(part) == [["Cela m’a aidé", "Pas tout à fait"], ["Parler à quelqu’un"]]


def test_no_buttons_no_keyboard() -> None:
    assert shown(Reply(text="x"))[0].keyboard is None


def test_values_come_back_as_given() -> None:
    (part,) = shown(Reply(text="?", buttons=(Button(label="Oui", value="flow:vapeur:2:yes"),)))
    assert part.keyboard is not None
    assert part.keyboard.inline_keyboard[0][0].callback_data == "flow:vapeur:2:yes"


def test_a_long_reply_is_split_at_paragraphs_with_the_buttons_at_the_end() -> None:
    paragraphs = [f"**{number}** " + "mot " * 300 for number in range(9)]
    parts = shown(Reply(text="\n\n".join(paragraphs), buttons=(choice("Oui"),)))
    assert len(parts) == 3
    assert all(part.html.startswith("<b>") for part in parts)
    assert [part.keyboard is not None for part in parts] == [False, False, True]
    words = " ".join(visible(part.html) for part in parts).split()
    assert words == [word for number in range(9) for word in [str(number), *["mot"] * 300]]


def test_an_emoji_counts_two_and_markup_nothing() -> None:
    assert len(shown(Reply(text="😀" * 2048))) == 1
    parts = shown(Reply(text="😀" * 2049))
    assert [units(visible(part.html)) <= MAX_UNITS for part in parts] == [True, True]
    assert "".join(visible(part.html) for part in parts) == "😀" * 2049
    link = "[a](https://a.example/" + "x" * 900 + ") "
    assert len(shown(Reply(text=link * 9))) == 1


def test_the_plain_text_leaves_targets_out_rather_than_be_too_long() -> None:
    link = "[a](https://a.example/" + "x" * 900 + ") "
    assert shown(Reply(text=link * 2))[0].text.count("https://a.example") == 2
    assert units(shown(Reply(text=link * 9))[0].text) <= MAX_UNITS


@given(st.text(alphabet=st.sampled_from("ab \n*_`[]()<>&#-1.😀é"), max_size=300), st.integers(1, 60))
def test_any_text_is_valid_for_telegram_and_short_enough(text: str, times: int) -> None:
    for reply in (Reply(text=text * times, title="t"), Reply(text=text * times, author=Author.AGENT)):
        for part in shown(reply):
            seen = visible(part.html)
            assert 0 < units(seen) <= MAX_UNITS
            assert 0 < units(part.text) <= MAX_UNITS


def test_the_pressed_button_is_ticked_and_no_other() -> None:
    keyboard = ((("Oui", "yes"),), (("✓ Non", "no"), ("Bof", "meh")))
    markup = mark_chosen(keyboard, "yes")
    assert markup is not None
    assert [[each.text for each in row] for row in markup.inline_keyboard] == [["✓ Oui"], ["Non", "Bof"]]
    assert mark_chosen(((("✓ Oui", "yes"),),), "yes") is None


def test_a_source_that_only_pages_of_the_server_can_follow_is_no_link() -> None:
    (part,) = shown(
        Reply(text="Attendez.", source=Source(title="Détartrer", url="/kb/sav/detartrer?lang=fr"))
    )
    assert "Détartrer" in part.html
    assert "/kb/" not in part.html + part.text
