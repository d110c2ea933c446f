"""Fixtures for all tests, and how the run is shared out between processes."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from bot.content.files import read_folder
from bot.content.knowledge import build_in_child
from config.settings import DEMO_WORKSPACE, Settings
from nlu.encoders.encoder import Encoder
from nlu.encoders.serving import export, serving_encoder
from nlu.settings import DEFAULT_MODEL
from tests.support import postgres
from tests.support.databases import postgres_database, sqlite_database
from tests.support.models import share_models
from tests.support.once import made_once
from tests.support.postgres import PostgresServer
from tests.support.selection import LEVELS, level_of
from tests.support.timing import FileTimes

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHARED = "SHARED_TEST_FOLDER"
"""Variable that tells the processes of a run which folder they share."""

# A machine that is busy with something else is no fault of the product.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """What the run makes once, for all its processes: see `tests.support.once`."""
    return Path(os.environ[SHARED])


@pytest.fixture(scope="session")
def postgres_server(shared_folder: Path) -> PostgresServer:
    """One PostgreSQL for the run: no test may stop it."""
    return postgres.shared(made_once(shared_folder / "postgres", postgres.start_shared))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, shared_folder: Path, tmp_path: Path) -> str:
    """An empty database of each kind, with its tables."""
    if request.param == "sqlite":
        return sqlite_database(shared_folder, tmp_path / "relais.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return postgres_database(shared_folder, server, f"test_{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def models(shared_folder: Path) -> Path:
    """The folder of the exported models: those of the default encoder."""
    return made_once(shared_folder / "models", lambda folder: export(DEFAULT_MODEL, folder))


@pytest.fixture(scope="session")
def encoder(models: Path) -> Encoder:
    """The one that serves."""
    return serving_encoder(models=models)


@pytest.fixture(scope="session")
def built_demo(shared_folder: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo workspace with its index built and its models, in a data folder of this process."""

    def build(folder: Path) -> None:
        share_models(models, folder)
        build_in_child(read_folder(DEMO_WORKSPACE), folder)

    built = made_once(shared_folder / "demo", build)
    data_dir = tmp_path_factory.mktemp("demo")
    shutil.copytree(built / "index", data_dir / "index")
    share_models(models, data_dir)
    return Settings(workspace=DEMO_WORKSPACE, data_dir=data_dir)


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


def pytest_configure(config: pytest.Config) -> None:
    """The process that runs the others, or the only one, makes the folder that they share."""
    config.addinivalue_line("markers", "unit: no model, no program beside it")
    config.addinivalue_line("markers", "model: loads a model, or trains one")
    config.addinivalue_line("markers", "e2e: the product's programs, a browser or PostgreSQL")
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="relais-tests-")
        config.pluginmanager.register(FileTimes())


def pytest_unconfigure(config: pytest.Config) -> None:
    """And removes it, with the database server in it."""
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(SHARED))
        if (folder / "postgres.done").exists():
            postgres.shared(folder / "postgres").remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks each test with its level. Side by side the long ones begin: no process is idle at the end."""
    for item in items:
        item.add_marker(level_of(item))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: -LEVELS.index(level_of(item)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be skipped, a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FORBID_SKIPS") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
