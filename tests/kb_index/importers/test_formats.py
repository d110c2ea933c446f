"""Each format as its program writes it."""

import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from kb_index.importers import Imported, Problem, read


def _write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _articles(source: Path) -> list[Imported]:
    return [each for each in read(source) if isinstance(each, Imported)]


def _problems(source: Path) -> list[str]:
    return [str(each) for each in read(source) if isinstance(each, Problem)]


def test_markdown_with_a_head_of_any_keys(tmp_path: Path) -> None:
    _write(
        tmp_path / "aide" / "vpn.fr.md",
        "---\r\ntitle: Le VPN\r\nsidebar_position: 3\r\ndate: 2026-01-01\r\ntags: [réseau, vpn]\r\n"
        "ask:\r\n  - vpn hs\r\n---\r\n# Le VPN\r\n\r\nOuvrez **VPN**.\r\n",
    )
    _write(tmp_path / "sans-tete.md", "Le titre\n===\n\nLe texte.")
    _write(tmp_path / "brouillon.md", "---\ndraft: true\n---\nx")
    _write(tmp_path / "image.png", b"\x89PNG")
    assert _articles(tmp_path) == [
        Imported(
            id="aide/vpn",
            title="Le VPN",
            body="Ouvrez **VPN**.",
            language="fr",
            ask=("vpn hs",),
            tags=("réseau", "vpn"),
            path="aide/vpn.fr.md",
        ),
        Imported(id="sans-tete", title="Le titre", body="Le texte.", path="sans-tete.md"),
    ]
    assert _problems(tmp_path) == ["brouillon.md: This is a draft."]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_spreadsheets_write_it(tmp_path: Path, delimiter: str) -> None:
    rows = [
        ["Identifiant", "Question", "Réponse", "Langue", "Étiquettes"],
        ["7", '"Où est ""VPN"" ?"', '"Un' + "\n\n" + '- deux"', "fr", "a|b"],
        [],
        ["", "Et l'écran ?", "<p>Le <b>bouton</b></p>", "", ""],
    ]
    source = _write(tmp_path / "faq.csv", "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows))
    assert _articles(source) == [
        Imported(
            id="7",
            title='Où est "VPN" ?',
            body="Un\n\n- deux",
            language="fr",
            tags=("a", "b"),
            path="faq.csv",
            line=2,
        ),
        Imported(id="Et l'écran ?", title="Et l'écran ?", body="Le **bouton**", path="faq.csv", line=6),
    ]


def test_each_sheet_of_a_workbook_is_a_table(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["title", "text", "id"])
    sheet.append(["VPN", "Ouvrez-le.", 12])
    notes = workbook.create_sheet("Notes")
    notes.append(["rien", "ici"])
    workbook.save(tmp_path / "faq.xlsx")
    assert _articles(tmp_path / "faq.xlsx") == [
        Imported(id="12", title="VPN", body="Ouvrez-le.", path="faq.xlsx (Sheet)", line=2)
    ]
    assert _problems(tmp_path / "faq.xlsx") == [
        "faq.xlsx (Notes):1: No column is named text and title. "
        "The first row names the columns: title, text, and if you like id, lang, ask, tags, audience."
    ]


def test_of_a_page_only_what_it_is_about(tmp_path: Path) -> None:
    page = """<html lang="fr-FR"><head><title>VPN | Aide</title>
        <link rel="canonical" href="https://aide.example/vpn"></head>
        <body><nav>Menu</nav><main><h1>Le <i>VPN</i></h1><p>Voir <a href="/wifi">le wifi</a>.</p></main>
        <footer>Mentions</footer></body></html>"""
    plain = "<title>Écran</title><header>Menu</header><p>Le bouton.</p><footer>x</footer>"
    _write(tmp_path / "a" / "vpn.html", page)
    _write(tmp_path / "ecran.htm", plain)
    assert _articles(tmp_path) == [
        Imported(
            id="a/vpn",
            title="Le VPN",
            body="Voir [le wifi](https://aide.example/wifi).",
            language="fr-FR",
            path="a/vpn.html",
        ),
        Imported(id="ecran", title="Écran", body="Le bouton.", path="ecran.htm"),
    ]


def test_zendesk_guide(tmp_path: Path) -> None:
    export = {
        "articles": [
            {
                "id": 360001,
                "title": "Le VPN",
                "body": '<p>Voir <a href="/hc/fr/articles/2">là</a>.</p>',
                "locale": "fr",
                "draft": False,
                "label_names": ["vpn"],
                "section_id": 5,
                "html_url": "https://aide.zendesk.example/hc/fr/articles/360001",
            },
            {"id": 2, "title": "x", "body": "x", "draft": True},
            {"title": "x"},
            {"id": 3, "title": 4, "body": "x"},
            {"id": 6, "title": "Vide", "body": None, "locale": "en-us"},
        ],
        "sections": [{"id": 5, "name": "Réseau"}],
        "next_page": "https://aide.zendesk.example/api?page=2",
    }
    source = _write(tmp_path / "export.json", json.dumps(export))
    first, empty = _articles(source)
    assert first == Imported(
        id="360001",
        title="Le VPN",
        body="Voir [là](https://aide.zendesk.example/hc/fr/articles/2).",
        language="fr",
        tags=("Réseau", "vpn"),
        path="export.json (article 360001)",
        system="zendesk",
    )
    assert (empty.id, empty.body, empty.language) == ("6", "", "en-us")
    problems = "\n".join(_problems(source))
    assert "one page of several" in problems
    assert "(article 2): This is a draft." in problems
    assert "(article 3): The article has no id." in problems
    assert "(article 3): `title` is not a text." in problems


_EXPORTED = """<html><head><title>Support IT : Le VPN : accès</title></head><body>
<ol id="breadcrumbs"><li class="first"><span><a href="index.html">Support IT</a></span></li></ol>
<h1 id="title-heading"><span id="title-text"> Support IT : Le VPN : accès </span></h1>
<div class="page-metadata">Created by Ada</div>
<div id="main-content" class="{kind}"><p>Ouvrez <strong>VPN</strong>.</p></div>
<div class="pageSection">Attachments</div></body></html>"""


def test_a_confluence_space_as_html(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "space.zip", "w") as archive:
        archive.writestr("IT/index.html", _EXPORTED.format(kind="pageSection"))
        archive.writestr("IT/Le-VPN_98765.html", _EXPORTED.format(kind="wiki-content group"))
        archive.writestr("IT/attachments/98765/1.png", b"x")
    assert _articles(tmp_path / "space.zip") == [
        Imported(
            id="98765",
            title="Le VPN : accès",
            body="Ouvrez **VPN**.",
            path="IT/Le-VPN_98765.html",
            system="confluence",
        )
    ]
    assert _problems(tmp_path / "space.zip") == ["IT/index.html: This is the index of the space."]


_ENTITIES = """<?xml version="1.0" encoding="UTF-8"?>
<hibernate-generic datetime="2026-01-01 00:00:00">
<object class="Page" package="com.atlassian.confluence.pages"><id name="id">11</id>
<property name="title"><![CDATA[Le VPN & moi]]></property>
<property name="contentStatus"><![CDATA[current]]></property></object>
<object class="Page"><id name="id">12</id><property name="title">ancien</property>
<property name="originalVersion" class="Page"><id name="id">11</id></property></object>
<object class="Page"><id name="id">13</id><property name="title">jeté</property>
<property name="contentStatus">deleted</property></object>
<object class="BodyContent"><id name="id">21</id>
<property name="body"><![CDATA[<p>Ouvrez&nbsp;<em>VPN</em>.</p><ac:image ac:alt="Écran"><ri:attachment
ri:filename="a.png"/></ac:image><ac:structured-macro ac:name="info">
<ac:parameter ac:name="title">T</ac:parameter>
<ac:rich-text-body><p>Notez.</p></ac:rich-text-body></ac:structured-macro><ac:structured-macro ac:name="code">
<ac:plain-text-body><![CDATA[if a < b:]] ></ac:plain-text-body></ac:structured-macro>]]></property>
<property name="content" class="Page"><id name="id">11</id></property></object>
<object class="Label"><id name="id">31</id><property name="name">vpn</property></object>
<object class="Labelling"><id name="id">41</id>
<property name="label" class="Label"><id name="id">31</id></property>
<property name="content" class="Page"><id name="id">11</id></property></object>
</hibernate-generic>"""


def test_a_confluence_space_as_xml(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "space.zip", "w") as archive:
        archive.writestr("entities.xml", _ENTITIES)
    assert _articles(tmp_path / "space.zip") == [
        Imported(
            id="11",
            title="Le VPN & moi",
            body="Ouvrez\u00a0*VPN*.\n\nÉcran\n\nNotez.\n\n```\nif a < b:\n```",
            tags=("vpn",),
            path="entities.xml (page 11)",
            system="confluence",
        )
    ]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"id": "a/b", "title": "T", "text": "## X\\n\\ny", "lang": "en", "service": "z"}',
        "",
        "{",
        '{"id": "c", "title": "", "text": "x"}',
        "[" * 100_000,
        "[1]",
    ]
    source = _write(tmp_path / "docs.jsonl", "\n".join(lines))
    assert _articles(source) == [
        Imported(id="a/b", title="T", body="**X**\n\ny", language="en", path="docs.jsonl", line=1)
    ]
    assert [problem.split(" ")[0] for problem in _problems(source)] == [
        f"docs.jsonl:{line}:" for line in (3, 4, 5, 6)
    ]


@pytest.mark.parametrize(
    ("encoding", "noted"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("cp1252", True)]
)
def test_encodings(tmp_path: Path, encoding: str, noted: bool) -> None:
    text = "# Réinitialiser le mot de passe\n\nL’écran s’allume : où êtes-vous ? Ça coûte 5 €, à l'été."
    source = _write(tmp_path / "a.md", text.encode(encoding))
    article = next(iter(_articles(source)))
    assert article.title == "Réinitialiser le mot de passe"
    assert article.body == text.partition("\n\n")[2]
    assert _problems(source) == (["a.md: Not UTF-8; it was read as cp1252."] if noted else [])
