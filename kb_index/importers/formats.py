"""The formats that can be imported, by the suffix of a file: the one place where a format registers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ImporterFormat:
    """How files of a kind are read.

    Args:
        module: in this package; its `read` knows the format, and is imported when such a file comes.
        is_page: one article a file, so that a smaller limit holds; else a table or an export of many.
        is_text: `read` is given text, else bytes.
    """

    module: str
    is_page: bool = False
    is_text: bool = True


_MARKDOWN = ImporterFormat(module="front_matter", is_page=True)
_HTML = ImporterFormat(module="html_page", is_page=True)

FORMATS: Mapping[str, ImporterFormat] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".csv": ImporterFormat(module="csv_file"),
    ".jsonl": ImporterFormat(module="json_lines"),
    ".json": ImporterFormat(module="zendesk"),
    ".xlsx": ImporterFormat(module="xlsx", is_text=False),
    ".xml": ImporterFormat(module="confluence", is_text=False),
}
