"""Replies as HTML, French typography, formats."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.http.shared.html import to_html
from bot.i18n import formats
from bot.i18n.typography import typeset
from bot.text.markdown import parse


def html(text: str) -> str:
    return str(to_html(parse(text)))


def test_markdown() -> None:
    assert (
        html("**gras** *et* `code < x`")
        == "<p><strong>gras</strong> <em>et</em> <code>code &lt; x</code></p>"
    )
    assert html("un\n\ndeux") == "<p>un</p><p>deux</p>"
    assert html("3. trois\n4. quatre") == '<ol start="3"><li>trois</li><li>quatre</li></ol>'
    assert html("```\na\nb\n```") == '<p><code class="block">a\nb</code></p>'
    assert '<a href="https://a.example/?x=1&amp;y=2" target="_blank" rel="noopener' in html(
        "https://a.example/?x=1&y=2"
    )


def test_a_list_inside_a_list_goes_on_after_it() -> None:
    nested = "1. un\n   - a\n   - b\n2. deux\n\nfin"
    assert html(nested) == ("<ol><li>un<ul><li>a</li><li>b</li></ul></li><li>deux</li></ol><p>fin</p>")
    assert html("- a\n\n1. un") == "<ul><li>a</li></ul><ol><li>un</li></ol>"


class Reader(HTMLParser):
    """Checks that tags are balanced and known."""

    known = frozenset({"p", "ol", "ul", "li", "strong", "em", "code", "br", "a"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.known
        for name, value in attrs:
            assert name in {"href", "target", "rel", "start", "class"}
            if name == "href":
                assert re.match(r"(https?|mailto|tel):", value or "")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text(alphabet=st.sampled_from("ab<>&\"'*_`[]()#-1. \n:/hjtp\\!{}\x00é"), max_size=200))
def test_whatever_is_written_gives_sound_html(text: str) -> None:
    reader = Reader()
    reader.feed(html(text))
    reader.close()
    assert reader.open == []


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Ça marche ?", "Ça marche\u202f?"),
        ("Oui : « bien » !", "Oui\u00a0: «\u00a0bien\u00a0»\u202f!"),
        ("L'eau à 50 % ou 20 €", "L’eau à 50\u00a0% ou 20\u00a0€"),
        ("Right: it's the agents' own!", "Right: it’s the agents’ own!"),
        ("'a' 5' 10 %", "'a’ 5' 10\u00a0%"),
        ("a ?b=1 :-) http://x?y", "a ?b=1\u00a0:-) http://x?y"),
        ("12 h 30", "12\u00a0h 30"),
    ],
)
def test_typography(typed: str, printed: str) -> None:
    assert typeset(typed) == printed


def test_code_and_addresses_are_left_as_typed() -> None:
    assert html("`a ? b`") == "<p><code>a ? b</code></p>"


def test_moments() -> None:
    today = date(2026, 7, 29)
    assert formats.day_heading(today, today, "fr") == "Aujourd’hui"
    assert formats.day_heading(date(2026, 7, 28), today, "en") == "Yesterday"
    assert formats.day_heading(date(2026, 7, 1), today, "fr") == "Mercredi 1er juillet"
    assert formats.day_heading(date(2025, 12, 31), today, "en") == "Wednesday 31 December 2025"
    noon = datetime(2026, 7, 29, 12, 5, tzinfo=UTC)
    assert (formats.clock(noon, "fr"), formats.clock(noon, "en")) == ("12:05", "12:05\u00a0pm")
    assert formats.exact(noon, "fr") == "Mercredi 29 juillet 2026 à 12:05"


@pytest.mark.parametrize(
    ("size_bytes", "french", "english"),
    [
        (0, "", ""),
        (12, "12\u00a0octets", "12\u00a0bytes"),
        (345_678, "346\u00a0ko", "346\u00a0KB"),
        (999_499, "999\u00a0ko", "999\u00a0KB"),
        (999_500, "1,0\u00a0Mo", "1.0\u00a0MB"),
        (9_990_000, "10,0\u00a0Mo", "10.0\u00a0MB"),
    ],
)
def test_sizes(size_bytes: int, french: str, english: str) -> None:
    assert (formats.size(size_bytes, "fr"), formats.size(size_bytes, "en")) == (french, english)
