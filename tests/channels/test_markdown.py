"""The small Markdown of replies: what is understood, what stays text, and how it is divided."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text.markdown import (
    BulletedList,
    NumberedList,
    Paragraph,
    Span,
    join,
    literal,
    parse,
    plain,
    plain_block,
    split,
    split_text,
)


def text_of(source: str) -> str:
    return join(parse(source), plain_block)


def test_styles_and_links() -> None:
    (block,) = parse(
        "Ouvrez **les réglages** *réseau*, puis `ipconfig` ou [le guide](https://aide.example/vpn)."
    )
    assert block == Paragraph(
        (
            Span(text="Ouvrez "),
            Span(text="les réglages", bold=True),
            Span(text=" "),
            Span(text="réseau", italic=True),
            Span(text=", puis "),
            Span(text="ipconfig", code=True),
            Span(text=" ou "),
            Span(text="le guide", href="https://aide.example/vpn"),
            Span(text="."),
        )
    )


def test_styles_nest() -> None:
    (block,) = parse("**gras et *les deux* [lien](https://a.example)**")
    assert isinstance(block, Paragraph)
    assert Span(text="les deux", bold=True, italic=True) in block.spans
    assert Span(text="lien", bold=True, href="https://a.example") in block.spans


def test_numbers_go_on_after_a_nested_list() -> None:
    first, nested, rest = parse("3. un\n4. deux\n   - a\n   - b\n5. trois")
    assert isinstance(first, NumberedList)
    assert (first.start, len(first.items)) == (3, 2)
    assert nested == BulletedList(((Span(text="a"),), (Span(text="b"),)), level=1)
    assert isinstance(rest, NumberedList)
    assert (rest.start, rest.level) == (5, 0)
    assert text_of("3. un\n4. deux\n   - a\n5. trois") == "3. un\n4. deux\n    - a\n5. trois"


def test_a_list_may_start_at_zero_and_hold_empty_items() -> None:
    assert text_of("0. zéro\n1. un") == "0. zéro\n1. un"
    assert text_of("1.\n2. deux") == "1.\n2. deux"


def test_an_item_of_two_paragraphs_stays_one_item() -> None:
    assert text_of("1. un\n\n   encore\n2. deux") == "1. un\n   encore\n2. deux"


def test_headings_and_code_blocks() -> None:
    assert parse("# Titre\n\n```\nipconfig /all\n```") == (
        Paragraph((Span(text="Titre", bold=True),)),
        Paragraph((Span(text="ipconfig /all", code=True),)),
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "[cliquez](javascript:alert(1))",
        "[cliquez](JaVaScRiPt:alert(1))",
        "[cliquez](data:text/html,x)",
        "[cliquez](vbscript:x)",
        "[cliquez](file:///etc/passwd)",
        "[cliquez](https://)",
        "[cliquez](https://[)",
        "[cliquez](//evil.example)",
        "<javascript:alert(1)>",
        "<b onmouseover=x>gras</b><script>alert(1)</script>",
        "<!channel> <@U1> &",
    ],
)
def test_hostile_input_stays_visible_text(hostile: str) -> None:
    (block,) = parse(hostile)
    assert isinstance(block, Paragraph)
    assert not any(span.href or span.bold for span in block.spans)
    assert plain(hostile) == hostile


@pytest.mark.parametrize(
    "url", ["https://a.example/x?y=1", "http://a.example", "mailto:a@b.fr", "tel:+33123456789"]
)
def test_allowed_links(url: str) -> None:
    (block,) = parse(f"[ici]({url})")
    assert block == Paragraph((Span(text="ici", href=url),))


def test_bare_urls_become_links_without_the_punctuation_around_them() -> None:
    for block in (
        *parse("(voir https://a.example/x_(y)), ok"),
        *literal("(voir https://a.example/x_(y)), ok"),
    ):
        assert isinstance(block, Paragraph)
        assert [span.href for span in block.spans] == [None, "https://a.example/x_(y)", None]


def test_literal_takes_no_markup() -> None:
    assert literal("**a** [b](https://c.example)\n\n1. x")[1] == Paragraph((Span(text="1. x"),))
    assert join(literal("**a** _b_"), plain_block) == "**a** _b_"


def test_plain_shows_where_links_lead() -> None:
    assert plain("[le guide](https://a.example), <https://b.example>, [nous](tel:+331)") == (
        "le guide (https://a.example), https://b.example, nous (+331)"
    )


def test_control_characters_and_lone_surrogates_are_dropped() -> None:
    assert plain("a\x1b[31mb\x00c\ud800d\r\ne") == "a[31mbcd\ne"


@pytest.mark.parametrize(
    "hostile",
    [
        *("[" * 20_000, "![[" * 6_000, "[a](" * 5_000, "[x](<" * 4_000, "*a_ " * 5_000, "**" * 10_000),
        *("`" * 20_000, "``a`" * 5_000 + "b", "- " * 10_000, "> " * 10_000, "<" * 20_000, "\\&" * 10_000),
        *("a" * 1_000_000, "**a** " * 200_000, "https://a.fr/(((" * 1_200, "- \n" * 6_000),
    ],
    ids=lambda text: f"{text[:6]!r}",
)
def test_hostile_size_and_depth_cost_little_and_lose_nothing(hostile: str) -> None:
    start = time.process_time()
    blocks = parse(hostile)
    assert blocks
    assert all(len(join(part, plain_block)) <= 3000 for part in split(blocks, 3000, plain_block))
    assert time.process_time() - start < 5


def test_deep_lists_are_shown_as_written() -> None:
    deep = "- " * 100 + "fin"
    assert plain(deep) == deep


def test_split_prefers_paragraphs_and_keeps_numbers_and_style() -> None:
    source = "Premier.\n\nSecond **" + "gras " * 30 + "fin**\n\n1. un\n2. deux\n3. trois"
    groups = split(parse(source), 60, plain_block)
    assert [len(join(group, plain_block)) <= 60 for group in groups] == [True] * len(groups)
    assert groups[0][0] == Paragraph((Span(text="Premier."),))
    spans = [
        span for group in groups for block in group if isinstance(block, Paragraph) for span in block.spans
    ]
    assert all(span.bold for span in spans if "gras" in span.text)
    assert "3. trois" in join(groups[-1], plain_block)


def test_split_divides_a_long_list_between_items_and_a_long_item_at_a_space() -> None:
    source = "\n".join(f"{n}. " + "mot " * 20 for n in range(1, 4)) + "\n4. " + "mot " * 60
    groups = split(parse(source), 100, plain_block)
    shown = [join(group, plain_block) for group in groups]
    assert all(len(each) <= 100 for each in shown)
    assert [each.split(".")[0] for each in shown[:4]] == ["1", "2", "3", "4"]
    assert sum(each.split().count("mot") for each in shown) == 120


@given(st.text(alphabet="ab *_`[]()<>&\n1.-#é😀", max_size=300), st.integers(min_value=8, max_value=80))
@settings(max_examples=200, deadline=None)
def test_split_loses_no_visible_character(source: str, max_chars: int) -> None:
    blocks = parse(source)
    groups = split(blocks, max_chars, lambda block: plain_block(block))

    def letters(of: str) -> list[str]:
        return [char for char in of if char in "abé😀"]

    assert letters("".join(join(group, plain_block) for group in groups)) == letters(
        join(blocks, plain_block)
    )


@given(st.text(max_size=400), st.integers(min_value=1, max_value=50))
@settings(max_examples=200, deadline=None)
def test_split_text_fits_and_loses_nothing(source: str, max_chars: int) -> None:
    parts = split_text(source, max_chars)
    assert all(0 < len(part) <= max_chars for part in parts)
    assert "".join("".join(parts).split()) == "".join(source.split())


def test_split_text_counts_code_points_and_cuts_at_paragraphs() -> None:
    assert split_text("😀" * 10, 10) == ["😀" * 10]
    assert split_text("un deux.\n\ntrois quatre", 14) == ["un deux.", "trois quatre"]
