"""Patterns on texts from outside take time in proportion to the text, whatever stands in it."""

import pytest

from bot.quality.gaps import mask
from kb_index.importers import Imported
from kb_index.importers.confluence import read
from kb_index.review.facts import claims
from tests.support.doubling import grows_linearly


def _import_body(body: str) -> list[object]:
    escaped = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = '<object class="Page"><id name="id">1</id><property name="title">T</property></object>'
    content = '<property name="content" class="Page"><id name="id">1</id></property>'
    text = f'<object class="BodyContent"><property name="body">{escaped}</property>{content}</object>'
    return list(read("entities.xml", f"<x>{page}{text}</x>".encode()))


@pytest.mark.parametrize("unit", ["<![CDATA[", "]]>", "<![CDATA[a]]>", "<![CDATA[\n]] >"])
def test_confluence_bodies(unit: str) -> None:
    assert grows_linearly(_import_body, unit)


def test_a_section_that_closes_is_text_and_one_that_does_not_is_left() -> None:
    (article,) = _import_body("<p>x</p><pre><![CDATA[a < b]]></pre><p>y</p><![CDATA[")
    assert isinstance(article, Imported)
    assert "a < b" in article.body


@pytest.mark.parametrize("unit", ["a", "1 ", "+1", "a.", "a@", "a@b.", "1", "a-b"])
def test_masking_of_addresses_and_numbers(unit: str) -> None:
    assert grows_linearly(mask, unit)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("écrivez à leo.b+x@bellac.example.", "écrivez à …."),
        ("au 06 12 34 56 78, ou +33612345678", "au …, ou …"),
        ("a@b.c+d@e.f", "……"),
        ("la version 3.11 du 12/05", "la version 3.11 du 12/05"),
        ("@equipe et nom@poste", "@equipe et nom@poste"),
    ],
)
def test_what_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("unit", ["\n", " \n", "1", "- ", "\t"])
def test_counting_steps_and_items(unit: str) -> None:
    assert grows_linearly(claims, unit)
