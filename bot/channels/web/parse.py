"""Parses a post of the page, by script (JSON, or a form with files) or without (a plain form)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.http.shared.bodies import BodyTooLargeError, read_body, stream_body
from bot.text.control import strip_controls

MAX_CHARS = 4000
"""Of one message."""
MAX_FILE_BYTES = 10_000_000
"""Of all files of one message together."""
MAX_FILES = 5
MAX_BODY_BYTES = 64_000
"""Of a post without files: 4000 characters, escaped as wastefully as JSON and forms allow, fit."""
_MAX_NAME_CHARS = 100

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PRESS = re.compile(r"([0-9]{1,18}):([\x21-\x7e]{1,64})")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}")
_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Marks that change how a name looks: "photo\u202egpj.exe" reads "photoexe.jpg"."""


class PostError(Exception):
    """A post that cannot be taken.

    Args:
        code: stable; the page's words for it are "web.error.<code>".
        status: of the answer.
        draft: what was written, to be shown again.
        values: for the words.
    """

    def __init__(self, code: str, status: int, *, draft: str = "", **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.draft = draft
        self.values = values


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """What was sent along.

    Args:
        name: without any folder part, safe to show.
        media_type: as the browser says; not to be trusted.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Post:
    """What the visitor did.

    Args:
        key: the page's own, new for each thing done; the same again is a repeat.
        text: what was written.
        press: the entry and the value of a button.
        command: one of `bot.domain.messages.Command`.
    """

    key: str
    text: str = ""
    press: tuple[int, str] | None = None
    command: str | None = None
    files: tuple[UploadedFile, ...] = ()


async def read_post(request: Request) -> Post:
    """Reads a post.

    Raises:
        PostError: too large, malformed, empty or too long.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    files: tuple[UploadedFile, ...] = ()
    try:
        if kind == "multipart/form-data":
            fields, files = await _multipart(request)
        elif kind == "application/json":
            fields = _json(await read_body(request, MAX_BODY_BYTES))
        elif kind == "application/x-www-form-urlencoded":
            fields = _urlencoded(await read_body(request, MAX_BODY_BYTES))
        else:
            raise PostError("unknown_format", 415)
    except BodyTooLargeError as exc:
        code = "files_too_large" if kind == "multipart/form-data" else "too_large"
        raise PostError(code, 413, max=MAX_FILE_BYTES // 1_000_000) from exc
    return _post(fields, files)


def file_name(name: str | None, fallback: str = "fichier") -> str:
    """The last part of a path of any system, without what hides or breaks; at most 100 characters."""
    shown = (
        _UNSEEN.sub("", strip_controls(name or "")).replace("\n", " ").replace("\t", " ").replace("\\", "/")
    )
    shown = PurePosixPath(shown).name.strip().strip(".").strip()
    if len(shown) > _MAX_NAME_CHARS:
        suffix = PurePosixPath(shown).suffix[:12]
        shown = shown[: _MAX_NAME_CHARS - len(suffix)].rstrip() + suffix
    return shown or fallback


def _post(fields: Mapping[str, str], files: tuple[UploadedFile, ...]) -> Post:
    key = fields.get("key", "")
    if not _KEY.fullmatch(key):
        raise PostError("malformed", 400)
    press = command = None
    if fields.get("press"):
        match = _PRESS.fullmatch(fields["press"])
        if match is None:
            raise PostError("malformed", 400)
        press = int(match[1]), match[2]
    elif fields.get("command"):
        command = fields["command"]
    text = strip_controls(fields.get("text", "")).strip()
    if len(text) > MAX_CHARS:
        raise PostError("too_long", 422, draft=text, max=MAX_CHARS, over=len(text) - MAX_CHARS)
    if not (text or press or command or files):
        raise PostError("empty", 422)
    return Post(key=key, text=text, press=press, command=command, files=files)


def _json(body: bytes) -> Mapping[str, str]:
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise PostError("malformed", 400) from exc
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise PostError("malformed", 400)
    return data


def _urlencoded(body: bytes) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=20, errors="strict"))
    except ValueError as exc:
        raise PostError("malformed", 400) from exc


async def _multipart(request: Request) -> tuple[Mapping[str, str], tuple[UploadedFile, ...]]:
    parser = MultiPartParser(
        request.headers,
        stream_body(request, MAX_FILE_BYTES + MAX_BODY_BYTES),
        max_files=MAX_FILES,
        max_fields=20,
        max_part_size=MAX_BODY_BYTES,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError) as exc:
        too_many = "Too many files" in str(exc)
        raise PostError("too_many_files" if too_many else "malformed", 400, max=MAX_FILES) from exc
    try:
        fields: dict[str, str] = {}
        files: list[UploadedFile] = []
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields[name] = value
            elif value.filename or value.size:  # a browser sends an empty part for an empty field
                files.append(await _file(value))
    finally:
        await form.close()
    return fields, tuple(files)


async def _file(upload: UploadFile) -> UploadedFile:
    content = await upload.read()
    media_type = (upload.content_type or "").partition(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    if not content:
        raise PostError("empty_file", 422)
    return UploadedFile(name=file_name(upload.filename), media_type=media_type, content=content)
