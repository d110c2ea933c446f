"""HTML pages, one article each: the part of the page that is about something."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from bs4 import BeautifulSoup, Tag

from kb_index.importers import confluence
from kb_index.importers.markup import from_soup, soup_of
from kb_index.importers.records import Imported, Problem

_AROUND = ["nav", "header", "footer", "aside"]
_MAIN = ("main", "[role=main]", "article")


def read(name: str, text: str) -> Iterator[Imported | Problem]:
    """One article, or the page of a Confluence space that was exported as HTML."""
    soup = soup_of(text)
    if confluence.is_exported(soup):
        yield from confluence.read_page(name, soup)
        return
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    content = _content(soup)
    heading = content.find("h1")
    if heading is not None and heading.get_text(strip=True):
        title = heading.get_text(" ", strip=True)
        heading.decompose()
    language = soup.html.get("lang") if soup.html else None
    canonical = soup.find("link", rel="canonical")
    address = canonical.get("href") if canonical else None
    yield Imported(
        id=re.sub(r"\.x?html?$", "", str(PurePosixPath(name)), flags=re.IGNORECASE),
        title=title,
        body=from_soup(content, base_url=address if isinstance(address, str) else ""),
        language=language if isinstance(language, str) and language else None,
        path=name,
    )


def _content(soup: BeautifulSoup) -> Tag:
    for selector in _MAIN:
        found = soup.select(selector)
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    body = soup.body or soup
    heading = body.find("h1")
    for tag in body.find_all(_AROUND):
        # Some pages have their title in their header.
        if heading is None or tag not in heading.parents:
            tag.decompose()
    return body
