"""Reading articles, and refusing what is wrong with them by file and line."""

from datetime import date

import pytest

from kb_index.articles.documents import Document
from kb_index.articles.errors import ArticleError
from kb_index.articles.reading import parse_article
from tests.support.effort import little_work

GOOD = """---
title: "Carte perdue : la refaire"
ask:                                     # other ways
  - j'ai perdu ma carte
  - "refaire : ma carte"
tags: [carte]
---
Au **comptoir**.

1. Dites votre nom.
2. Payez 3 €.
"""


def _read(text: str) -> Document:
    return parse_article("knowledge/lecteurs/carte.fr.md", text, desk="lecteurs", id="carte", language="fr")


def test_an_article_is_read() -> None:
    assert _read(GOOD) == Document(
        kind="article",
        id="carte",
        desk="lecteurs",
        language="fr",
        title="Carte perdue : la refaire",
        body="Au **comptoir**.\n\n1. Dites votre nom.\n2. Payez 3 €.",
        ask=("j'ai perdu ma carte", "refaire : ma carte"),
        tags=("carte",),
    )


@pytest.mark.parametrize(
    "change", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace("---\n", "---  \n")]
)
def test_editors_habits_do_not_matter(change: str) -> None:
    assert _read(change).title == _read(GOOD).title
    assert _read(change).ask == _read(GOOD).ask


def test_a_rule_in_the_body_is_body() -> None:
    assert _read("---\ntitle: a\n---\nb\n\n---\n\nc").body == "b\n\n---\n\nc"


def test_ask_and_tags_may_be_left_out_or_empty() -> None:
    assert _read("---\ntitle: a\n---\nb").ask == ()
    assert _read("---\ntitle: a\nask:\ntags: []\n---\nb").ask == ()


def test_whom_it_is_for_and_when_are_read_and_are_part_of_its_content() -> None:
    plain = _read("---\ntitle: a\n---\nb")
    dated = _read('---\ntitle: a\nvalid_from: 2026-12-01\nvalid_until: "2026-12-01"\n---\nb')
    inner = _read("---\ntitle: a\naudience: agents\n---\nb")
    assert (plain.audience, plain.valid_from, plain.valid_until) == ("public", None, None)
    assert (dated.valid_from, dated.valid_until) == (date(2026, 12, 1), date(2026, 12, 1))
    assert inner.audience == "agents"
    assert len({each.content_hash for each in (plain, dated, inner)}) == 3
    assert _read("---\ntitle: a\naudience: public\n---\nb").content_hash == plain.content_hash


@pytest.mark.parametrize(
    ("text", "line", "problem", "remedy"),
    [
        ("", 1, "does not begin", "between two lines"),
        ("title: a\n\nb", 1, "does not begin", "between two lines"),
        ("---\ntitle: a\nb", 1, "not closed", "a line `---`"),
        ("---\n---\nb", 1, "title is missing", "title:"),
        ("---\nask: [a]\n---\nb", 1, "title is missing", "title:"),
        ("---\ntitle: ''\n---\nb", 2, "title is empty", ""),
        ("---\ntitle:\n---\nb", 2, "title is empty", ""),
        ("---\ntitle: [a]\n---\nb", 2, "not a text", "quotes"),
        (f"---\ntitle: {'a' * 201}\n---\nb", 2, "more than 200", ""),
        (
            "---\ntitle: a\nask:\n" + "".join(f"- b{n}\n" for n in range(4000)) + "---\nb",
            2,
            "more than 20000",
            "",
        ),
        ("---\ntitle: a\n---\n", 3, "no text", "below"),
        ("---\ntitle: a\n---\n  \n\n", 3, "no text", "below"),
        ("---\ntitle: a\nasks: [b]\n---\nb", 3, "`asks` is not known", "Did you mean `ask`"),
        ("---\ntitel: a\n---\nb", 2, "`titel` is not known", "Did you mean `title`"),
        ("---\ntitle: a\nzzz: [b]\n---\nb", 3, "`zzz` is not known", "title, ask, tags"),
        ("---\ntitle: a\ntitle: b\n---\nb", 3, "twice", "one of them"),
        ("---\ntitle: a\nask: b\n---\nb", 3, "not a list", "- "),
        ("---\ntitle: a\nask:\n  - b: c\n---\nb", 4, "not a text", "quotes"),
        ("---\ntitle: a\nask:\n  - ''\n---\nb", 4, "is empty", ""),
        (f"---\ntitle: a\nask:\n  - {'b' * 301}\n---\nb", 4, "more than 300", ""),
        ("---\ntitle: a\nask:\n  - b\n  - c\n  - B\n---\nb", 6, "`B` stands twice", "one of them"),
        ("---\ntitle: a: b\n---\nb", 2, "not YAML", "double quotes"),
        ("---\ntitle: [a\n---\nb", 2, "not YAML", "double quotes"),
        ("---\n- a\n---\nb", 2, "key: value", "title:"),
        ("---\ntitle: &x a\nask: *x\n---\nb", 2, "not allowed", "quotes"),
        ("---\ntitle: *x\n---\nb", 2, "not allowed", "quotes"),
        ("---\ntitle: !!python/object/apply:os.system [ls]\n---\nb", 2, "not allowed", "quotes"),
        ("---\ntitle: a\nask: [[[[b]]]]\n---\nb", 3, "too deeply", ""),
        ("---\ntitle: a\x00b\n---\nb", 2, "not text", ""),
        ("---\ntitle: a\naudience: agent\n---\nb", 3, "`audience` is not known", "`public` or `agents`"),
        ("---\ntitle: a\naudience: [agents]\n---\nb", 3, "`audience` is not known", "`public` or `agents`"),
        ("---\ntitle: a\nvalid_until: 31/12/2026\n---\nb", 3, "`valid_until` is not a day", "2026-12-31"),
        ("---\ntitle: a\nvalid_from: 2026-02-30\n---\nb", 3, "`valid_from` is not a day", "2026-12-31"),
        ("---\ntitle: a\nvalid_from: 20261201\n---\nb", 3, "`valid_from` is not a day", "2026-12-31"),
        ("---\ntitle: a\nvalid_from:\n---\nb", 3, "`valid_from` is not a day", "2026-12-31"),
        (
            "---\ntitle: a\nvalid_until: 2026-12-01\nvalid_from: 2026-12-02\n---\nb",
            3,
            "2026-12-01 is before 2026-12-02",
            "Swap",
        ),
        ("---\ntitle: a\nvalid_form: 2026-12-02\n---\nb", 3, "`valid_form`", "Did you mean `valid_from`"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_remedy(
    text: str, line: int, problem: str, remedy: str
) -> None:
    with pytest.raises(ArticleError) as caught:
        _read(text)
    error = caught.value
    assert problem in error.problem
    assert remedy in error.remedy
    assert error.remedy
    assert (error.path, error.line) == ("knowledge/lecteurs/carte.fr.md", line)
    assert str(error).startswith(f"knowledge/lecteurs/carte.fr.md:{line}: ")


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + "[" * 100_000 + "\n---\nb",
        "---\ntitle: " + "[" * 15_000 + "\n---\nb",
        "---\ntitle: a\n---\n" + "b" * 1_000_000,
        "---\na: &a [b,b]\nc: &c [*a,*a]\ntitle: [*c,*c]\n---\nb",
    ],
    ids=["long head", "deep", "large", "bomb"],
)
def test_what_could_blow_up_is_refused_quickly(text: str) -> None:
    with little_work(), pytest.raises(ArticleError):
        _read(text)
