"""What is known to answer a stored question, and how good an outcome is by it."""

import shutil
from pathlib import Path

import pytest

from bot.commands.content import STARTER
from bot.content.files import read_folder
from bot.content.workspace import Content, parse
from bot.dialogs.state.topic import Topic
from bot.domain.turn import AskedQuestion, Decision
from bot.quality.comparison import Grade, Origin, StoredQuestion, grade, stored_questions
from bot.quality.replay import QuestionOutcome

PASSWORD, HOURS = ("article", "mot-de-passe-oublie"), ("article", "horaires-support")
QUESTION = "Je ne sais plus quoi taper"


def _content(folder: Path, labels: str, *, without: str = "") -> Content:
    shutil.copytree(STARTER, folder)
    (folder / "questions").mkdir()
    (folder / "questions" / "support.yml").write_text(labels, encoding="utf-8")
    for path in (folder / "knowledge" / "support").glob(f"{without or '-'}.*"):
        path.unlink()
    return parse(read_folder(folder))


def _label(article: str) -> str:
    return f'articles:\n  {article}:\n    - "{QUESTION}"\n'


def _known(old: Content, new: Content, *asked: AskedQuestion) -> StoredQuestion:
    found = stored_questions(old, new, asked)
    assert len(found) == 1
    return found[0]


def _asked(article: str) -> AskedQuestion:
    said = f"  {QUESTION.upper()} "
    return AskedQuestion(text=said, desk="support", language="fr", solved_by=("article", article))


def test_a_label_that_was_changed_counts_as_it_is_now(tmp_path: Path) -> None:
    old = _content(tmp_path / "old", _label("mot-de-passe-oublie"))
    new = _content(tmp_path / "new", _label("horaires-support"))
    known = _known(old, new, _asked("mot-de-passe-oublie"))
    assert (known.answers, known.origin) == (frozenset({HOURS}), Origin.LABEL)


def test_a_label_that_was_dropped_counts_no_more(tmp_path: Path) -> None:
    old, new = _content(tmp_path / "old", _label("mot-de-passe-oublie")), _content(tmp_path / "new", "")
    assert _known(old, new).answers is None
    by_user = _known(old, new, _asked("horaires-support"))
    assert (by_user.answers, by_user.origin) == (frozenset({HOURS}), Origin.USER)


def test_a_label_that_went_with_its_article_still_counts(tmp_path: Path) -> None:
    old = _content(tmp_path / "old", _label("mot-de-passe-oublie"))
    new = _content(tmp_path / "new", "", without="mot-de-passe-oublie")
    assert _known(old, new).answers == frozenset({PASSWORD})


def test_users_may_have_confirmed_several_answers(tmp_path: Path) -> None:
    content = _content(tmp_path / "both", "")
    known = _known(content, content, _asked("horaires-support"), _asked("mot-de-passe-oublie"))
    assert known.answers == frozenset({HOURS, PASSWORD})
    assert known.message.language == "fr"


@pytest.mark.parametrize(
    ("decision", "topics", "in_scope", "out_of_scope"),
    [
        (Decision.ANSWER, [PASSWORD], Grade.RIGHT, Grade.WRONG),
        (Decision.ANSWER, [HOURS], Grade.WRONG, Grade.WRONG),
        (Decision.CLARIFY, [HOURS, PASSWORD], Grade.OFFERED, Grade.RIGHT),
        (Decision.CLARIFY, [HOURS], Grade.UNSURE, Grade.RIGHT),
        (Decision.HANDOFF, [], Grade.UNSURE, Grade.RIGHT),
        (Decision.COMMAND, [], Grade.WRONG, Grade.RIGHT),
    ],
)
def test_an_outcome_is_graded_by_what_answers_the_question(
    decision: Decision, topics: list[tuple[str, str]], in_scope: Grade, out_of_scope: Grade
) -> None:
    outcome = QuestionOutcome(decision=decision, topics=tuple(Topic(kind=kind, id=id) for kind, id in topics))
    assert grade(outcome, frozenset({PASSWORD})) is in_scope
    assert grade(outcome, frozenset()) is out_of_scope
