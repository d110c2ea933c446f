"""Messages in one line, as the list of cases and folded bot turns show them."""

import pytest
from markupsafe import Markup, escape

from bot.http.shared.html import to_html
from bot.text.markdown import parse
from handoff.console.agents.preview import one_line


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (to_html(parse("Hello.\n\nTell **me**,\nplease.")), "Hello. Tell me, please."),
        (to_html(parse("Look:\n\n1. one\n   - two\n2. three\n\nDone.")), "Look: one two three Done."),
        (escape("Is 1 < 2 & <p>?\n\nYes."), "Is 1 < 2 & <p>? Yes."),
    ],
)
def test_blocks_stay_apart(html: Markup, text: str) -> None:
    assert one_line(html, 100) == text


def test_what_is_too_long_is_cut() -> None:
    assert one_line(Markup("one two three"), 9) == "one two…"
