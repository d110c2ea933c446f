"""What stands: the question that waits for an answer, put again after something else was said."""

from bot.dialogs.replies import asking, stepping
from bot.dialogs.turn.scene import Scene
from bot.domain.messages import Reply


def waits(scene: Scene) -> bool:
    """Whether the bot has asked something."""
    return scene.state.pending is not None or scene.state.flow is not None


def put(scene: Scene, *lead: str, person: bool = False) -> Reply:
    """Says something and puts the open question again, if there is one.

    Args:
        scene: this turn.
        lead: what is said first.
        person: with a button for a person.
    """
    if scene.state.pending:
        return asking.put(scene, *lead)
    if scene.state.flow:
        return stepping.again(scene, *lead, person=person)
    return Reply(text="\n\n".join(lead), buttons=(stepping.person_button(scene),) if person else ())
