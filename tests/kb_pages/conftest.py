"""A small workspace of its own, served."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.commands.content import STARTER
from bot.content.files import read_folder
from bot.content.knowledge import build_in_child
from tests.support.models import share_models
from tests.support.once import made_once
from tests.support.served import served

ENGLISH_ONLY = """---
title: "Print from your phone"
ask:
  - how do I print from a mobile
  - imprimer depuis mon téléphone
---
Install **Office Print**, then hold your badge near the printer.
"""
HOSTILE = """---
title: "Balises <b>grasses</b> & « citations »"
ask:
  - balises dangereuses
---
<script>alert(1)</script> Écrivez <img src=x onerror=alert(1)> ou [cliquez](javascript:alert(1)).

- **gras** et [un lien](https://example.org/aide)
"""

FOR_AGENTS = """---
title: "Déverrouiller un compte à la main"
ask:
  - déverrouiller un compte dans la console d'administration
audience: agents
---
Ouvrez **Administration**, puis **Comptes bloqués**.
"""
EXPIRED = """---
title: "La coupure du 3 janvier 2020"
valid_until: 2020-01-03
---
Le réseau est coupé de midi à deux heures.
"""


@dataclass(frozen=True)
class Helpdesk:
    """A served workspace.

    Args:
        base: address of the server.
        workspace: its folder, free to be changed.
        data_dir: its data folder.
    """

    base: str
    workspace: Path
    data_dir: Path

    def reader(self, language: str = "fr", **headers: str) -> httpx.Client:
        """A browser of somebody who speaks that language."""
        sent = {"accept": "text/html", "accept-language": language, **headers}
        return httpx.Client(base_url=self.base, headers=sent, timeout=30)


@pytest.fixture(scope="session")
def workspace_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter, with articles in English only, for agents, expired, and out to break their page."""
    folder = tmp_path_factory.mktemp("workspace") / "ours"
    shutil.copytree(STARTER, folder)
    knowledge = folder / "knowledge" / "support"
    (knowledge / "imprimer-telephone.en.md").write_text(ENGLISH_ONLY, encoding="utf-8")
    (knowledge / "balises.fr.md").write_text(HOSTILE, encoding="utf-8")
    (knowledge / "compte-bloque.fr.md").write_text(FOR_AGENTS, encoding="utf-8")
    (knowledge / "coupure-2020.fr.md").write_text(EXPIRED, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def helpdesk(
    workspace_made: Path, tmp_path_factory: pytest.TempPathFactory, models: Path, shared_folder: Path
) -> Iterator[Helpdesk]:
    """Served for the tests of a module, with an index that is built once for the run."""

    def build(folder: Path) -> None:
        share_models(models, folder)
        build_in_child(read_folder(workspace_made), folder)

    built = made_once(shared_folder / "kb_pages", build)
    data_dir = tmp_path_factory.mktemp("data")
    shutil.copytree(built / "index", data_dir / "index")
    share_models(models, data_dir)
    with served(data_dir, env={"RELAIS_WORKSPACE": str(workspace_made)}) as base:
        yield Helpdesk(base, workspace_made, data_dir)
