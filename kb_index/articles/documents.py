"""What can be found: an article, or a flow by its title and triggers."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["article", "flow"]
Audience = Literal["public", "agents"]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who is to read a document, and when.

    Args:
        day: today, by the desk's own calendar.
        is_agent: reads what is for agents too.
    """

    day: date
    is_agent: bool = False


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
        audience: "agents" keeps it from everybody else.
        valid_from, valid_until: first and last day on which it is shown; None: no such limit.
    """

    kind: Kind
    id: str
    desk: str
    language: str
    title: str
    body: str = ""
    ask: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    audience: Audience = "public"
    valid_from: date | None = None
    valid_until: date | None = None

    def withheld(self, reader: Reader) -> str | None:
        """Why a reader is not shown it, such as "until 2026-10-31"; None when they are."""
        if self.audience == "agents" and not reader.is_agent:
            return "for agents"
        if self.valid_from is not None and reader.day < self.valid_from:
            return f"from {self.valid_from}"
        if self.valid_until is not None and reader.day > self.valid_until:
            return f"until {self.valid_until}"
        return None

    @property
    def content_hash(self) -> str:
        """SHA-256 of all of it, in hex: the same content has the same hash everywhere."""
        fields: list[object] = [self.kind, self.id, self.desk, self.language]
        fields += [self.title, self.body, self.ask, self.tags]
        terms = [self.audience, str(self.valid_from), str(self.valid_until)]
        if terms != ["public", "None", "None"]:
            fields += terms
        return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()
