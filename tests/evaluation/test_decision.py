"""Thresholds from labelled questions: what is promised holds on questions that were not looked at."""

import numpy as np

from kb_index.decision.thresholds import Outcomes, calibration_error, decide, point_at, upper_bound


def asked(count: int, *, seed: int, skill: float = 4.0) -> Outcomes:
    """Questions whose confidence is true: it is right as often as it says."""
    rng = np.random.default_rng(seed)
    confidence = 1 / (1 + np.exp(-skill * rng.normal(size=count)))
    right = rng.uniform(size=count) < confidence
    return Outcomes(confidence=confidence, right=right, offered=right, inside=rng.uniform(size=count) < 0.9)


def test_what_is_promised_is_kept_on_other_questions() -> None:
    broken = 0
    for seed in range(60):
        found = decide(asked(600, seed=seed), 0.1)
        fresh = point_at(asked(20_000, seed=seed + 1000), found.answer)
        broken += found.kept and fresh.error > 0.1
    assert broken <= 6, "one in twenty may break, not one in ten"


def test_one_wrong_answer_among_the_surest_does_not_end_the_promise() -> None:
    confidence = np.concatenate([np.full(17, 0.98), np.full(300, 0.8)])
    right = np.ones(317, dtype=bool)
    right[0] = False
    found = decide(
        Outcomes(confidence=confidence, right=right, offered=right, inside=np.ones(317, dtype=bool)), 0.25
    )
    assert upper_bound(1, 17) > 0.25
    assert found.kept
    assert found.answer <= 0.8


def test_a_stricter_target_answers_less() -> None:
    outcomes = asked(2000, seed=1)
    strict, lax = decide(outcomes, 0.03), decide(outcomes, 0.2)
    assert strict.answer > lax.answer
    assert strict.coverage < lax.coverage
    assert strict.bound <= 0.03
    assert lax.bound <= 0.2


def test_too_few_questions_are_said_to_be_too_few() -> None:
    thin = decide(asked(40, seed=2), 0.02)
    assert not thin.kept
    assert thin.missing is None or thin.missing > 40


def test_a_hopeless_search_asks_for_better_articles_not_for_more_questions() -> None:
    rng = np.random.default_rng(3)
    wrong = np.ones(500, dtype=bool)
    guesses = Outcomes(confidence=rng.uniform(size=500), right=~wrong, offered=~wrong, inside=wrong)
    found = decide(guesses, 0.1)
    assert (found.kept, found.missing) == (False, None)


def test_choices_are_offered_only_where_they_help() -> None:
    confidence = np.linspace(0, 1, 1000)
    outcomes = Outcomes(
        confidence=confidence,
        right=confidence > 0.8,
        offered=confidence > 0.4,
        inside=np.ones(1000, dtype=bool),
    )
    found = decide(outcomes, 0.1)
    assert 0.7 < found.answer < 0.85
    assert 0.0 < found.clarify < 0.2, "down to where offering helps every second time"


def test_the_bound_is_exact() -> None:
    assert upper_bound(0, 29) < 0.1 < upper_bound(0, 28)
    assert upper_bound(5, 5) == 1.0


def test_confidence_that_is_true_has_a_small_calibration_error() -> None:
    true = asked(5000, seed=4)
    assert calibration_error(true) < 0.03
    boastful = Outcomes(
        confidence=np.full(5000, 0.9), right=true.right, offered=true.offered, inside=true.inside
    )
    assert calibration_error(boastful) > 0.3
