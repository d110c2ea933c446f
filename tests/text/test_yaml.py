"""YAML that is read, and YAML that is refused with its line."""

import time
from datetime import date

import pytest

from bot.text.yaml import Fault, YamlError, compose, load


@pytest.mark.parametrize(
    ("text", "fault", "line"),
    [
        ("x" * 101, Fault.SIZE, None),
        ("a:\n  " + "[" * 30 + "]" * 30, Fault.DEPTH, 2),
        ("a: &x 1\nb: *x", Fault.ALIAS, 2),
        ("a: 1\nb: [1\n", Fault.SYNTAX, 3),
        ("a: b: c", Fault.SYNTAX, 1),
        ("a: \x00", Fault.CHARACTER, None),
        ("a: \ud800", Fault.CHARACTER, None),
    ],
    ids=ascii,
)
def test_what_is_refused(text: str, fault: Fault, line: int | None) -> None:
    for read in (compose, load):
        with pytest.raises(YamlError) as caught:
            read(text, max_chars=100)
        assert (caught.value.fault, caught.value.line) == (fault, line)


@pytest.mark.parametrize(("text", "fault"), [("a: &x 1", Fault.ANCHOR), ("a: !!str 1", Fault.TAG)])
def test_anchors_and_tags_are_refused_where_only_plain_text_is_read(text: str, fault: Fault) -> None:
    assert compose(text) is not None
    with pytest.raises(YamlError) as caught:
        compose(text, only_plain=True)
    assert caught.value.fault is fault


def test_scalars_are_values_or_texts() -> None:
    text = "a: yes\nb: 3\nc: 2026-12-31\nd: [off, ~]"
    assert load(text) == {"a": True, "b": 3, "c": date(2026, 12, 31), "d": [False, None]}
    assert load(text, only_texts=True) == {"a": "yes", "b": "3", "c": "2026-12-31", "d": ["off", "~"]}
    assert load("") is None


@pytest.mark.parametrize("text", ["? [a]\n: b", "a: 2026-13-45"])
def test_what_cannot_be_a_value_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(YamlError):
        load(text)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 100_000])
def test_what_could_blow_up_is_refused_quickly(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(YamlError, match="nested too deeply"):
        compose(text)
    assert time.perf_counter() - begun < 1
