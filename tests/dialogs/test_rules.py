"""The table of rules: each name once, intents that exist, and docs/dialogue.md, which is made from it.

`python -m tests.dialogs.test_rules` writes that file anew.
"""

from pathlib import Path

import yaml

from bot.dialogs.rules.table import TABLE, Rule, RuleStage

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dialogue.md"
INTRODUCTION = """\
# What happens when a user says X

The bot tries these rules from top to bottom, and the first that applies decides the turn. Each is one
function in `bot/dialogs/rules/`, named in the last column. A rule with an intent is tried only when the
message as a whole was understood so. The page is made from `bot/dialogs/rules/table.py` by
`python -m tests.dialogs.test_rules`.
"""


def page() -> str:
    return "\n".join([INTRODUCTION, *map(_section, TABLE)])


def _section(stage: RuleStage) -> str:
    head = f"## {stage.title}\n\n| Rule | The user ... | Intent | Function |\n|---|---|---|---|"
    return "\n".join([head, *map(_row, stage.rules), ""])


def _row(rule: Rule) -> str:
    intents = ", ".join(f"`{intent}`" for intent in sorted(rule.intents))
    return f"| {rule.name} | {rule.when} | {intents} | `{rule.function}` |"


def rules() -> list[Rule]:
    return [rule for stage in TABLE for rule in stage.rules]


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_each_rule_has_one_name() -> None:
    names = [rule.name for rule in rules()]

    assert len(names) == len(set(names))


def test_its_intents_are_those_of_the_product() -> None:
    files = (ROOT / "config" / "base" / "intents").glob("*.yml")
    known = {
        entry["intent"]
        for file in files
        for entry in yaml.safe_load(file.read_text("utf-8"))["nlu"]
        if "intent" in entry
    }

    assert {intent for rule in rules() for intent in rule.intents} <= known


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
