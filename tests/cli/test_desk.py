"""A desk that was renamed: seen by administrators, mapped beside a running server, answered in order."""

import asyncio
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from bot.domain.conversation import ParkedReason
from bot.domain.messages import Author, InboundKind, InboundMessage
from bot.storage.migrate import upgrade
from bot.storage.stores import open_store
from bot.storage.unit_of_work import UnitOfWork
from tests.support.served import RELAIS, served

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LAST_RESORT_S = 120.0
QUESTIONS = ("bonjour", "j'ai oublié mon mot de passe", "merci")


def in_database(data_dir: Path, job: Callable[[UnitOfWork], T]) -> T:
    store = open_store(f"sqlite:///{data_dir / 'relais.db'}")
    try:
        upgrade(store.engine)
        return asyncio.run(store.write(job))
    finally:
        store.close()


def relais(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RELAIS, *arguments],
        env=os.environ | {"RELAIS_DATA_DIR": str(data_dir), "COLUMNS": "160"},
        cwd=data_dir,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def wait_for(look: Callable[[], T]) -> T:
    deadline = time.monotonic() + LAST_RESORT_S
    while not (found := look()):
        assert time.monotonic() < deadline, "not within the last resort"
        time.sleep(0.1)
    return found


def messages_of_a_desk_that_was_renamed(unit: UnitOfWork) -> int:
    unit.agents.add(email="a@b.fr", name="A", language="fr", desks=["ancien", "it"], password_hash="-")
    conversation_id = 0
    for number, text in enumerate(QUESTIONS):
        message = InboundMessage(
            account="web:ancien",
            kind=InboundKind.TEXT,
            key=str(number),
            chat="somebody",
            user="somebody",
            text=text,
            sent_at=NOW,
        )
        if not conversation_id:
            conversation_id = unit.conversations.open(
                message, after=None, desk="ancien", language="fr", now=NOW
            ).id
        assert unit.inbox.add(message, conversation_id, NOW)
        unit.conversations.schedule(conversation_id)
    return conversation_id


def ready(base: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base}/readyz", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def figures(base: str) -> str:
    with urllib.request.urlopen(f"{base}/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def test_a_renamed_desk_is_seen_mapped_and_answered(data_dir: Path) -> None:
    conversation_id = in_database(data_dir, messages_of_a_desk_that_was_renamed)
    doctor = relais(data_dir, "doctor")
    assert "ancien (1)" in doctor.stdout
    with served(data_dir) as base:
        notices = wait_for(lambda: ready(base).get("notices", {}))
        assert "1 unknown desk" in notices["conversations"]
        figure = 'relais_parked_conversations{reason="unknown_desk"} 1.0'
        wait_for(lambda: figure in figures(base))
        listed = relais(data_dir, "desk", "parked")
        assert "web:ancien" in listed.stdout
        assert relais(data_dir, "desk", "rename", "ancien", "nowhere").returncode == 1
        assert relais(data_dir, "desk", "rename", "it", "sav").returncode == 1, "it still exists"
        assert relais(data_dir, "desk", "rename", "unheard", "it").returncode == 1
        renamed = relais(data_dir, "desk", "rename", "ancien", "it")
        assert "1 conversations, 0 requests, 1 agents" in renamed.stdout, renamed.stderr

        def answers() -> list[str | None]:
            lines = in_database(data_dir, lambda unit: unit.transcripts.read(conversation_id))
            said = [line.delivery for line in lines if line.author is Author.BOT]
            return said if len(said) == len(QUESTIONS) and set(said) == {"sent"} else []

        wait_for(answers)
        assert "notices" not in ready(base)
    warned = (data_dir / "serve.log").read_text()
    assert "conversations of a desk that does not exist" in warned
    assert warned.count("Traceback") == 0
    turns = in_database(data_dir, lambda unit: unit.transcripts.read(conversation_id))
    assert [line.turn_no for line in turns if line.author is Author.BOT] == [1, 2, 3]
    (agent,) = [each for each in in_database(data_dir, lambda unit: unit.agents.all()) if each.name == "A"]
    assert agent.desks == ("it",)


def test_what_keeps_failing_is_named_and_tried_again(data_dir: Path) -> None:
    def park(unit: UnitOfWork) -> None:
        conversation_id = messages_of_a_desk_that_was_renamed(unit)
        unit.conversations.rename_desk("ancien", "it")
        unit.conversations.park(conversation_id, ParkedReason.FAILING, problem="KeyError", now=NOW)

    in_database(data_dir, park)
    assert "1 conversations keep failing" in relais(data_dir, "doctor").stdout
    listed = relais(data_dir, "desk", "parked").stdout
    assert "KeyError" in listed
    assert "bonjour" not in listed, "nothing that people wrote"
    assert "1 conversations are tried again" in relais(data_dir, "desk", "retry").stdout
    assert "Every conversation is handled" in relais(data_dir, "desk", "parked").stdout
