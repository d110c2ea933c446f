"""The demo's conversation tests, through the real pipeline; and that such a test can fail."""

import asyncio

import pytest

from bot.commands.staging import stage
from bot.content.files import read_tests
from bot.domain.errors import ContentErrors
from bot.quality.conversation_tests import ConversationTest, Step, parse_tests, play
from config.settings import DEMO_WORKSPACE, Settings
from nlu.encoders.encoder import Encoder

DEMO_TESTS = [
    test
    for path, text in read_tests(DEMO_WORKSPACE).items()
    for test in parse_tests(path, text, desks=["it", "sav"])
]


def test_the_demo_has_tests_in_both_languages() -> None:
    assert {(test.desk, test.language or "fr") for test in DEMO_TESTS} >= {
        ("it", "fr"),
        ("it", "en"),
        ("sav", "fr"),
        ("sav", "en"),
    }


def test_every_conversation_of_the_demo_goes_as_written(built_demo: Settings, encoder: Encoder) -> None:
    async def play_all() -> list[str]:
        async with stage(built_demo, encoder=encoder) as played:
            failures = [await play(played, test) for test in DEMO_TESTS]
        return [f"{f.test.name}, step {f.step}: {f.problem} {f.said}" for f in failures if f is not None]

    assert asyncio.run(play_all()) == []


@pytest.mark.parametrize(
    ("does", "expects", "problem"),
    [
        (("user", "bonjour"), {"decision": "answer"}, "decision is 'smalltalk'"),
        (("user", "bonjour"), {"owner": "queue"}, "owner is 'bot'"),
        (("user", "bonjour"), {"says": ["parapluie"]}, "does not say 'parapluie'"),
        (
            ("user", "j'ai oublié mon mot de passe"),
            {"article": "garantie"},
            "article is 'mot-de-passe-oublie'",
        ),
        (("press", "Nulle part"), {}, "could not be done"),
    ],
)
def test_what_does_not_hold_is_told(
    built_demo: Settings, encoder: Encoder, does: tuple[str, str], expects: dict[str, object], problem: str
) -> None:
    steps = (Step(does=("user", "bonjour"), expects={}), Step(does=does, expects=expects))
    test = ConversationTest(**(vars(DEMO_TESTS[0]) | {"steps": steps, "desk": "it", "language": "fr"}))

    async def play_it() -> str:
        async with stage(built_demo, encoder=encoder) as played:
            failure = await play(played, test)
        return "" if failure is None else failure.problem

    assert problem in asyncio.run(play_it())


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("- test: x\n  desk: it\n- test: y\n  desk: moon\n", 3, "`desk` must be one of it"),
        ("- test: x\n  desk: it\n  turns:\n  - usr: a\n", 1, "Did you mean 'user'?"),
        ("- test: x\n  desk: it\n  turns:\n  - agent: dance\n", 1, "`agent` must be one of"),
        ("- test: [\n", 2, "not valid YAML"),
        ("a: b\n", 1, "must be a list of tests"),
    ],
)
def test_a_mistake_in_a_test_is_named_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(ContentErrors) as caught:
        parse_tests("tests/x.yml", text, desks=["it"])
    assert (caught.value.errors[0].line, problem in str(caught.value)) == (line, True), str(caught.value)
