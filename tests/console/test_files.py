"""Attachments: saved, never run."""

import pytest

from handoff.console.agents.files import image_type
from tests.console.world import World

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
PAGE = b"<html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("name", "declared", "content", "served"),
    [
        ("photo.png", "image/png", PNG, "image/png"),
        ("facture.pdf", "application/pdf", b"%PDF-1.4", "application/octet-stream"),
        ("page.html", "text/html", PAGE, "application/octet-stream"),
        ("menteur.png", "image/png", PAGE, "application/octet-stream"),
        ("dessin.svg", "image/svg+xml", b"<svg onload=alert(1)>", "application/octet-stream"),
    ],
)
def test_a_file_is_downloaded_and_named(
    world: World, name: str, declared: str, content: bytes, served: str
) -> None:
    world.handed_over(files=[(name, declared, content)])
    response = world.visitor(world.agent("Camille Roux")).open("/files/1")
    assert response.content == content
    assert response.headers["content-type"].split(";")[0] == served
    assert response.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("sandbox")


def test_a_name_cannot_break_out_of_its_header(world: World) -> None:
    world.handed_over(files=[('é"; x=\r\nSet-Cookie: a=b.txt', "text/plain", b"x")])
    response = world.visitor(world.agent("Camille Roux")).open("/files/1")
    assert "set-cookie" not in response.headers
    assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%C3%A9%22%3B%20x")


def test_only_pictures_are_previewed(world: World) -> None:
    handed = world.handed_over(
        files=[
            ("photo.png", "image/png", PNG),
            ("dessin.svg", "image/svg+xml", b"<svg>"),
            ("a.pdf", "x/y", b"1"),
        ]
    )
    page = world.visitor(world.agent("Camille Roux")).open(f"/cases/{handed.case_id}").text
    assert page.count("<img ") == 1
    assert '<img src="/console/files/1"' in page
    assert "dessin.svg" in page


def test_pictures_are_known_by_their_first_bytes() -> None:
    assert image_type(PNG) == "image/png"
    assert image_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert image_type(b"GIF89a..") == "image/gif"
    assert image_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert image_type(b"RIFF\0\0\0\0WAVEfmt ") is None
    assert image_type(b"") is None
