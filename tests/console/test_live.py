"""Open pages hear of changes, of the end of their session and of the server's."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.console.world import Visitor, World
from tests.console.world import world as serve


class Stream:
    """The events of one page, as they come."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.ids: list[str] = []
        self.comments = 0
        self.ended = threading.Event()
        self._news = threading.Condition()

    def take(self, line: str) -> None:
        with self._news:
            if line.startswith("event: "):
                self.events.append(line.removeprefix("event: "))
            elif line.startswith("id: "):
                self.ids.append(line.removeprefix("id: "))
            elif line.startswith(":"):
                self.comments += 1
            self._news.notify_all()

    def wait_for(self, *events: str, timeout_s: float = 5) -> bool:
        with self._news:
            return self._news.wait_for(lambda: set(events) <= set(self.events), timeout_s)

    def wait_until_it_looked(self, timeout_s: float = 5) -> bool:
        with self._news:
            return self._news.wait_for(lambda: bool(self.comments or self.events), timeout_s)


@contextmanager
def listening(visitor: Visitor, page: str, *, last_seen: str | None = None) -> Iterator[Stream]:
    """Opens a page, then its stream, as a browser does."""
    html = visitor.open(page).text
    address = re.search(r'data-events="([^"]+)"', html)
    seen = re.search(r'data-seen="([^"]+)"', html)
    assert address is not None
    assert seen is not None
    url = address[1].replace("&amp;", "&").removeprefix("/console")
    url += ("&" if "?" in url else "?") + f"seen={last_seen or seen[1]}"
    stream = Stream()

    def read() -> None:
        with visitor.client.stream("GET", url, timeout=20) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            for line in response.iter_lines():
                stream.take(line)
        stream.ended.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert stream.wait_until_it_looked(), "the stream is open and has looked"
    yield stream


def test_a_change_reaches_the_list_and_the_case(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    with listening(visitor, f"/cases/{handed.case_id}") as stream:
        assert stream.events == [], "nothing is new yet"
        world.says(handed, "Vous êtes là ?")
        assert stream.wait_for("list", "case")
    assert "Vous êtes là ?" in visitor.open(f"/cases/{handed.case_id}?part=case").text


def test_a_new_case_changes_the_list_and_no_other_case(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    with listening(visitor, f"/cases/{handed.case_id}") as stream:
        world.handed_over("une autre")
        assert stream.wait_for("list")
        assert "case" not in stream.events


def test_what_is_on_another_desk_is_not_told(world: World) -> None:
    visitor = world.visitor(world.agent("Solène Petit", desks=["it"]))
    with listening(visitor, "/") as stream:
        world.handed_over(desk="sav")
        world.handed_over(desk="it")
        assert stream.wait_for("list")
        assert stream.events == ["list"]


def test_what_changed_before_the_stream_began_is_told(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    with listening(visitor, f"/cases/{handed.case_id}", last_seen="old.old") as stream:
        assert stream.wait_for("list", "case")
        assert stream.ids[-1] != "old.old"


def test_a_quiet_stream_gives_signs_of_life_and_renews_the_times(tmp_path: Path) -> None:
    with serve(tmp_path, heartbeat_s=0.05) as world:
        visitor = world.visitor(world.agent("Camille Roux"))
        with listening(visitor, "/") as stream:
            assert stream.wait_for("list"), "every few beats the page is read anew"


def test_the_end_of_the_session_ends_the_stream(tmp_path: Path) -> None:
    with serve(tmp_path, heartbeat_s=0.1) as world:
        visitor = world.visitor(world.agent("Camille Roux"))
        with listening(visitor, "/") as stream:
            world.clock.forward(hours=13)
            assert stream.wait_for("ended")
            assert stream.ended.wait(5)


def test_a_stream_that_is_asked_for_after_the_session_is_told_so(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    world.clock.forward(hours=13)
    response = visitor.open("/events", headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "event: ended" in response.text


def test_the_server_stops_at_once_although_pages_are_open(tmp_path: Path) -> None:
    with serve(tmp_path) as world:
        visitor = world.visitor(world.agent("Camille Roux"))
        with listening(visitor, "/") as stream:
            began = time.monotonic()
            world.stop()
            assert stream.ended.wait(10)
            assert time.monotonic() - began < 10, "it waited for a heartbeat"


def test_parts_of_a_page_are_given_alone(world: World) -> None:
    handed = world.handed_over()
    visitor = world.visitor(world.agent("Camille Roux"))
    part = visitor.open("/?part=list").text
    assert 'id="list"' in part
    assert "<html" not in part
    part = visitor.open(f"/cases/{handed.case_id}?part=case").text
    assert f'id="case-{handed.case_id}"' in part
    assert "<html" not in part


def test_a_part_for_an_ended_session_sends_the_browser_to_the_login(world: World) -> None:
    visitor = world.visitor(world.agent("Camille Roux"))
    world.clock.forward(hours=13)
    response = visitor.open("/?part=list", headers={"hx-request": "true"})
    assert response.headers["hx-redirect"].startswith("/console/login")
