"""Login, sessions, forged posts."""

from pathlib import Path

import httpx
from argon2 import PasswordHasher

from handoff.console.login.sessions import COOKIE
from tests.console.world import PASSWORD, World, form_fields, log_in
from tests.console.world import world as serve


def cookie(client: httpx.Client) -> str | None:
    return client.cookies.get(COOKIE, path="/console")


def test_the_right_password_opens_the_console(world: World) -> None:
    world.agent("Camille Roux")
    client = world.client()
    response = log_in(client, "Camille@Bellac.example ")
    assert response.url.path == "/console/"
    assert "Camille Roux" in response.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    world.agent("Camille Roux")
    client = world.client()
    page = client.get("/login")
    fields = form_fields(page.text, "/login") | {"email": "camille@bellac.example", "password": PASSWORD}
    response = client.post("/login", data=fields, follow_redirects=False)
    (header,) = [value for value in response.headers.get_list("set-cookie") if value.startswith(f"{COOKIE}=")]
    attributes = header.lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert "path=/console" in attributes
    assert "max-age=43200" in attributes
    assert "; secure" not in attributes


def test_over_https_the_cookie_is_secure(tmp_path: Path) -> None:
    with serve(tmp_path, secure_cookies=True) as world:
        assert "; secure" in world.client().get("/login").headers["set-cookie"].lower()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(world: World) -> None:
    world.agent("Camille Roux")
    wrong = log_in(world.client(), "camille@bellac.example", "autre chose")
    unknown = log_in(world.client(), "nobody@bellac.example", "autre chose")
    for response in (wrong, unknown):
        assert response.status_code == 401
        assert "Adresse ou mot de passe incorrect" in response.text
    assert cookie(world.client()) is None


def test_an_agent_who_left_cannot_log_in_and_is_logged_out(world: World) -> None:
    agent = world.agent("Camille Roux")
    visitor = world.visitor(agent)
    world.write(lambda unit: unit.agents.set_active(agent.id, active=False))
    assert log_in(world.client(), agent.email).status_code == 401
    assert visitor.open().url.path == "/console/login"
    world.write(lambda unit: unit.agents.set_active(agent.id, active=True))
    assert visitor.open().url.path == "/console/login", "an old session does not come back"


def test_guessing_is_slowed_down_for_that_address_only(world: World) -> None:
    world.agent("Camille Roux")
    world.agent("Sam Okafor")
    for _ in range(5):
        assert log_in(world.client(), "camille@bellac.example", "x").status_code == 401
    refused = log_in(world.client(), "camille@bellac.example")
    assert refused.status_code == 429
    assert "15 minutes" in refused.text
    assert log_in(world.client(), "sam@bellac.example").status_code == 200
    world.clock.forward(minutes=15, seconds=1)
    assert log_in(world.client(), "camille@bellac.example").url.path == "/console/"


def test_a_login_without_its_token_is_refused(world: World) -> None:
    world.agent("Camille Roux")
    fields = {"email": "camille@bellac.example", "password": PASSWORD}
    client = world.client()
    assert client.post("/login", data=fields).status_code == 403, "no cookie"
    client.get("/login")
    assert client.post("/login", data=fields).status_code == 403, "no field"
    assert client.post("/login", data=fields | {"csrf": "é" * 43}).status_code == 403, "another value"
    assert cookie(client) is None


def test_a_post_that_another_site_caused_is_refused(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    fields = visitor.form(handed, "claim")
    elsewhere = {"sec-fetch-site": "cross-site"}
    response = visitor.client.post(f"/cases/{handed.case_id}/claim", data=fields, headers=elsewhere)
    assert response.status_code == 403
    assert world.owner(handed) == "queue"


def test_no_action_without_the_sessions_own_token(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    other = world.visitor(world.agent("Sam Okafor"))
    fields = visitor.form(handed, "claim")
    stolen = other.form(handed, "claim")["csrf"]
    for csrf in ("", "0" * 64, stolen, "é"):
        response = visitor.send(handed, "claim", fields | {"csrf": csrf})
        assert response.status_code == 403
        assert "Cette page a vieilli" in response.text
    assert visitor.client.post("/logout", data={"csrf": stolen}).status_code == 403
    assert world.owner(handed) == "queue"


def test_a_session_planted_before_the_login_is_worth_nothing(world: World) -> None:
    agent = world.agent("Camille Roux")
    client = world.client()
    client.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/console")
    log_in(client, agent.email)
    values = [held.value for held in client.cookies.jar if held.name == COOKIE]
    assert values != ["planted"]
    planted = world.client(cookies={COOKIE: "planted"})
    assert planted.get("/").url.path == "/console/login"


def test_a_second_login_ends_the_first_session_of_that_browser(world: World) -> None:
    agent = world.agent("Camille Roux")
    client = world.visitor(agent).client
    before = cookie(client)
    assert before is not None
    page = world.client().get("/login")
    fields = form_fields(page.text, "/login") | {"email": agent.email, "password": PASSWORD}
    cookies = {COOKIE: before, "relais_login": fields["csrf"]}
    again = world.client(cookies=cookies).post("/login", data=fields, follow_redirects=False)
    assert again.cookies[COOKIE] != before
    assert world.client(cookies={COOKIE: before}).get("/").url.path == "/console/login"


def test_only_a_hash_of_the_token_is_stored(world: World) -> None:
    client = world.client()
    log_in(client, world.agent("Camille Roux").email)
    token = cookie(client)
    assert token is not None
    with world.store.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT token_hash FROM agent_session").all()
    assert len(stored) == 1
    assert token not in stored[0][0]


def test_a_session_ends_after_twelve_hours(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    world.clock.forward(hours=11, minutes=59)
    assert visitor.open().url.path == "/console/"
    world.clock.forward(minutes=2)
    assert visitor.open().url.path == "/console/login"


def test_logging_out_ends_the_session_everywhere(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    token = cookie(visitor.client)
    fields = form_fields(visitor.open().text, "/logout")
    assert visitor.client.post("/logout", data=fields).url.path == "/console/login"
    assert token is not None
    assert world.client(cookies={COOKIE: token}).get("/").url.path == "/console/login"


def test_a_weaker_hash_is_renewed_at_login(world: World) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    world.write(
        lambda unit: unit.agents.add(
            email="old@bellac.example", name="Old", language="fr", desks=["it"], password_hash=weak
        )
    )
    log_in(world.client(), "old@bellac.example")
    known = world.read(lambda unit: unit.agents.by_email("old@bellac.example"))
    assert known is not None
    assert known[1] != weak
    assert not PasswordHasher().check_needs_rehash(known[1])
    assert log_in(world.client(), "old@bellac.example").url.path == "/console/"


def test_a_damaged_hash_is_a_wrong_password(world: World) -> None:
    world.write(
        lambda unit: unit.agents.add(
            email="odd@bellac.example", name="Odd", language="fr", desks=["it"], password_hash="plain"
        )
    )
    assert log_in(world.client(), "odd@bellac.example").status_code == 401


def test_after_the_login_one_is_where_one_wanted_to_be_and_never_elsewhere(world: World) -> None:
    agent, handed = world.agent("Camille Roux"), world.handed_over()
    client = world.client()
    asked = client.get(f"/cases/{handed.case_id}?view=resolved")
    fields = form_fields(asked.text, "/login")
    response = client.post("/login", data=fields | {"email": agent.email, "password": PASSWORD})
    assert str(response.url).endswith(f"/console/cases/{handed.case_id}?view=resolved")
    for outside in (
        "https://evil.example/",
        "//evil.example",
        "/console/\\evil",
        "/chat/it",
        "/console/cases/../../x",
    ):
        landed = log_in(world.client(), agent.email, next_path=outside)
        assert landed.url.path == "/console/"


def test_the_demo_login_is_shown_in_the_demo_only(world: World, tmp_path: Path) -> None:
    assert "Compte de démonstration" not in world.client().get("/login").text
    (tmp_path / "demo").mkdir()
    with serve(tmp_path / "demo", demo_login=("demo@bellac.example", "demo-demo")) as demo:
        page = demo.client().get("/login").text
        assert "demo@bellac.example" in page
        assert "demo-demo" in page


def test_all_pages_are_private_and_carry_the_safety_headers(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    for response in (visitor.open(), world.client().get("/login"), visitor.open("/nowhere")):
        assert "script-src 'self'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "<script>" not in response.text
        assert " style=" not in response.text
        assert " onclick" not in response.text
