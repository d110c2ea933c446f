"""Control characters and other code points that a text must not carry further."""

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's categories Cc, but for tab and line feed, and Cs (lone surrogates)."""


def strip_controls(text: str) -> str:
    """Without control characters and lone surrogates, which platforms refuse; line ends as line feeds."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def storable(text: str) -> str:
    """Without what no database stores as text: NUL is left out, a lone surrogate becomes "?"."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
