"""The brake on password guessing."""

from datetime import timedelta

from handoff.console.login.rate_limiter import PER_ADDRESS, PER_PAIR, LoginRateLimiter
from tests.console.world import OPENING


def test_tries_of_one_person_from_one_address_are_counted() -> None:
    limiter = LoginRateLimiter()
    assert [limiter.attempt("a@x", "1.1.1.1", OPENING) for _ in range(PER_PAIR)] == [0] * PER_PAIR
    assert limiter.attempt("a@x", "1.1.1.1", OPENING + timedelta(minutes=5)) == 10
    assert limiter.attempt("a@x", "2.2.2.2", OPENING) == 0, "nobody can lock another one out"
    assert limiter.attempt("b@x", "1.1.1.1", OPENING) == 0
    assert limiter.attempt("a@x", "1.1.1.1", OPENING + timedelta(minutes=15, seconds=1)) == 0


def test_an_address_cannot_try_one_password_on_everybody() -> None:
    limiter = LoginRateLimiter()
    waits = [limiter.attempt(f"{number}@x", "1.1.1.1", OPENING) for number in range(PER_ADDRESS + 1)]
    assert waits == [0] * PER_ADDRESS + [15]


def test_a_login_that_succeeds_costs_nothing() -> None:
    limiter = LoginRateLimiter()
    for _ in range(PER_ADDRESS * 3):
        assert limiter.attempt("a@x", "1.1.1.1", OPENING) == 0
        limiter.succeeded("a@x", "1.1.1.1")


def test_a_success_does_not_wipe_out_the_tries_on_others() -> None:
    limiter = LoginRateLimiter()
    for number in range(PER_ADDRESS - 1):
        limiter.attempt(f"{number}@x", "1.1.1.1", OPENING)
    limiter.attempt("me@x", "1.1.1.1", OPENING)
    limiter.succeeded("me@x", "1.1.1.1")
    assert limiter.attempt("one-more@x", "1.1.1.1", OPENING) == 0
    assert limiter.attempt("and-another@x", "1.1.1.1", OPENING) > 0


def test_memory_is_bounded() -> None:
    limiter = LoginRateLimiter()
    for number in range(12_000):
        limiter.attempt("a@x", f"address-{number}", OPENING)
    assert len(limiter._tries) <= 10_000


def test_a_clock_that_is_set_back_makes_nobody_wait_for_it() -> None:
    limiter = LoginRateLimiter()
    for _ in range(PER_PAIR):
        limiter.attempt("a@x", "1.1.1.1", OPENING)
    assert limiter.attempt("a@x", "1.1.1.1", OPENING) == 15
    assert limiter.attempt("a@x", "1.1.1.1", OPENING - timedelta(hours=1)) == 0
