"""What is timed of a turn."""

import time

import pytest
from prometheus_client import REGISTRY

from bot.telemetry import metrics
from tests.pipeline.office import Office


def test_a_stage_inside_another_counts_for_itself_alone() -> None:
    outside, inside = _seconds("decide"), _seconds("encode")
    with metrics.stage("decide"):
        for _ in range(2):
            with metrics.stage("encode"):
                time.sleep(0.02)
    assert 0 < _seconds("decide") - outside < (_seconds("encode") - inside) / 2


@pytest.mark.asyncio
async def test_a_turn_is_timed_from_its_acceptance_to_its_sending(office: Office) -> None:
    stages = ("accept", "decide", "commit", "lease", "send")
    before = {stage: _count(stage) for stage in stages}
    await office.say("bonjour")
    assert all(_count(stage) > before[stage] for stage in stages)


def _seconds(stage: str) -> float:
    return REGISTRY.get_sample_value("relais_stage_seconds_sum", {"stage": stage}) or 0.0


def _count(stage: str) -> float:
    return REGISTRY.get_sample_value("relais_stage_seconds_count", {"stage": stage}) or 0.0
