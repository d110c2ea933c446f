"""What a text must not carry further."""

import pytest

from bot.text.control import storable, strip_controls


@pytest.mark.parametrize(
    ("text", "stripped", "stored"),
    [
        ("a\x00b", "ab", "ab"),
        ("a\x1b[31mb\x7f\x9f", "a[31mb", "a\x1b[31mb\x7f\x9f"),
        ("a\r\nb\rc\n\td", "a\nb\nc\n\td", "a\r\nb\rc\n\td"),
        ("a\ud800b", "ab", "a?b"),
        ("été 😀", "été 😀", "été 😀"),
    ],
    ids=ascii,
)
def test_control_characters(text: str, stripped: str, stored: str) -> None:
    assert (strip_controls(text), storable(text)) == (stripped, stored)
