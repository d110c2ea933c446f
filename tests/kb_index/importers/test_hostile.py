"""Sources that are broken, or made to do harm."""

import io
import json
import os
import stat
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import openpyxl
import pytest

from kb_index.importers import Imported, Problem, read

GOOD = "# Titre\n\nTexte."


@pytest.fixture(autouse=True)
def _quickly() -> Iterator[None]:
    """Nothing here may compute for long, whatever it is made of: a bomb would for hours."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 60


def _zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _sorted(source: Path) -> tuple[list[str], list[str]]:
    """Ids of what was read, and what was said."""
    found = list(read(source))
    articles = [each.id for each in found if isinstance(each, Imported)]
    return articles, [str(each) for each in found if isinstance(each, Problem)]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = _zip(tmp_path / "a.zip", {"bomb.html": b" " * 5_000_000, "good.md": GOOD})
    articles, problems = _sorted(bomb)
    assert articles == []
    assert "'bomb.html' unpacks to over 150 times its size" in problems[0]


def test_an_archive_of_too_much_is_not_unpacked(tmp_path: Path) -> None:
    many = _zip(tmp_path / "a.zip", {"good.md": GOOD} | {f"{n}.md": "" for n in range(50_000)})
    assert "more than 50,000 files" in _sorted(many)[1][0]
    page = os.urandom(10_000) * 500
    large = tmp_path / "b.zip"
    with zipfile.ZipFile(large, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", page)
        for number in range(101):
            info = zipfile.ZipInfo(f"{number}.csv")
            archive.filelist.append(archive.getinfo("a.csv"))
            archive.filelist[-1] = _same_place(info, archive.getinfo("a.csv"))
    assert "unpacks to more than 500 MB" in _sorted(large)[1][0]


def _same_place(info: zipfile.ZipInfo, other: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """An entry that shares the bytes of another, as in a bomb of overlapping files."""
    for name in ("header_offset", "CRC", "compress_size", "file_size"):
        setattr(info, name, getattr(other, name))
    return info


def test_a_file_larger_than_its_archive_says_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", {"a.md": GOOD * 1000})
    data = path.read_bytes()
    size = len(GOOD * 1000).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (20).to_bytes(4, "little")))
    articles, problems = _sorted(path)
    assert articles == []
    assert "a.md: The file cannot be unpacked" in problems[0]


def test_names_that_lead_outside_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = _zip(
        tmp_path / "a.zip",
        {"../up.md": GOOD, "/etc/abs.md": GOOD, "a\\..\\..\\w.md": GOOD, "C:/x.md": GOOD, "good.md": GOOD},
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    articles, problems = _sorted(path)
    assert articles == ["good"]
    assert [problem.partition(": ")[0] for problem in problems] == [
        "../up.md", "/etc/abs.md", "C:/x.md", "a\\..\\..\\w.md", "link.md",
    ]  # fmt: skip


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "b.md").write_text(GOOD)
    source = tmp_path / "source"
    source.mkdir()
    (source / "good.md").write_text(GOOD)
    (source / "a.md").symlink_to(tmp_path / "secret" / "b.md")
    (source / "folder").symlink_to(tmp_path / "secret")
    (source / "loop").symlink_to(source)
    (source / ".git").mkdir()
    (source / ".git" / "x.md").write_text(GOOD)
    os.mkfifo(source / "pipe.md")
    articles, problems = _sorted(source)
    assert articles == ["good"]
    assert sorted(problem.partition(":")[0] for problem in problems) == ["a.md", "folder", "loop"]


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.csv", "a.xlsx", "a.json", "a.jsonl", "a.xml"])
def test_a_file_of_200_mb_is_not_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(200_000_000)
    articles, problems = _sorted(tmp_path / name)
    assert articles == []
    assert problems[0].startswith(f"{name}: The file has 200 MB; at most 10")


@pytest.mark.parametrize("name", ["a.md", "a.html", "a.csv", "a.xlsx", "a.json", "a.jsonl", "a.xml", "a.zip"])
@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 1000, bytes(range(256)) * 50, b"\xff\xfe\x00", b"PK\x03\x04rest", b"<" * 1000, b'"' * 999],
    ids=["empty", "zeros", "noise", "half a mark", "no archive", "brackets", "quotes"],
)
def test_what_is_no_such_file_is_said_to_be_none(tmp_path: Path, name: str, data: bytes) -> None:
    source = tmp_path / name
    source.write_bytes(data)
    articles = [each for each in read(source) if isinstance(each, Imported) and each.title and each.body]
    assert articles == []


@pytest.mark.parametrize("name", ["a.md", "a.csv", "a.jsonl", "a.json", "a.html"])
@pytest.mark.parametrize("bad", [b"\x00\x81\x8d\x8f\xff\xfe\x9d", "L'été, à midi, là-bas\0".encode("cp1252")])
def test_bytes_of_no_encoding_are_refused_with_their_line(tmp_path: Path, name: str, bad: bytes) -> None:
    (tmp_path / name).write_bytes(b"un\ndeux\n" + bad + b"\n")
    assert _sorted(tmp_path / name) == ([], [f"{name}:3: This is not UTF-8 text. Save it as UTF-8."])


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;">]>',
        '<!DOCTYPE a [<!ENTITY z SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_entities_of_xml_are_not_expanded(tmp_path: Path, doctype: str) -> None:
    body = '<a><object class="Page"><id>1</id><property name="title">&z;</property></object></a>'
    articles, problems = _sorted(_zip(tmp_path / "s.zip", {"entities.xml": doctype + body}))
    assert articles == []
    assert "entities of its own" in problems[0]


@pytest.mark.parametrize("text", ["<a>" * 2_000_000, "<a><b>" + "<c/>" * 2_000_000])
def test_xml_made_to_fill_the_memory_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "entities.xml").write_text(text)
    assert "larger than any that Confluence writes" in _sorted(tmp_path / "entities.xml")[1][0]


def test_broken_xml_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "entities.xml").write_text("<a>\n<b>\n</a>")
    assert "entities.xml:3: This is not valid XML" in _sorted(tmp_path / "entities.xml")[1][0]


@pytest.mark.parametrize(
    "head",
    [
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        "a: " + "[" * 5000,
        "a: " + "[" * 15 + "]" * 15,
        "- a",
        "title: [",
        "x" * 30_000,
        "a: b\x07",
        "? [a]\n: b",
    ],
)
def test_a_head_that_is_none_is_refused(tmp_path: Path, head: str) -> None:
    (tmp_path / "a.md").write_text(f"---\n{head}\n---\n{GOOD}")
    articles, problems = _sorted(tmp_path / "a.md")
    assert articles == []
    assert "The head is not YAML that is read here" in problems[0]


def test_a_head_makes_no_objects(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: !!python/object/apply:os.getcwd []\n---\nx")
    assert [each.title for each in read(tmp_path / "a.md") if isinstance(each, Imported)] == [""]


def test_a_row_that_breaks_off_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('title,text\nun,deux\ntrois,"quatre"x\ncinq,six\n')
    articles, problems = _sorted(tmp_path / "a.csv")
    assert articles == ["un"]
    assert "a.csv:3: The row cannot be read" in problems[0]


def test_a_sheet_that_lies_about_its_size_is_read_to_its_end(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["title", "text"])
    sheet.append(["un", "deux"])
    whole = io.BytesIO()
    workbook.save(whole)
    with zipfile.ZipFile(whole) as old:
        members: dict[str, str | bytes] = {name: old.read(name) for name in old.namelist()}
    xml = members["xl/worksheets/sheet1.xml"]
    assert isinstance(xml, bytes)
    far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = xml.replace(b"A1:B2", b"A1:XFD1048576").replace(
        b"</sheetData>", far
    )
    assert _sorted(_zip(tmp_path / "a.xlsx", members))[0] == ["un"]
    members["xl/worksheets/sheet1.xml"] = xml.replace(b"A1:B2", b"A1:A1")
    assert _sorted(_zip(tmp_path / "c.xlsx", members))[0] == ["un"]
    members["xl/sharedStrings.xml"] = b" " * 10_000_000
    assert "like a bomb" in _sorted(_zip(tmp_path / "b.xlsx", members))[1][0]


def test_json_made_to_break_readers(tmp_path: Path) -> None:
    for number, text in enumerate(
        ["[" * 200_000, '{"articles": ' + "9" * 9999 + "}", "[]", '{"articles": 3}']
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(text)
        articles, problems = _sorted(path)
        assert articles == []
        assert len(problems) == 1


def test_one_bad_page_does_not_take_the_others_along(tmp_path: Path) -> None:
    deep = json.dumps(
        {"articles": [{"id": 1, "title": "x", "body": "<i>" * 900}, {"id": 2, "title": "y", "body": "z"}]}
    )
    (tmp_path / "a.json").write_text(deep)
    (tmp_path / "b.html").write_text("<div>" * 900 + "x")
    (tmp_path / "c.md").write_text(GOOD)
    articles, problems = _sorted(tmp_path)
    assert articles == ["2", "c"]
    assert len(problems) == 2


def test_a_file_in_which_everything_is_wrong_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"articles": [' + "{}, " * 5000 + "{}]}")
    problems = _sorted(tmp_path / "a.json")[1]
    assert len(problems) == 1001
    assert "1000 things are wrong in it; the rest was not read" in problems[-1]


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    assert "no file of a known kind" in _sorted(tmp_path)[1][0]
    (tmp_path / "a.docx").write_bytes(b"x")
    assert ".docx is not known" in _sorted(tmp_path / "a.docx")[1][0]
    assert "cannot be read" in _sorted(tmp_path / "missing.md")[1][0]
