"""relais serve, worker: the long-running processes."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.channels.registry import PLATFORMS
from bot.commands.terminal import Workspace, err
from bot.content.knowledge import open_encoder
from bot.domain.errors import ConfigurationError
from bot.telemetry.logs import set_up_logging
from config.settings import Settings, load_settings
from nlu.encoders.encoder import Encoder

if TYPE_CHECKING:
    from bot.app import Runtime


def serve(
    workspace: Workspace = None,
    host: Annotated[str | None, typer.Option(help="Address to bind to.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the web server.", show_default="8080")] = None,
) -> None:
    """Serves the web chat, the console, Slack and Telegram; with SQLite, all in this process."""
    settings = load_settings(workspace=workspace, host=host, port=port)
    set_up_logging(settings.log_level)
    with _opening(settings) as encoder:
        from bot.commands.web_server import Server

        server = Server(settings, encoder.result())
    server.run(lambda: _say_where(settings, server.runtime))


def worker() -> None:
    """Handles and sends messages beside other processes; needs PostgreSQL."""
    settings = load_settings()
    set_up_logging(settings.log_level)
    with _opening(settings) as encoder:
        from bot.app import Runtime, configured_channels
        from bot.commands.web_chats import add_web_chats
        from bot.storage.postgres_store import PostgresStore

        runtime = Runtime(settings, configured_channels(settings), encoder=encoder.result())
    if not isinstance(runtime.store, PostgresStore):
        runtime.store.close()
        raise ConfigurationError(
            "RELAIS_DATABASE_URL",
            "a worker needs PostgreSQL (postgresql+psycopg://...); with SQLite, `relais serve` does all.",
        )
    add_web_chats(runtime)
    if sys.platform == "win32":
        asyncio.run(_work(runtime))
    else:
        import uvloop  # the loop that `relais serve` runs on

        uvloop.run(_work(runtime))


@contextmanager
def _opening(settings: Settings) -> Iterator[Future[Encoder]]:
    """The encoder, opened in a thread: its models load while the rest of the product is imported."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool.submit(open_encoder, settings.encoder, settings.data_dir)


async def _work(runtime: "Runtime") -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    async with runtime.running(listens=False):
        err.print(f"Worker {runtime.holder} is ready. Ctrl+C stops it.", highlight=False)
        await stop.wait()


def _say_where(settings: Settings, runtime: "Runtime") -> None:
    base = f"http://{settings.host}:{settings.port}"
    err.print(
        f"\n[bold]{runtime.library.content.name}[/bold] is served on [bold]{base}[/bold]", highlight=False
    )
    for desk in runtime.library.desks.values():
        err.print(f"  {base}/chat/{desk.id:<8} {desk.name[desk.languages[0]]}", highlight=False)
    err.print(f"  {base}/console       agents", highlight=False)
    if settings.is_demo:
        from bot.commands.web_server import demo_agent

        demo = demo_agent()
        err.print(f"  demo login: {demo.email} / {demo.password}", highlight=False)
    for platform in PLATFORMS:
        if platform.kind not in settings.channels:
            err.print(f"  {platform.label}: not configured", highlight=False)
    err.print("Ctrl+C stops it.\n")
