"""relais kb gaps: what people asked and got no answer to."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.stored import open_built, read_stored
from bot.commands.terminal import Workspace, err, next_step, out
from bot.content.files import read_folder
from bot.content.imports import slug
from bot.content.workspace import Content, parse
from bot.dialogs.state.topic import Topic
from bot.domain.errors import ConfigurationError
from bot.pipeline.clock import SystemClock
from bot.quality.gaps import Gap, Gaps, Remedy, draft, find_gaps, lost_questions
from config.settings import load_settings

_SHOWN = 4
"""Questions of each gap."""
_ONCE_SHOWN = 20
"""Of the questions that nobody else asked."""


def gaps(
    workspace: Workspace = None,
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 90,
    write: Annotated[
        Path | None, typer.Option(help="Folder for drafts of new articles; outside the workspace.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object, with every question.")] = False,
) -> None:
    """Proposes new articles and ways of asking, from questions that ended with a person or did not help.

    E-mail addresses and long numbers are left out of what people wrote; nothing is sent anywhere.
    """
    settings = load_settings(workspace=workspace)
    if write and write.resolve().is_relative_to(settings.workspace.resolve()):
        raise ConfigurationError("--write", "is inside the workspace. Name a folder outside of it.")
    content = parse(read_folder(settings.workspace))
    since = SystemClock().now() - timedelta(days=days)
    turns = read_stored(
        settings,
        lambda unit: unit.turns.in_trouble(since),
        nothing="nobody has asked anything yet: conversations are stored by `relais serve`.",
    )
    encoder, searcher = open_built(settings, content)
    lost = [
        question
        for question in lost_questions(turns, clarify=searcher.manifest.decision.clarify)
        if question.desk in content.desks
    ]
    found = find_gaps(lost, searcher, encoder.encode)
    if as_json:
        print(json.dumps(_to_json(found, content), ensure_ascii=False, indent=2))
    else:
        _show(found, content, days)
    if write:
        _write_drafts(found.gaps, write)
    elif not as_json and any(True for _ in _drafts(found.gaps)):
        next_step("relais kb gaps --write FOLDER makes drafts of the new articles")


def _show(found: Gaps, content: Content, days: int) -> None:
    shared = [gap for gap in found.gaps if len(gap.conversations) > 1]
    once = [gap for gap in found.gaps if len(gap.conversations) == 1]
    total = sum(gap.count for gap in found.gaps)
    _say(f"{total} questions of the last {days} days got no answer.", style="bold")
    if found.mended:
        _say(f"{found.mended} more did not either, and would be answered by today's knowledge base.")
    for gap in shared:
        _say()
        asked = f"{gap.count} questions in {len(gap.conversations)} conversations"
        _say(f"{gap.desk}: {asked}, {', '.join(gap.languages)}", style="bold")
        for question in gap.questions[:_SHOWN]:
            _say(f"  {question.text}")
        if len(gap.questions) > _SHOWN:
            _say(f"  and {len(gap.questions) - _SHOWN} more", style="dim")
        _say(f"  -> {_proposal(gap, content)}", style="yellow")
        for topic, times in gap.unhelpful.items():
            _say(f"     given in vain: {topic.id}, {times} times", style="dim")
    if once:
        _say()
        _say("In one conversation each", style="bold")
    for gap in once[:_ONCE_SHOWN]:
        _say(f"  {gap.desk}: {gap.questions[0].text}")
        _say(f"     -> {_proposal(gap, content)}", style="dim")
    if len(once) > _ONCE_SHOWN:
        _say(f"  and {len(once) - _ONCE_SHOWN} more; --json lists them all.", style="dim")


def _proposal(gap: Gap, content: Content) -> str:
    nearest = "" if gap.nearest is None else _named(gap.nearest, gap, content)
    if gap.remedy is Remedy.ANSWER:
        return f"a better answer in {nearest}, which was given"
    if gap.remedy is Remedy.ASK:
        return f"new ways of asking for {nearest}, {gap.confidence:.2f}"
    return f"a new article; nearest is {nearest}, {gap.confidence:.2f}" if nearest else "a new article"


def _named(topic: Topic, gap: Gap, content: Content) -> str:
    titles = {
        document.language: document.title
        for document in content.documents
        if (document.kind, document.id, document.desk) == (topic.kind, topic.id, gap.desk)
    }
    title = titles.get(gap.languages[0]) or next(iter(titles.values()), "no longer there")
    return f"{topic.kind} {topic.id} ({title})"


def _to_json(found: Gaps, content: Content) -> dict[str, object]:
    return {
        "questions": sum(gap.count for gap in found.gaps),
        "mended": found.mended,
        "gaps": [
            {
                "desk": gap.desk,
                "languages": list(gap.languages),
                "questions": gap.count,
                "conversations": list(gap.conversations),
                "texts": [each.text for each in gap.questions],
                "proposal": gap.remedy.value,
                "nearest": None if gap.nearest is None else vars(gap.nearest),
                "confidence": round(gap.confidence, 4),
                "unhelpful": [{**vars(topic), "times": times} for topic, times in gap.unhelpful.items()],
            }
            for gap in found.gaps
        ],
    }


def _write_drafts(found: Sequence[Gap], folder: Path) -> None:
    written = kept = 0
    for name, text in _drafts(found):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            written += 1
        except FileExistsError:
            kept += 1
    drafts = "1 draft" if written == 1 else f"{written} drafts"
    there = f", {kept} were there already" if kept else ""
    err.print(f"{drafts} written into {folder}{there}.", markup=False, highlight=False, soft_wrap=True)


def _drafts(found: Sequence[Gap]) -> Iterator[tuple[str, str]]:
    for gap in found:
        if gap.remedy is Remedy.ARTICLE and len(gap.conversations) > 1:
            name = slug(gap.questions[0].text) or "article"
            for language in gap.languages:
                yield f"{gap.desk}/{name}.{language}.md", draft(gap, language)


def _say(text: str = "", *, style: str | None = None) -> None:
    """A line with words of others in it: nothing of them is markup."""
    out.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
