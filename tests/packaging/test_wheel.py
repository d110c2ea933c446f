"""What the wheel holds: our five packages, every file that they need, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = {"bot", "nlu", "kb_index", "handoff", "config"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built now from what git would commit."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        return archive.namelist()


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: list[str]) -> None:
    top = {name.split("/")[0] for name in wheel}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert not [
        name for name in wheel if "test" in Path(name).name and name.endswith(".py") and "tests/" in name
    ]


def test_every_file_of_the_packages_is_in_the_wheel(wheel: list[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    ours = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    assert sorted(ours - set(wheel)) == []


def test_the_wheel_holds_rooms_only(wheel: list[str]) -> None:
    """What trains the encoders, measures the product or tests it stays outside."""
    assert not [name for name in wheel if {"training", "bench", "subjects"} & set(Path(name).parts)]
    loose = {name for name in wheel if name.startswith("bot/") and name.count("/") == 1}
    assert loose == {"bot/__init__.py", "bot/app.py", "bot/cli.py", "bot/start.py"}
