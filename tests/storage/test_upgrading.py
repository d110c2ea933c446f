"""A database of an earlier version opens, and what waits in it goes on."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine

from bot.domain.conversation import Owner
from bot.storage import migrate
from bot.storage.migrate import differences, upgrade
from tests.pipeline.office import ACCOUNT, Office, open_office
from tests.support.postgres import PostgresServer

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def first_version(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as the first migration makes it."""
    url = f"sqlite:///{tmp_path / 'relais.db'}"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create(f"first_{uuid.uuid4().hex}")
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = MetaData()
        tables.reflect(connection)
        person = {"id": 1, "name": "A", "created_at": NOW}
        connection.execute(tables.tables["person"].insert().values(person))
        for number, owner in ((1, "bot"), (2, "agent")):
            conversation = {
                "id": number,
                "account": ACCOUNT,
                "chat": owner,
                "user_key": owner,
                "is_current": True,
                "person_id": 1,
                "desk": "it",
                "language": "fr",
                "language_chosen": False,
                "owner": owner,
                "epoch": 4,
                "turn_no": 0,
                "state": {},
                "fence": 3,
                "next_at": NOW,
                "opened_at": NOW,
            }
            connection.execute(tables.tables["conversation"].insert().values(conversation))
    yield url
    engine.dispose()


@pytest.mark.asyncio
async def test_conversations_of_the_first_version_go_on(first_version: str) -> None:
    office: Office = open_office(first_version)
    try:
        upgrade(office.store.engine)
        assert differences(office.store.engine) == []
        await office.say("bonjour", chat="bot")
        assert office.channel.texts("bot") == ["écho bonjour"]
        held = await office.conversation("agent")
        assert (held.owner, held.claimed_epoch, held.parked) == (Owner.AGENT, 4, None)
    finally:
        office.store.close()
