"""The why-record as it is stored."""

import json

from bot.domain.turn import Candidate, Why


def test_a_why_record_survives_being_stored() -> None:
    candidate = Candidate(kind="article", id="vpn", title="VPN", confidence=0.8, matched="le vpn")
    full = Why(
        rule="article_confident",
        intent="ask",
        intent_score=0.7,
        matched="le vpn",
        confidence=0.8,
        threshold=0.5,
        candidates=(candidate, candidate),
        article="vpn",
        article_language="fr",
        article_version=3,
        release_id=2,
    )
    for record in (full, Why(rule="not_understood"), Why(rule="flow_step", flow="vpn", step="router")):
        assert Why.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_field_of_another_version_is_passed_over() -> None:
    assert Why.from_json({"rule": "greeting", "mood": "good"}) == Why(rule="greeting")
