"""What a desk knows, as one release holds it: articles, flows, phrases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.dialogs.flow.model import Flow
from bot.dialogs.state.state import DialogueState
from bot.dialogs.state.topic import Topic
from bot.domain.desk import Desk
from bot.i18n.phrases import Phrases
from kb_index.articles.documents import Document, Reader


@dataclass(frozen=True, kw_only=True)
class DialogueContent:
    """All that the dialogue reads; immutable.

    Args:
        desks: by id.
        phrases: what is said around answers.
        flows: by desk and id.
        articles: by desk, id and language.
        versions: of articles, by desk, id and language.
        release_id: of the snapshot, None for content that is not stored.
        article_url: where an article can be read, given desk, id and the reader's language; None: nowhere.
    """

    desks: Mapping[str, Desk]
    phrases: Phrases
    flows: Mapping[tuple[str, str], Flow]
    articles: Mapping[tuple[str, str, str], Document]
    versions: Mapping[tuple[str, str, str], int]
    release_id: int | None
    article_url: Callable[[str, str, str], str | None]

    def shown_to(self, reader: Reader) -> "DialogueContent":
        """Without the articles that are not for a reader, or not of that day."""
        shown = {key: each for key, each in self.articles.items() if each.withheld(reader) is None}
        return self if len(shown) == len(self.articles) else replace(self, articles=shown)

    def article(self, desk: str, article: str, language: str) -> Document | None:
        """In that language if it exists, else in another one of the desk; None when there is none."""
        for each in (language, *self.desks[desk].languages):
            found = self.articles.get((desk, article, each))
            if found is not None:
                return found
        return None

    def title(self, desk: str, topic: Topic, language: str) -> str | None:
        """Of an article or a flow; None when it is no longer there."""
        if topic.kind == "flow":
            flow = self.flows.get((desk, topic.id))
            return None if flow is None else flow.title.get(language, topic.id)
        document = self.article(desk, topic.id, language)
        return None if document is None else document.title

    def desk_flows(self, desk: str) -> list[Flow]:
        """The flows of one desk, in the order in which they were loaded."""
        return [flow for (owner, _), flow in self.flows.items() if owner == desk]

    def without_missing(self, state: DialogueState, desk: str) -> DialogueState:
        """A state without what this release no longer holds, or no longer shows."""
        at, pending = state.flow, state.pending
        flow = self.flows.get((desk, at.flow)) if at else None
        if at and (not flow or not {at.step, *(visit.step for visit in at.path)} <= flow.by_id.keys()):
            state = replace(state, flow=None, pending=None)
        if pending and not all(self._has(desk, topic) for topic in pending.topics):
            state = replace(state, pending=None)
        given = tuple(
            replace(each, others=tuple(topic for topic in each.others if self._has(desk, topic)))
            for each in state.given
            if self._has(desk, each.topic)
        )
        return replace(state, given=given)

    def _has(self, desk: str, topic: Topic) -> bool:
        return bool(self.title(desk, topic, ""))
