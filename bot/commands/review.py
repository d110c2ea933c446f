"""relais kb review: articles that say the same, and facts that do not agree."""

import json
from collections import Counter
from functools import partial
from typing import Annotated

import typer

from bot.commands.stored import open_built
from bot.commands.terminal import Workspace, next_step, out, progress
from bot.content.files import read_folder
from bot.content.versions import path_in
from bot.content.workspace import parse
from config.settings import load_settings
from kb_index.articles.documents import Document
from kb_index.review.findings import Finding, FindingKind
from kb_index.review.findings import review as look_through

_HEADINGS = {
    FindingKind.SAME_ASK: "One way of asking, listed by several",
    FindingKind.ASK_ELSEWHERE: "Ways of asking for which the search gives something else",
    FindingKind.DUPLICATE: "Articles that say nearly the same",
    FindingKind.CONTRADICTION: "Facts that do not agree",
    FindingKind.TRANSLATION: "Languages of an article that differ",
}


def review(
    workspace: Workspace = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Lists articles that say the same, and facts on which they do not agree: hints to be looked at."""
    settings = load_settings(workspace=workspace)
    files = read_folder(settings.workspace)
    content = parse(files)
    encoder, searcher = open_built(settings, content)
    with progress("Searching") as show:
        found = look_through(
            content.documents, searcher, encoder.encode, on_progress=partial(show, "Searching")
        )
    path = partial(_path, files)
    if as_json:
        findings = [
            {"kind": each.kind, "files": [path(d) for d in each.documents], "details": list(each.details)}
            for each in found
        ]
        print(json.dumps({"findings": findings}, ensure_ascii=False, indent=2))
        return
    for kind, heading in _HEADINGS.items():
        of_kind = [finding for finding in found if finding.kind is kind]
        if of_kind:
            _say(f"\n{heading}", style="bold")
        for finding in of_kind:
            _show(finding, [path(document) for document in finding.documents])
    counts = Counter(finding.kind for finding in found)
    total = ", ".join(f"{count} {kind.value.replace('_', ' ')}" for kind, count in counts.items())
    _say(f"\nFound: {total}." if found else "Nothing found.")
    if found:
        next_step("relais check, once they are looked at")


def _show(finding: Finding, paths: list[str]) -> None:
    if finding.kind is FindingKind.DUPLICATE:
        _say(f"  {paths[0]} and {paths[1]}: {finding.details[0]}")
        return
    for path, detail in zip(paths, finding.details, strict=True):
        _say(f"  {path}: {detail}")
    _say()


def _path(files: dict[str, str], document: Document) -> str:
    if document.kind == "flow":
        return f"flows/{document.desk}/{document.id}.yml"
    found = path_in(files, document.desk, document.id, document.language)
    return found or f"{document.id}.{document.language}"


def _say(text: str = "", *, style: str | None = None) -> None:
    """A line with words of others in it: nothing of them is markup."""
    out.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
