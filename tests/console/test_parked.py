"""Conversations that are stuck: agents see them, without what was written, and try again."""

from bot.domain.conversation import ParkedReason
from bot.storage.unit_of_work import UnitOfWork
from tests.console.world import World, form_fields, text_of


def park(world: World, desk: str, reason: ParkedReason, user: str) -> int:
    now = world.clock.now()
    message = world.message("mon secret", user=user, name="Marie", account="telegram:7")

    def job(unit: UnitOfWork) -> int:
        conversation = unit.conversations.open(message, after=None, desk=desk, language="fr", now=now)
        assert unit.inbox.add(message, conversation.id, now)
        unit.conversations.park(conversation.id, reason, problem="KeyError", now=now)
        return conversation.id

    return world.write(job)


def test_agents_see_what_is_stuck_on_their_desks_and_on_no_desk_and_try_again(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roy", desks=["it"]))
    assert "/parked" not in visitor.open().text
    mine = park(world, "it", ParkedReason.FAILING, "a")
    others = park(world, "sav", ParkedReason.FAILING, "b")
    orphan = park(world, "ancien", ParkedReason.UNKNOWN_DESK, "c")
    assert "2 conversations en panne" in text_of(visitor.open().text)
    page = visitor.open("/parked").text
    assert f"<code>{mine}</code>" in page
    assert f"<code>{orphan}</code>" in page
    assert f"<code>{others}</code>" not in page
    assert "mon secret" not in page
    answer = visitor.client.post("/parked/retry", data=form_fields(page, "/parked/retry"))
    assert answer.status_code == 200
    left = world.read(lambda unit: [each.id for each in unit.conversations.parked(limit=9)])
    assert left == [others, orphan]
    assert "/parked/retry" not in answer.text, "a desk that exists no more is not mended by trying again"


def test_a_post_without_the_sessions_token_is_refused(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roy", desks=["it"]))
    mine = park(world, "it", ParkedReason.FAILING, "a")
    assert visitor.client.post("/parked/retry", data={}).status_code == 403
    left = world.read(lambda unit: [each.id for each in unit.conversations.parked(limit=9)])
    assert left == [mine]
