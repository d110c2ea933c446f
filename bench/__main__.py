"""Measures everything in one run: `scripts/bench`."""

import contextlib
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import limits, pipeline, search, serving
from bench.figures import Figures
from bot.content.files import read_folder
from bot.content.knowledge import build_in_child, open_encoder, open_knowledge
from bot.content.workspace import parse
from config.settings import DEMO_WORKSPACE, Settings
from tests.support.postgres import postgres
from tests.support.served import free_port


def main() -> None:
    """Prints one table."""
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="relais-bench-") as folder, postgres() as server:
        data_dir = Path(folder)
        settings = Settings(workspace=DEMO_WORKSPACE, data_dir=data_dir)
        files = read_folder(settings.workspace)
        build_in_child(files, data_dir, settings.encoder)
        content = parse(files)
        asked = [text for d in content.documents if (d.desk, d.kind) == ("it", "article") for text in d.ask]
        questions = list(itertools.islice(pipeline.distinct_questions(asked), 6000))

        figures.heading("This machine's own limits")
        limits.disk(figures)
        limits.postgres(figures, server.create("limits"))
        uvloop.run(limits.echo(figures))

        encoder = open_encoder(settings.encoder, data_dir)
        search.measure(
            figures, encoder, open_knowledge(content, data_dir, model_id=encoder.model_id), questions
        )
        uvloop.run(pipeline.measure(figures, pipeline.fresh(settings, data_dir), "SQLite", questions))
        on_postgres = pipeline.fresh(settings, data_dir, server.create("pipeline"))
        uvloop.run(pipeline.measure(figures, on_postgres, "PostgreSQL, one process", questions))
        with _telegram(data_dir) as address:
            uvloop.run(serving.measure(figures, data_dir, address, free_port()))
    figures.show()


@contextlib.contextmanager
def _telegram(folder: Path) -> Iterator[str]:
    """A Telegram of our own, in a process of its own."""
    command = [sys.executable, "-m", "tests.channels.telegram.server", "--record", str(folder / "sent.jsonl")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=10)


if __name__ == "__main__":
    main()
