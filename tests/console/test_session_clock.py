"""Sessions when the clock jumps."""

from tests.console.world import World


def test_a_session_does_not_outlive_a_clock_that_is_set_back_far(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roy"))
    world.clock.forward(minutes=-50)
    assert visitor.open().url.path == "/console/", "a step back logs nobody out"
    world.clock.forward(days=-30)
    assert visitor.open().url.path == "/console/login"


def test_a_session_ends_with_a_clock_that_is_set_forward(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roy"))
    world.clock.forward(hours=13)
    assert visitor.open().url.path == "/console/login"
