"""relais chat: the same bot in the terminal."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from bot.commands.staging import stage
from bot.commands.terminal import Workspace, err, out
from bot.domain.errors import ConfigurationError
from bot.quality.rehearsal import Rehearsal, StepResult
from config.settings import Settings, load_settings


def chat(
    workspace: Workspace = None,
    desk: Annotated[str | None, typer.Option(help="Which desk; the first one when left out.")] = None,
    lang: Annotated[
        str | None, typer.Option(help="A language of the desk; its first one when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a turn on standard output.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Say why after each answer.")] = False,
) -> None:
    """Talks with the bot here, in a private store that is gone afterwards.

    Reads a script from standard input when that is no terminal: one line of the person each.
    """
    asyncio.run(_chat(load_settings(workspace=workspace), desk, lang, as_json=as_json, why=why))


async def _chat(settings: Settings, desk: str | None, lang: str | None, *, as_json: bool, why: bool) -> None:
    async with stage(settings) as played:
        desks = played.runtime.library.desks
        chosen = desk or next(iter(desks))
        if chosen not in desks:
            raise ConfigurationError("--desk", f"there is no desk {chosen!r}; there are {', '.join(desks)}.")
        language = lang or desks[chosen].languages[0]
        if language not in desks[chosen].languages:
            raise ConfigurationError("--lang", f"must be one of {', '.join(desks[chosen].languages)}.")
        rehearsal = played.rehearse(desk=chosen, language=language)
        if as_json or not sys.stdin.isatty():
            await _script(rehearsal, as_json=as_json, why=why)
        else:
            err.print(f"[dim]{desks[chosen].name[language]} · Ctrl+D[/dim]")
            await _dialogue(rehearsal, why=why)


async def _script(rehearsal: Rehearsal, *, as_json: bool, why: bool) -> None:
    for line in sys.stdin:
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        heard = await rehearsal.say(text)
        if as_json:
            print(json.dumps(_as_object(text, heard), ensure_ascii=False), flush=True)
        else:
            out.print(f"[bold]> [/bold]{escape(text)}", highlight=False)
            _show(heard, why=why)


async def _dialogue(rehearsal: Rehearsal, *, why: bool) -> None:
    while True:
        try:
            text = await asyncio.to_thread(input, "> ")
        except EOFError:
            return
        if text.strip():
            _show(await rehearsal.say(text), why=why)


def _show(heard: StepResult, *, why: bool) -> None:
    from bot.channels.terminal.render import render_reply, render_why

    language = heard.conversation.language
    for message in heard.sent:
        render_reply(out, message.reply, language)
    if why:
        render_why(out, heard.why, language)


def _as_object(user: str, heard: StepResult) -> dict[str, Any]:
    return {
        "user": user,
        "replies": [
            {
                "text": "\n\n".join(part for part in (message.reply.title, message.reply.text) if part),
                "buttons": [button.label for button in message.reply.buttons],
            }
            for message in heard.sent
        ],
        "decision": heard.decision,
        "owner": heard.conversation.owner.value,
        "why": heard.why,
    }
