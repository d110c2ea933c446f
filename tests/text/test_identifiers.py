"""References and codes, as a person names them and as the index is searched for them."""

import pytest

from bot.text.identifiers import find_identifiers, identifier_keys, question_identifier_keys


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("ma CX-125 et ta cx-125/B", ("CX-125", "CX-125/B")),
        ("le LX200", ("LX200",)),
        ("lx200", ()),
        ("0X80070005, ERR_TIMED_OUT", ("0x80070005", "ERR_TIMED_OUT")),
        ("erreur : e12, code #691", ("E12", "691")),
        ("dans 691 minutes", ()),
    ],
)
def test_identifiers_of_a_message(message: str, found: tuple[str, ...]) -> None:
    assert find_identifiers(message) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ma LX-200 et ta lx200", {"lx200"}),
        ("erreur 0x80070005", {"0x80070005"}),
        ("le four affiche E12", {"e12"}),
        ("ERR_TIMED_OUT", {"err_timed_out"}),
        ("code 691", {"691"}),
        ("dans 10 minutes", set()),
    ],
)
def test_identifier_keys(text: str, found: set[str]) -> None:
    assert identifier_keys(text) == found


def test_a_question_may_write_an_identifier_apart() -> None:
    assert question_identifier_keys("ma lx 350, et la LX-200") == {"lx350", "lx200", "350"}
    assert "lx350" not in identifier_keys("ma lx 350")
