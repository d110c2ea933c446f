"""What can be found: an article, or a flow by its title and triggers."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

Kind = Literal["article", "flow"]


@dataclass(frozen=True, kw_only=True)
class Document:
    """One article or flow in one language.

    Args:
        kind, id, desk: together they name it; the id is the same in every language.
        language: "fr" or "en".
        title: one line of plain text.
        body: Markdown; empty for a flow.
        ask: other ways of asking for it.
        tags: free words, searched as spelling only.
    """

    kind: Kind
    id: str
    desk: str
    language: str
    title: str
    body: str = ""
    ask: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 of all of it, in hex: the same content has the same hash everywhere."""
        fields = [self.kind, self.id, self.desk, self.language, self.title, self.body, self.ask, self.tags]
        return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
