"""Exports of a Confluence space: HTML pages, and `entities.xml`."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from bs4 import BeautifulSoup
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kb_index.importers.markup import from_html, from_soup
from kb_index.importers.records import Imported, MarkupError, Problem

SYSTEM = "confluence"
_PAGE_ID = re.compile(r"(?:^|_)(\d+)$")
_MAX_DEPTH = 50
_MAX_ELEMENTS = 200_000
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def is_exported(soup: BeautifulSoup) -> bool:
    """Whether a page is part of a space exported as HTML."""
    return soup.find(id="main-content") is not None and soup.find(id="title-text") is not None


def read_page(name: str, soup: BeautifulSoup) -> Iterator[Imported | Problem]:
    """One page of such an export. Its title is written "Space : Title"."""
    content = soup.select_one("#main-content.wiki-content")
    if content is None:
        yield Problem(path=name, problem="This is the index of the space.", fault=False)
        return
    title = soup.select_one("#title-text")
    space = soup.select_one("#breadcrumbs li.first")
    text = title.get_text(" ", strip=True) if title else ""
    prefix = f"{space.get_text(' ', strip=True)} : " if space else ""
    stem = PurePosixPath(name).stem
    page_id = _PAGE_ID.search(stem)
    yield Imported(
        id=page_id[1] if page_id else stem,
        title=text.removeprefix(prefix),
        body=from_soup(content),
        path=name,
        system=SYSTEM if page_id else "",
    )


def read(name: str, data: bytes) -> Iterator[Imported | Problem]:
    """The current pages of a space out of its `entities.xml`."""
    space = _Space()
    try:
        for element in _objects(data):
            space.add(element)
    except ParseError as exc:
        yield Problem(path=name, line=exc.position[0], problem=f"This is not valid XML: {exc}.")
        return
    except DefusedXmlException as exc:
        yield Problem(
            path=name,
            problem="The XML defines entities of its own, which is how XML bombs are made.",
            remedy=f"Export the space again ({type(exc).__name__}).",
        )
        return
    except (LookupError, ValueError) as exc:
        yield Problem(path=name, problem=f"The XML cannot be read: {exc}.")
        return
    if not space.pages:
        yield Problem(path=name, problem="There is no page of Confluence in it.")
    for page_id in space.pages:
        try:
            yield space.article(page_id, name)
        except MarkupError as exc:
            yield Problem(path=name, problem=f"Page {page_id}: {exc.problem}")


def _objects(data: bytes) -> Iterator[Element]:
    """The elements below the root, each forgotten before the next is read.

    Raises:
        ValueError: one is larger or deeper than any that Confluence writes.
    """
    path: list[Element] = []
    count = 0
    for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            path.append(element)
            count += 1
            if len(path) > _MAX_DEPTH or count > _MAX_ELEMENTS:
                raise ValueError("an object is larger than any that Confluence writes")
            continue
        path.pop()
        if len(path) == 1:
            yield element
            path[0].clear()
            count = 1


@dataclass
class _Space:
    """Objects of an export as they come: pages, their bodies and labels are apart."""

    pages: dict[str, str] = field(default_factory=dict)
    """Title by id."""
    bodies: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    labelled: dict[str, list[str]] = field(default_factory=dict)

    def add(self, element: Element) -> None:
        id_element = element.find("id")
        own = (id_element.text or "").strip() if id_element is not None else ""
        texts, references = _properties(element)
        match element.get("class"):
            case "Page" | "BlogPost":
                current = texts.get("contentStatus", "current") == "current"
                if current and not references.get("originalVersion") and not texts.get("originalVersion"):
                    self.pages[own] = texts.get("title", "")
            case "BodyContent":
                self.bodies[references.get("content", "")] = texts.get("body", "")
            case "Label":
                self.labels[own] = texts.get("name", "")
            case "Labelling":
                self.labelled.setdefault(references.get("content", ""), []).append(
                    references.get("label", "")
                )

    def article(self, page_id: str, path: str) -> Imported:
        names = [self.labels.get(label, "") for label in self.labelled.get(page_id, ())]
        # Confluence puts a blank into the end of an inner CDATA section, lest it end the outer one.
        body = self.bodies.get(page_id, "").replace("]] >", "]]>")
        return Imported(
            id=page_id,
            title=self.pages[page_id],
            body=from_html(_escape_cdata(body)),
            tags=tuple(dict.fromkeys(name for name in names if name)),
            path=f"{path} (page {page_id})",
            system=SYSTEM,
        )


def _escape_cdata(body: str) -> str:
    """CDATA sections, which HTML does not have, as escaped text; in time linear in the body."""
    # After the last end no section can close: without the cut, each beginning there would be sought an end.
    closed, end, rest = body.rpartition("]]>")
    return _CDATA.sub(lambda match: html.escape(match[1]), closed + end) + rest


def _properties(element: Element) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Of an object: its texts by name, and the ids of the objects that it refers to."""
    texts: dict[str, str] = {}
    references: dict[str, str] = {}
    for each in element.iterfind("property"):
        target = each.find("id")
        if target is None:
            texts[each.get("name", "")] = (each.text or "").strip()
        else:
            references[each.get("name", "")] = (target.text or "").strip()
    return texts, references
