"""The runtime on which the commands play conversations, and replay questions: nothing of it is kept."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from bot.app import Runtime
from bot.content.files import read_folder
from bot.content.understanding import rasa_token
from bot.content.workspace import parse
from bot.pipeline.channels import ChannelState
from bot.quality.conversation_tests import ConversationTest
from bot.quality.rehearsal import RehearsalChannel, RehearsalStage, SettableClock
from bot.quality.replay import FirstMessage, Replayed, Show, ready_index, replay
from config.settings import Settings
from nlu.encoders.encoder import Encoder


@asynccontextmanager
async def stage(settings: Settings, *, encoder: Encoder | None = None) -> AsyncIterator[RehearsalStage]:
    """The workspace of these settings in a throwaway store; the index is shared with the real one."""
    with tempfile.TemporaryDirectory(prefix="relais-") as folder:
        clock = SettableClock()
        runtime = Runtime(settings.with_temporary_store(Path(folder)), clock=clock, encoder=encoder)
        async with runtime.prepared():
            channels = {desk: RehearsalChannel(desk) for desk in runtime.library.desks}
            runtime.channels.extend(
                ChannelState(channel, desk, is_open=True) for desk, channel in channels.items()
            )
            yield RehearsalStage(runtime, channels, clock, runtime.settings.database)


async def replay_workspace(
    settings: Settings,
    encoder: Encoder,
    questions: Sequence[FirstMessage],
    tests: Sequence[ConversationTest],
    *,
    show: Show,
) -> Replayed:
    """See `bot.quality.replay.replay`; the index is built first where it does not fit the workspace.

    Args:
        settings: with the workspace, and a data folder whose index may be replaced.
        encoder: that the settings name.
    """
    content = parse(read_folder(settings.workspace))
    threshold = ready_index(content, settings.data_dir, encoder, show)
    async with stage(settings, encoder=encoder) as played:
        return await replay(played, content, questions, tests, threshold=threshold, show=show)


def throwaway_settings(settings: Settings, data_dir: Path) -> Settings:
    """The same installation with a copy of its index, so that what has not changed is not encoded again."""
    try:
        shutil.copytree(settings.data_dir / "index", data_dir / "index")
    except (OSError, shutil.Error):  # There is none, or it is being replaced: all is encoded.
        shutil.rmtree(data_dir / "index", ignore_errors=True)
    token = rasa_token(settings.nlu, settings.data_dir) if settings.nlu.engine == "rasa" else None
    nlu = settings.nlu.model_copy(update={"rasa_token": SecretStr(token) if token else None})
    return settings.model_copy(update={"data_dir": data_dir, "nlu": nlu})
