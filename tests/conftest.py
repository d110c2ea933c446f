"""Fixtures for all tests; skipped tests fail the run where FORBID_SKIPS is set."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.content.knowledge import build_in_child
from bot.content.workspace import read_folder
from config.settings import DEMO_WORKSPACE, Settings
from nlu.encoders.encoder import DEFAULT_MODEL, Encoder, export, serving_encoder
from tests.support.models import share_models
from tests.support.postgres import PostgresServer, postgres

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the run."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'relais.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create(f"test_{abs(hash((request.node.nodeid, os.getpid()))):x}")


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the models are exported and the demo's index is built, once for the run."""
    return tmp_path_factory.mktemp("index")


@pytest.fixture(scope="session")
def models(index_dir: Path) -> Path:
    """The folder of the exported models: those of the default encoder."""
    folder = index_dir / "models"
    export(DEFAULT_MODEL, folder)
    return folder


@pytest.fixture(scope="session")
def encoder(models: Path) -> Encoder:
    """The one that serves."""
    return serving_encoder(models=models)


@pytest.fixture(scope="session")
def demo(index_dir: Path) -> Settings:
    """The demo workspace, with a data folder of its own."""
    return Settings(workspace=DEMO_WORKSPACE, data_dir=index_dir)


@pytest.fixture(scope="session")
def built_demo(demo: Settings, models: Path) -> Settings:
    """The demo with its index built, beside the models."""
    assert models.parent == demo.data_dir
    build_in_child(read_folder(demo.workspace), demo.data_dir)
    return demo


@pytest.fixture
def data_dir(built_demo: Settings, models: Path, tmp_path: Path) -> Path:
    """A fresh data folder that has the demo's index already, as on a second start."""
    folder = tmp_path / "data"
    shutil.copytree(built_demo.data_dir / "index", folder / "index")
    share_models(models, folder)
    return folder


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Chromium, where there is one."""
    if BROWSER is None:
        pytest.skip("Chromium is not installed")
    return BROWSER


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped, a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FORBID_SKIPS") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
