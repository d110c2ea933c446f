"""The policy alone: what was found and asked before, and the rule that fits."""

import pytest

from bot.dialogs.retrieval.policy import ClarificationState, PolicyAction, Thresholds, decide
from bot.dialogs.state.topic import Topic
from kb_index.search import Hit

LIMITS = Thresholds(answer=0.5, clarify=0.2, margin=0.1, certain=0.8, raised=0.05, named=0.5)


def hit(name: str, confidence: float) -> Hit:
    kind, id = name.split(":")
    return Hit(
        kind="flow" if kind == "flow" else "article",
        id=id,
        language="fr",
        title=id,
        confidence=confidence,
        score=10 * confidence,
        cosine=confidence,
        lexical=0.0,
        matched=id,
    )


@pytest.mark.parametrize(
    ("found", "act", "rule", "chosen"),
    [
        ({"article:a": 0.9, "article:b": 0.3}, PolicyAction.ANSWER, "article_confident", ["a"]),
        ({"article:a": 0.5}, PolicyAction.ANSWER, "article_confident", ["a"]),
        ({"article:a": 0.49}, PolicyAction.OFFER, "unsure", ["a"]),
        ({"flow:f": 0.7, "article:a": 0.7}, PolicyAction.START_FLOW, "flow_confident", ["f"]),
        ({"article:a": 0.7, "flow:f": 0.7}, PolicyAction.START_FLOW, "flow_confident", ["f"]),
        ({"article:a": 0.71, "flow:f": 0.7}, PolicyAction.ANSWER, "article_confident", ["a"]),
        ({"article:a": 0.7, "article:b": 0.65}, PolicyAction.OFFER, "close_call", ["a", "b"]),
        ({"article:a": 0.95, "article:b": 0.9}, PolicyAction.ANSWER, "article_confident", ["a"]),
        ({"article:a": 0.7, "article:b": 0.59}, PolicyAction.ANSWER, "article_confident", ["a"]),
        (
            {"article:a": 0.3, "flow:f": 0.25, "article:b": 0.2, "article:c": 0.2},
            PolicyAction.OFFER,
            "unsure",
            "afb",
        ),
        ({"article:a": 0.19}, PolicyAction.REPHRASE, "not_understood", []),
        ({}, PolicyAction.REPHRASE, "not_understood", []),
    ],
)
def test_a_first_question(found: dict[str, float], act: PolicyAction, rule: str, chosen: list[str]) -> None:
    decided = decide([hit(*pair) for pair in found.items()], ClarificationState(), LIMITS)

    assert (decided.action, decided.rule) == (act, rule)
    assert [hit.id for hit in decided.hits] == list(chosen)
    assert decided.confidence == max(found.values(), default=0.0)


@pytest.mark.parametrize(
    ("found", "asked", "act", "rule"),
    [
        (
            {"article:a": 0.3},
            ClarificationState(confidence=0.3, rounds=1),
            PolicyAction.PERSON,
            "still_unsure",
        ),
        ({"article:a": 0.4}, ClarificationState(confidence=0.3, rounds=1), PolicyAction.OFFER, "unsure"),
        (
            {"article:a": 0.4},
            ClarificationState(confidence=0.3, rounds=2),
            PolicyAction.PERSON,
            "still_unsure",
        ),
        (
            {"article:a": 0.19},
            ClarificationState(confidence=0.0, rounds=1),
            PolicyAction.PERSON,
            "still_unsure",
        ),
        ({}, ClarificationState(rounds=1), PolicyAction.PERSON, "still_unsure"),
        (
            {"article:a": 0.5},
            ClarificationState(confidence=0.3, rounds=2),
            PolicyAction.ANSWER,
            "article_confident",
        ),
        (
            {"article:a": 0.6, "article:b": 0.6},
            ClarificationState(rounds=1),
            PolicyAction.ANSWER,
            "article_confident",
        ),
    ],
)
def test_after_asking_back(
    found: dict[str, float], asked: ClarificationState, act: PolicyAction, rule: str
) -> None:
    decided = decide([hit(*pair) for pair in found.items()], asked, LIMITS)

    assert (decided.action, decided.rule) == (act, rule)


def test_what_was_refused_is_not_given_again() -> None:
    refused = ClarificationState(rounds=1, refused={Topic(kind="article", id="a")})

    decided = decide([hit("article:a", 0.9), hit("article:b", 0.6)], refused, LIMITS)

    assert [hit.id for hit in decided.hits] == ["b"]
    assert decided.confidence == 0.6


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ({"flow:f": 0.9, "article:a": 0.1}, "bare_name"),
        ({"flow:f": 0.9, "article:a": 0.04}, "flow_confident"),
        ({"article:g": 0.9, "article:a": 0.04}, "article_confident"),
        ({"article:g": 0.9, "article:a": 0.2}, "bare_name"),
    ],
)
def test_a_bare_name_that_several_share(found: dict[str, float], rule: str) -> None:
    asked = ClarificationState(namesakes={Topic(kind="flow", id="f"), Topic(kind="article", id="a")})

    assert decide([hit(*pair) for pair in found.items()], asked, LIMITS).rule == rule
