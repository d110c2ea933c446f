"""Flows from YAML: what is read, and what is refused with file and line."""

import pytest

from bot.dialogs.flow.model import SOLVED
from bot.dialogs.flow.reading import parse_flow
from bot.dialogs.flow.steps import KINDS
from bot.domain.errors import ContentErrors
from tests.dialogs.world import VPN

HEAD = """flow: f
title: {fr: T, en: T}
triggers: {fr: [a], en: [b]}
steps:
"""


def problems(steps: str, head: str = HEAD) -> list[str]:
    with pytest.raises(ContentErrors) as caught:
        parse_flow("flows/it/f.yml", head + steps, languages=["fr", "en"], entities=["order_number"])
    return [str(error) for error in caught.value.errors]


def test_a_whole_flow_is_read() -> None:
    flow = parse_flow("flows/it/vpn.yml", VPN, languages=["fr", "en"], entities=[])

    assert flow.id == "vpn"
    assert flow.category == "reseau"
    assert [type(step) for step in flow.steps] == [
        KINDS[keyword] for keyword in ("ask", "ask", "say", "solved", "branch", "say", "ask", "handoff")
    ]
    assert [choice.next.step for choice in flow.by_id["voyant"].choices] == ["redemarrer", "suite"]
    assert [choice.next.step for choice in flow.by_id["verifier"].choices] == [SOLVED, "suite"]
    assert flow.by_id["redemarrer"].targets()[0].step == "verifier"


def test_the_kinds_of_steps() -> None:
    assert set(KINDS) == {"ask", "say", "solved", "branch", "handoff"}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("  - id: a\n    sy: {fr: x, en: x}\n", 'f.yml:6: Unknown key "sy". Did you mean "say"?'),
        ("  - id: a\n    say: {fr: x}\n    next: end\n", 'f.yml:6: The language "en" is missing.'),
        ("  - id: a\n    say: {fr: x, en: x, de: x}\n    next: end\n", 'f.yml:6: Unknown key "de".'),
        ("  - id: a\n    say: {fr: x, en: x}\n", 'f.yml:5: Nothing follows the step "a".'),
        ("  - id: a\n    say: {fr: x, en: x}\n    next: b\n", 'f.yml:7: There is no step "b".'),
        ("  - id: a\n    say: {fr: x, en: x}\n    next: ende\n", 'Did you mean "end"?'),
        ("  - id: end\n    say: {fr: x, en: x}\n    next: end\n", 'f.yml:5: "end" cannot be a step\'s id.'),
        ("  - say: {fr: x, en: x}\n    next: end\n", "f.yml:5: This step has no id."),
        ("  - id: a\n    next: end\n", "f.yml:5: This step has no kind."),
        (
            "  - id: a\n    say: {fr: x, en: x}\n    handoff: {fr: x, en: x}\n",
            "f.yml:5: This step has several kinds.",
        ),
        ("  - id: a\n    say: {fr: x, en: x}\n    help: {fr: x, en: x}\n    next: end\n", 'no "help"'),
        ("  - id: a\n    handoff: {fr: x, en: x}\n    urgency: hihg\n", 'f.yml:7: Unknown urgency "hihg".'),
        (
            "  - id: a\n    handoff: {fr: x, en: x}\n    next: end\n",
            "f.yml:7: Nothing comes after a handoff.",
        ),
        (
            "  - id: a\n    say: {fr: x, en: x}\n    next: end\n"
            "  - id: b\n    say: {fr: x, en: x}\n    next: end\n",
            'f.yml:8: The step "b" is never reached.',
        ),
        (
            "  - id: a\n    say: {fr: x, en: x}\n  - id: b\n    say: {fr: x, en: x}\n    next: a\n",
            "f.yml:5: These steps follow each other for ever: a, b.",
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            "      - {value: v, label: {fr: x, en: x}, next: a}\n",
            'f.yml:5: From the step "a" no way leads to an end.',
        ),
        (
            "  - id: a\n    say: {fr: x, en: x}\n  - id: a\n    say: {fr: x, en: x}\n    next: end\n",
            'f.yml:7: There are two steps "a". The first is in line 5.',
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            "      - {value: v, label: {fr: x, en: x}, next: end}\n"
            "      - {value: v, label: {fr: y, en: y}, next: end}\n",
            'f.yml:9: The value "v" stands here twice.',
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            "      - {value: v, label: {fr: x, en: x}, next: end}\n"
            "      - {value: w, label: {fr: X, en: y}, next: end}\n",
            'f.yml:9: The label "X" stands here twice.',
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            f"      - {{value: v, label: {{fr: {'x' * 61}, en: x}}, next: end}}\n",
            "f.yml:8: This label has 61 characters, more than 60.",
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n      - {value: v, label: {fr: x, en: x}}\n",
            "f.yml:8: Nothing follows this choice.",
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices: []\n    next: end\n",
            "f.yml:7: This list is empty.",
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            "      - {value: oui, label: {fr: x, en: x}}\n"
            "  - id: b\n    branch:\n      - {when: {a: ouii}, next: end}\n      - {next: end}\n",
            'f.yml:11: "a" has no choice "ouii". Did you mean "oui"?',
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    choices:\n"
            "      - {value: oui, label: {fr: x, en: x}}\n"
            "  - id: b\n    branch:\n      - {when: {c: oui}, next: end}\n      - {next: end}\n",
            'f.yml:11: No step "c" offers choices.',
        ),
        (
            "  - id: a\n    ask: {fr: x, en: x}\n    entity: order_nubmer\n    next: end\n",
            'f.yml:7: The intents define no entity "order_nubmer". Did you mean "order_number"?',
        ),
        (
            "  - id: a\n    say: {fr: x, en: x}\n    entity: order_number\n    next: end\n",
            'f.yml:7: A "say" step has no "entity".',
        ),
        (
            "  - id: b\n    branch:\n      - {when: {c: oui}, next: end}\n",
            "f.yml:7: The last way has a `when`",
        ),
        ("  - id: b\n    branch:\n      - {next: end}\n      - {next: end}\n", "f.yml:7: Only the last way"),
        (
            "  - id: b\n    branch:\n      - {when: {}}\n      - {next: end}\n",
            "f.yml:7: This way leads nowhere.",
        ),
        ("  - id: b\n    say: 3\n    next: end\n", "f.yml:6: One text for each language is expected"),
        ("  - id: b\n    say: {fr: [x], en: x}\n    next: end\n", "f.yml:6: A text is expected here."),
        ("  - id: b\n    say: {fr: '', en: x}\n    next: end\n", "f.yml:6: This is empty."),
        ("  - id: b\n    say: {fr: x, fr: y, en: x}\n    next: end\n", 'f.yml:6: "fr" stands here twice.'),
        ("  - 7\n", "f.yml:5: Keys and values are expected here."),
        ("  - id: b\n    say: {fr: x\n", "f.yml:7: This is not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(steps: str, problem: str) -> None:
    found = problems(steps)

    assert any(problem in line for line in found), found


def test_all_mistakes_of_a_file_are_reported_together() -> None:
    found = problems(
        "  - id: a\n    say: {fr: x}\n    nxt: end\n", head="flow: g\ntitel: {fr: T, en: T}\nsteps:\n"
    )

    assert [line.split(": ")[0] for line in found] == [
        "flows/it/f.yml:1",  # called "g" in a file "f"
        "flows/it/f.yml:1",  # no title
        "flows/it/f.yml:1",  # no triggers
        "flows/it/f.yml:2",
        "flows/it/f.yml:4",  # nothing follows
        "flows/it/f.yml:5",
        "flows/it/f.yml:6",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "a: &x 1\nb: *x\n", "a: &x [*x]\n", "[" * 100_000, "a: " + "x" * 200_001, "- 1", "\x00"],
    ids=["empty", "alias", "self", "deep", "long", "list", "control"],
)
def test_hostile_files_are_refused(text: str) -> None:
    with pytest.raises(ContentErrors):
        parse_flow("flows/it/f.yml", text, languages=["fr", "en"], entities=[])


def test_aliases_are_named() -> None:
    assert "aliases (*) are not used" in problems("  - &x {id: a, say: {fr: x, en: x}}\n  - *x\n")[0]


def test_deep_nesting_is_named() -> None:
    assert "nested too deeply" in problems("  - " + "[" * 30 + "]" * 30)[0]


def test_yes_and_no_are_texts() -> None:
    flow = parse_flow(
        "flows/it/vpn.yml",
        VPN.replace("value: oui", "value: yes").replace("voyant: oui", "voyant: yes"),
        languages=["fr", "en"],
        entities=[],
    )

    assert flow.by_id["voyant"].choices[0].value == "yes"
