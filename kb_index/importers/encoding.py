"""Bytes to text: Unicode by its marks, then UTF-8, then an older encoding when it is plain which."""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLDER = ["cp1252", "cp850", "mac_roman"]
"""What French and English files of before UTF-8 are written in."""
_SAMPLE_BYTES = 200_000


class EncodingUnknownError(ValueError):
    """Not text in an encoding that is recognised.

    Args:
        line: of the first byte that does not fit, 1-based.
    """

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def decode(data: bytes) -> tuple[str, str | None]:
    """The text, and the encoding when it had to be guessed.

    Raises:
        EncodingUnknownError: what was tried does not fit, or it is no text at all.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), None
            except UnicodeDecodeError as exc:
                raise EncodingUnknownError(_line(data, exc.start)) from exc
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        return _guessed(data, exc.start)
    if "\0" in text:
        raise EncodingUnknownError(_line(data, data.index(b"\0")))
    return text, None


def _guessed(data: bytes, start: int) -> tuple[str, str]:
    """Judged by what stands around the first byte that is not UTF-8."""
    line = _line(data, start)
    begin = max(0, start - _SAMPLE_BYTES // 2)
    # Imported where used: it belongs to the extra `imports`.
    from charset_normalizer import from_bytes

    best = from_bytes(data[begin : begin + _SAMPLE_BYTES], cp_isolation=_OLDER).best()
    try:
        if best is not None:
            return data.decode(best.encoding), best.encoding
    except UnicodeDecodeError:
        pass
    raise EncodingUnknownError(line)


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
