"""What people have asked, in the database."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import aliased

from bot.domain.messages import InboundKind
from bot.domain.turn import AskedQuestion, Decision
from bot.storage.tables import ConversationRow, FeedbackRow, InboxRow, TurnRow

_ASKED, _BEFORE, _JUDGED = aliased(TurnRow), aliased(TurnRow), aliased(TurnRow)
_ROWS_AT_A_TIME = 500


class QuestionRepository:
    """What people have asked, newest first; read from the database as it is taken."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def asked(self, rules: Collection[str]) -> Iterator[AskedQuestion]:
        """Messages that were decided by one of these rules and did not answer a clarification."""
        with self._connection.execute(_questions(rules).order_by(_ASKED.id.desc())) as rows:
            for row in rows:
                yield AskedQuestion(text=row.payload["text"], desk=row.desk, language=row.language)

    def solved(self, rules: Collection[str]) -> Iterator[AskedQuestion]:
        """Those of them that ended with word that it helped, by when that was said."""
        statement = (
            _questions(rules)
            .add_columns(FeedbackRow.id, _JUDGED.why)
            .join(
                FeedbackRow,
                (FeedbackRow.conversation_id == _ASKED.conversation_id)
                & (FeedbackRow.turn_no >= _ASKED.turn_no)
                & FeedbackRow.helped,
            )
            .join(
                _JUDGED,
                (_JUDGED.conversation_id == FeedbackRow.conversation_id)
                & (_JUDGED.turn_no == FeedbackRow.turn_no),
            )
            .order_by(FeedbackRow.id.desc(), _ASKED.turn_no.desc())
        )
        with self._connection.execute(statement) as rows:
            # Of the questions before the word that it helped, the last one is meant.
            for _, (row, *_) in itertools.groupby(rows, key=lambda row: row.id):
                yield AskedQuestion(
                    text=row.payload["text"],
                    desk=row.desk,
                    language=row.language,
                    solved_by=_solved_by(row.why),
                )


def _questions(rules: Collection[str]) -> Select[Any]:
    before = (_BEFORE.conversation_id == _ASKED.conversation_id) & (_BEFORE.turn_no == _ASKED.turn_no - 1)
    return (
        select(ConversationRow.desk, ConversationRow.language, InboxRow.payload)
        .select_from(_ASKED)
        .join(InboxRow, InboxRow.id == _ASKED.inbox_id)
        .join(ConversationRow, ConversationRow.id == _ASKED.conversation_id)
        .outerjoin(_BEFORE, before)
        .where(
            _ASKED.why["rule"].as_string().in_(rules),
            InboxRow.kind.in_((InboundKind.TEXT, InboundKind.EDIT)),
            _BEFORE.decision.is_(None) | (_BEFORE.decision != Decision.CLARIFY),
        )
        .execution_options(yield_per=_ROWS_AT_A_TIME)
    )


def _solved_by(why: Mapping[str, str]) -> tuple[str, str] | None:
    return next(((kind, why[kind]) for kind in ("article", "flow") if kind in why), None)
