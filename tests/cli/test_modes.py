"""What commands write holds what people said: its owner alone can read it."""

import os
import subprocess
from pathlib import Path

from tests.support.served import RELAIS


def test_files_made_before_the_first_serve_are_their_owners_alone(tmp_path: Path) -> None:
    env = {**os.environ, "RELAIS_DATA_DIR": str(tmp_path / "data")}
    command = ["sh", "-c", f"umask 022; exec '{RELAIS}' db upgrade"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert len(made) > 1
    assert {path: oct(path.stat().st_mode & 0o077) for path in made} == dict.fromkeys(made, "0o0")
