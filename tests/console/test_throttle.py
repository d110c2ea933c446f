"""The brake on password guessing."""

from datetime import timedelta

from handoff.console.throttle import PER_ADDRESS, PER_PAIR, Throttle
from tests.console.world import OPENING


def test_tries_of_one_person_from_one_address_are_counted() -> None:
    throttle = Throttle()
    assert [throttle.attempt("a@x", "1.1.1.1", OPENING) for _ in range(PER_PAIR)] == [0] * PER_PAIR
    assert throttle.attempt("a@x", "1.1.1.1", OPENING + timedelta(minutes=5)) == 10
    assert throttle.attempt("a@x", "2.2.2.2", OPENING) == 0, "nobody can lock another one out"
    assert throttle.attempt("b@x", "1.1.1.1", OPENING) == 0
    assert throttle.attempt("a@x", "1.1.1.1", OPENING + timedelta(minutes=15, seconds=1)) == 0


def test_an_address_cannot_try_one_password_on_everybody() -> None:
    throttle = Throttle()
    waits = [throttle.attempt(f"{number}@x", "1.1.1.1", OPENING) for number in range(PER_ADDRESS + 1)]
    assert waits == [0] * PER_ADDRESS + [15]


def test_a_login_that_succeeds_costs_nothing() -> None:
    throttle = Throttle()
    for _ in range(PER_ADDRESS * 3):
        assert throttle.attempt("a@x", "1.1.1.1", OPENING) == 0
        throttle.succeeded("a@x", "1.1.1.1")


def test_a_success_does_not_wipe_out_the_tries_on_others() -> None:
    throttle = Throttle()
    for number in range(PER_ADDRESS - 1):
        throttle.attempt(f"{number}@x", "1.1.1.1", OPENING)
    throttle.attempt("me@x", "1.1.1.1", OPENING)
    throttle.succeeded("me@x", "1.1.1.1")
    assert throttle.attempt("one-more@x", "1.1.1.1", OPENING) == 0
    assert throttle.attempt("and-another@x", "1.1.1.1", OPENING) > 0


def test_memory_is_bounded() -> None:
    throttle = Throttle()
    for number in range(12_000):
        throttle.attempt("a@x", f"address-{number}", OPENING)
    assert len(throttle._tries) <= 10_000
