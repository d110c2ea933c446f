"""What an import may and may not do to a desk's folder of articles."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from bot.content.imports import RECORD, Plan, Terms, plan, write
from bot.domain.errors import ContentError
from kb_index.articles.reading import parse_article
from kb_index.importers import Imported, Problem, read


def _article(
    id: str = "vpn", body: str = "Ouvrez-le.", *, language: str | None = "fr", title: str = "VPN"
) -> Imported:
    return Imported(id=id, title=title, body=body, language=language, path=f"{id}.md")


def _plan(
    found: Iterable[Imported | Problem],
    folder: Path,
    *,
    source: str = "docs",
    language: str | None = None,
    force: bool = False,
    partial: bool = False,
) -> Plan:
    terms = Terms(
        desk="it",
        source=source,
        languages=("fr", "en"),
        detect=lambda text: "en" if "the" in text.split() else None,
        language=language,
        force=force,
    )
    planned = plan(found, folder, terms, partial=partial)
    write(planned, folder)
    return planned


def _counts(planned: Plan) -> dict[str, int]:
    return {kind: count for kind, count in planned.counts.items() if count}


def test_the_second_time_changes_nothing(tmp_path: Path) -> None:
    found = [_article(), _article("wifi"), _article("vpn", "Open it.", language="en-US")]
    assert _counts(_plan(found, tmp_path)) == {"added": 3}
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert set(before) == {"vpn.fr.md", "vpn.en.md", "wifi.fr.md", RECORD}
    assert _counts(_plan(found, tmp_path)) == {"unchanged": 3}
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_what_changed_at_the_source_is_taken_over(tmp_path: Path) -> None:
    _plan([_article()], tmp_path)
    assert _counts(_plan([_article(body="Autrement.")], tmp_path)) == {"changed": 1}
    assert "Autrement." in (tmp_path / "vpn.fr.md").read_text("utf-8")


def test_what_was_edited_here_is_kept(tmp_path: Path) -> None:
    _plan([_article()], tmp_path)
    file = tmp_path / "vpn.fr.md"
    file.write_text(file.read_text("utf-8") + "\nEt ceci.\n", "utf-8")
    assert _counts(_plan([_article()], tmp_path)) == {"unchanged": 1}
    kept = _plan([_article(body="Autrement.")], tmp_path)
    assert _counts(kept) == {"skipped": 1}
    assert "was edited here" in kept.problems[0].problem
    assert not kept.problems[0].fault
    assert "Et ceci." in file.read_text("utf-8")
    assert _counts(_plan([_article(body="Autrement.")], tmp_path, force=True)) == {"changed": 1}
    assert "Et ceci." not in file.read_text("utf-8")


def test_an_editor_that_ends_lines_otherwise_edits_nothing(tmp_path: Path) -> None:
    _plan([_article()], tmp_path)
    file = tmp_path / "vpn.fr.md"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert _counts(_plan([_article(body="Autrement.")], tmp_path)) == {"changed": 1}


def test_what_was_deleted_here_stays_deleted(tmp_path: Path) -> None:
    _plan([_article()], tmp_path)
    (tmp_path / "vpn.fr.md").unlink()
    assert "was deleted here" in _plan([_article()], tmp_path).problems[0].problem
    assert not (tmp_path / "vpn.fr.md").exists()
    assert _counts(_plan([_article()], tmp_path, force=True)) == {"added": 1}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_was_written_here_by_hand_is_kept(tmp_path: Path, language: str) -> None:
    (tmp_path / "vpn.fr.md").write_text("---\ntitle: À moi\n---\nx\n", "utf-8")
    planned = _plan([_article(language=language)], tmp_path)
    assert "by hand" in planned.problems[0].problem
    assert [path.name for path in tmp_path.iterdir()] == ["vpn.fr.md"]
    assert "À moi" in (tmp_path / "vpn.fr.md").read_text("utf-8")


def test_two_sources_do_not_overwrite_each_other(tmp_path: Path) -> None:
    _plan([_article()], tmp_path, source="docs")
    assert "came from 'docs'" in _plan([_article(body="Autre.")], tmp_path, source="wiki").problems[0].problem
    assert "Ouvrez-le." in (tmp_path / "vpn.fr.md").read_text("utf-8")


def test_the_same_system_is_one_source_whatever_its_export_is_called(tmp_path: Path) -> None:
    article = Imported(id="36", title="Le VPN !", body="a", language="fr", path="p", system="zendesk")
    english = Imported(id="36", title="The VPN", body="b", language="en", path="p", system="zendesk")
    renamed = Imported(id="36", title="Un autre nom", body="a", language="fr", path="p", system="zendesk")
    _plan([article], tmp_path, source="monday.json")
    assert _counts(_plan([renamed, english], tmp_path, source="tuesday.json")) == {"changed": 1, "added": 1}
    assert {path.name for path in tmp_path.glob("*.md")} == {"le-vpn.fr.md", "le-vpn.en.md"}


def test_ids_that_read_alike_stay_two(tmp_path: Path) -> None:
    found = [_article("a/b"), _article("a-b"), _article("A B!"), _article("..", title="Étage n° 3")]
    assert _counts(_plan(found, tmp_path)) == {"added": 4}
    assert _counts(_plan(list(reversed(found)), tmp_path)) == {"unchanged": 4}
    names = {path.name for path in tmp_path.glob("*.md")}
    assert {"a-b.fr.md", "etage-n-3.fr.md"} <= names
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


def test_an_id_that_stands_twice_is_said(tmp_path: Path) -> None:
    planned = _plan([_article(), _article(body="Encore.")], tmp_path)
    assert _counts(planned) == {"added": 1, "skipped": 1}
    assert str(planned.problems[0]) == (
        "vpn.md: The id 'vpn' stands twice in 'fr'. The first one is vpn.md. Give each an id of its own."
    )


def test_languages(tmp_path: Path) -> None:
    found = [
        _article("a", "this is the one", language=None),
        _article("b", "3 x 4", language=None),
        _article("c", "Guten Tag", language="de_DE"),
    ]
    planned = _plan(found, tmp_path)
    assert {path.name for path in tmp_path.glob("*.md")} == {"a.en.md"}
    assert ["--lang" in str(planned.problems[0]), planned.problems[0].fault] == [True, True]
    assert ["'de'" in str(planned.problems[1]), planned.problems[1].fault] == [True, False]
    assert _counts(_plan(found[1:], tmp_path, language="fr")) == {"added": 2}


@pytest.mark.parametrize(
    ("article", "problem"),
    [
        (_article(body=" \n"), "has no text"),
        (_article(title=" "), "title is empty"),
        (_article(title="a" * 201), "more than 200"),
        (_article(body="a" * 200_001), "more than 200000"),
        (_article(title="", body="", language=None), "has no text"),
    ],
)
def test_what_the_workspace_would_refuse_is_not_written(
    tmp_path: Path, article: Imported, problem: str
) -> None:
    planned = _plan([article], tmp_path)
    assert problem in planned.problems[0].problem
    assert planned.problems[0].fault
    assert list(tmp_path.iterdir()) == []


def test_any_text_comes_back_as_it_was(tmp_path: Path) -> None:
    article = Imported(
        id="x",
        title="Écran : « noir » # \x07\ud800 \u2028 'a' \"b\"",
        body="---\n\nLe texte.\n\n---",
        language="fr",
        ask=("? quoi", "- non", "yes"),
        tags=("1.0", "&a"),
        path="p",
    )
    _plan([article], tmp_path)
    text = (tmp_path / "x.fr.md").read_text("utf-8")
    read = parse_article("x.fr.md", text, desk="it", id="x", language="fr")
    assert read.title == "Écran : « noir » # 'a' \"b\""
    assert (read.body, read.ask, read.tags) == (article.body, article.ask, article.tags)


def test_what_the_source_lost_is_named_and_stays(tmp_path: Path) -> None:
    _plan([_article(), _article("wifi")], tmp_path)
    assert "wifi.fr.md" in str(_plan([_article()], tmp_path).problems[0])
    assert _plan([_article()], tmp_path, partial=True).problems == []
    assert (tmp_path / "wifi.fr.md").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"source": "x"}}', "[" * 100_000])
def test_a_damaged_record_stops_the_import(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(ContentError, match=re.escape(RECORD)):
        _plan([_article()], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [RECORD]


def test_an_import_that_was_cut_off_is_finished_by_the_next(tmp_path: Path) -> None:
    _plan([_article(), _article("wifi")], tmp_path)
    (tmp_path / RECORD).unlink()
    (tmp_path / "wifi.fr.md").unlink()
    assert _counts(_plan([_article(), _article("wifi")], tmp_path)) == {"unchanged": 1, "added": 1}
    assert _counts(_plan([_article(body="Neu."), _article("wifi")], tmp_path)) == {
        "changed": 1,
        "unchanged": 1,
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note.md", "---\ntitle: Note\naudience: agents\nvalid_until: 2026-12-31\n---\nPour nous.\n"),
        ("note.csv", "titre;texte;audience;valid_until\nNote;Pour nous.;agents;2026-12-31\n"),
        (
            "note.jsonl",
            '{"id": 1, "title": "Note", "text": "Pour nous.", "audience": "agents", '
            '"valid_until": "2026-12-31"}\n',
        ),
    ],
)
def test_what_is_for_agents_stays_for_agents(tmp_path: Path, name: str, text: str) -> None:
    source = tmp_path / "source" / name
    source.parent.mkdir()
    source.write_text(text, "utf-8")
    folder = tmp_path / "it"
    folder.mkdir()
    planned = _plan(read(source), folder, language="fr")
    assert not planned.problems
    (written,) = folder.glob("*.md")
    article = parse_article(written.name, written.read_text("utf-8"), desk="it", id="note", language="fr")
    assert (article.audience, article.valid_until) == ("agents", date(2026, 12, 31))


def test_an_unknown_audience_is_not_published(tmp_path: Path) -> None:
    source = tmp_path / "note.md"
    source.write_text("---\ntitle: Note\naudience: développeurs\n---\nPour eux.\n", "utf-8")
    folder = tmp_path / "it"
    folder.mkdir()
    planned = _plan(read(source), folder, language="fr")
    assert not list(folder.glob("*.md"))
    assert "audience" in planned.problems[0].problem
