"""Updates as Telegram sends them, and as it never should."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.parse import (
    Ignored,
    MalformedUpdateError,
    Update,
    read_body,
    read_update,
    read_updates,
)
from bot.domain.messages import Attachment, Command, InboundKind, InboundMessage
from tests.channels.telegram.conftest import load

ACCOUNT = "telegram:8014520367"
NOW = datetime(2025, 11, 22, 10, 0, tzinfo=UTC)


def read(raw: object) -> Update:
    return read_update(raw, ACCOUNT, NOW)


def message(raw: object) -> InboundMessage:
    content = read(raw).content
    assert isinstance(content, InboundMessage)
    return content


def why_not(raw: object) -> Ignored:
    content = read(raw).content
    assert isinstance(content, Ignored)
    return content


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """A captured message with other fields; None takes one out."""
    update = load(name)
    fields = {**update["message"], **changes}
    return {**update, "message": {key: value for key, value in fields.items() if value is not None}}


def test_a_text() -> None:
    assert message(load("text")) == InboundMessage(
        account=ACCOUNT,
        kind=InboundKind.TEXT,
        key="5412087731:101",
        chat="5412087731",
        user="5412087731",
        user_name="Marie Lefèvre",
        text="Bonjour, ma centrale vapeur fuit 😟",
        language="fr",
        sent_at=datetime(2025, 11, 22, 8, 26, 40, tzinfo=UTC),
        reference="101",
    )
    assert read(load("text")).update_id == 847213001
    assert message(load("text_quoting")).text == "Oui, le voyant clignote"


def test_the_key_does_not_come_from_the_update_id() -> None:
    for update_id in (1, 7, 999_999_999_999):
        assert message({**load("text"), "update_id": update_id}).key == "5412087731:101"


def test_an_edit_names_what_it_edits_and_has_a_key_of_its_own() -> None:
    edit = message(load("edited_text"))
    assert (edit.kind, edit.reference) == (InboundKind.EDIT, "101")
    assert edit.key == "5412087731:101:1763800042"
    assert edit.sent_at == datetime.fromtimestamp(1763800042, UTC)
    again = load("edited_text")
    again["edited_message"]["edit_date"] += 1
    assert message(again).key != edit.key


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", Command.START),
        ("/start notice-vapeur", Command.START),
        ("/aide", Command.HELP),
        ("/AIDE", Command.HELP),
        ("/help@relais_test_bot", Command.HELP),
        ("/humain mon four fume", Command.HUMAN),
        ("/human", Command.HUMAN),
    ],
)
def test_commands(text: str, command: Command) -> None:
    read_command = message(changed("text", text=text))
    assert (read_command.kind, read_command.value, read_command.text) == (InboundKind.COMMAND, command, text)


@pytest.mark.parametrize("text", ["/aidez-moi", "/reset", "aide", "voir /aide", "/", "/humain!"])
def test_what_is_no_command_is_a_text(text: str) -> None:
    assert message(changed("text", text=text)).kind is InboundKind.TEXT


def test_captured_commands() -> None:
    assert message(load("start")).value is Command.START
    human = message(load("human_en"))
    assert (human.value, human.language, human.user_name) == (Command.HUMAN, "en", "Tom")


def test_a_photo_is_its_largest_size_with_the_caption_as_text() -> None:
    photo = message(load("photo"))
    assert photo.text == "Voilà la fuite"
    assert photo.attachments == (
        Attachment(
            name="photo-103.jpg", media_type="image/jpeg", size_bytes=148211, remote_id="AgACAgQAAxkBAAIy"
        ),
    )


@pytest.mark.parametrize(
    ("fixture", "name", "media_type"),
    [
        ("document", "Facture n° 2231.pdf", "application/pdf"),
        ("voice", "audio-106.ogg", "audio/ogg"),
        ("video", "VID_0031.MP4", "video/mp4"),
        ("animation", "giphy.mp4", "video/mp4"),
    ],
)
def test_files(fixture: str, name: str, media_type: str) -> None:
    (file,) = message(load(fixture)).attachments
    assert (file.name, file.media_type) == (name, media_type)
    assert file.size_bytes > 0


def test_a_hostile_document_loses_its_folders_its_tricks_and_its_type() -> None:
    (file,) = message(load("document_hostile")).attachments
    assert file.name == "gpj.exe"
    assert file.media_type == "application/octet-stream"
    assert file.size_bytes == 0


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../x", "x"),
        ("..\\..\\x.txt", "x.txt"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\a.pdf", "a.pdf"),
        ("..", "document-104.bin"),
        ("a/", "document-104.bin"),
        (".htaccess", "htaccess"),
        ("a\nb\x00\x1b[31m.txt", "a b[31m.txt"),
        ('<img src="x">.svg', "_img src=_x__.svg"),
        ("\ud800seul.txt", "seul.txt"),
        ("n" * 300 + ".pdf", "n" * 116 + ".pdf"),
        ("", "document-104.bin"),
        (7, "document-104.bin"),
    ],
)
def test_file_names(given: object, shown: str) -> None:
    raw = load("document")
    raw["message"]["document"]["file_name"] = given
    (file,) = message(raw).attachments
    assert file.name == shown


@pytest.mark.parametrize(
    ("fixture", "text"),
    [
        ("sticker", "[autocollant 👍]"),
        ("location", "[position 48.85661, 2.35222]"),
        ("venue", "[location Repair café, 12 Mill Lane]"),
        ("contact", "[contact Paul Lefèvre +33612345678]"),
    ],
)
def test_what_is_neither_text_nor_file_is_put_in_words(fixture: str, text: str) -> None:
    assert message(load(fixture)).text == text


def test_a_press() -> None:
    update = read(load("press"))
    press = message(load("press"))
    assert (press.kind, press.key, press.value) == (InboundKind.PRESS, "4382918273645546", "choice:1")
    assert (press.text, press.reference, press.chat) == ("Elle fuit", "120", "5412087731")
    assert press.sent_at == NOW
    assert update.press is not None
    assert update.press.keyboard[2] == (("Cela m’a aidé", "helped"), ("Une personne", "human"))


def test_a_tick_is_no_part_of_a_label() -> None:
    raw = load("press")
    raw["callback_query"]["data"] = "choice:2"
    assert message(raw).text == "Elle ne chauffe pas"


def test_a_press_under_a_message_that_telegram_no_longer_shows() -> None:
    update = read(load("press_old"))
    assert message(load("press_old")).value == "helped"
    assert update.press is not None
    assert update.press.keyboard == ()


@pytest.mark.parametrize("data", [None, "", "x" * 65, "é", "a\nb", 7])
def test_a_press_with_a_value_that_no_button_of_ours_has(data: object) -> None:
    raw = load("press")
    raw["callback_query"]["data"] = data
    assert why_not(raw).reason == "malformed"


@pytest.mark.parametrize(
    ("fixture", "update_type", "reason"),
    [
        ("group", "message", "not a private chat"),
        ("press_in_group", "callback_query", "not a private chat"),
        ("press_inline", "callback_query", "not under a message of ours"),
        ("my_chat_member", "my_chat_member", "not handled"),
        ("reaction", "message_reaction", "not handled"),
        ("business_message", "business_message", "not handled"),
        ("pinned", "message", "nothing to read"),
        ("from_bot", "message", "not written by a person"),
        ("live_location_moved", "edited_message", "live location"),
    ],
)
def test_what_is_left_out(fixture: str, update_type: str, reason: str) -> None:
    assert why_not(load(fixture)) == Ignored(update_type, reason)
    assert read(load(fixture)).update_id == load(fixture)["update_id"]


@pytest.mark.parametrize(
    ("code", "language"),
    [("fr-CA", "fr"), ("EN", "en"), ("en-US", "en"), ("de", None), ("", None), (None, None), (3, None)],
)
def test_languages(code: object, language: str | None) -> None:
    raw = load("text")
    raw["message"]["from"]["language_code"] = code
    assert message(raw).language == language


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ({"first_name": "  Anne\n\nMarie \u202e\u200b"}, "Anne Marie"),
        ({"first_name": "\u200b", "username": "am75"}, "am75"),
        ({"first_name": "x" * 200}, "x" * 80),
        ({"first_name": 5}, None),
        ({"first_name": "<b>Zoé</b>", "last_name": "😀"}, "<b>Zoé</b> 😀"),
    ],
)
def test_names(sender: dict[str, object], name: str | None) -> None:
    raw = load("text")
    raw["message"]["from"] = {"id": 5, "is_bot": False, **sender}
    assert message(raw).user_name == name


def test_what_no_database_stores_is_taken_out_of_a_text() -> None:
    assert message(changed("text", text="a\x00b\ud83d c\r\nd")).text == "ab c\nd"


def test_odd_shapes_are_left_out_not_raised() -> None:
    for raw in (
        changed("text", chat=None),
        changed("text", message_id="101"),
        changed("text", message_id=True),
        changed("text", date=1e400),
        changed("text", date=2**80),
        changed("text", date=2**62),
        changed("photo", photo=[{"width": 3}]),
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": [[]]},
        {"update_id": 1, "callback_query": "x"},
    ):
        assert why_not(raw).reason == "malformed"
    no_objects: tuple[object, ...] = ([], None, 7, "x")
    for no_object in no_objects:
        assert why_not(no_object) == Ignored("unknown", "malformed")
    assert why_not({"update_id": 1}) == Ignored("none", "not handled")
    assert why_not(changed("photo", photo=7, caption=None)).reason == "nothing to read"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"update_id": "1"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"update_id":1,"message":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b'{"update_id":' + b"9" * 10_000 + b"}",
    ],
)
def test_bodies_that_are_no_update(body: bytes) -> None:
    with pytest.raises(MalformedUpdateError):
        read_body(body, ACCOUNT, NOW)


def test_a_batch_is_a_list() -> None:
    assert [each.update_id for each in read_updates([load("text"), 7], ACCOUNT, NOW)] == [847213001, None]
    with pytest.raises(MalformedUpdateError):
        read_updates({"update_id": 1}, ACCOUNT, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@given(st.sampled_from(["text", "photo", "document", "sticker", "location", "contact", "press"]), st.data())
def test_whatever_stands_in_a_field_is_read_or_left_out(fixture: str, data: st.DataObject) -> None:
    raw = load(fixture)
    place: Any = raw
    while True:
        key = data.draw(st.sampled_from(sorted(place))) if isinstance(place, dict) and place else None
        if key is None:
            break
        if data.draw(st.booleans()) or not isinstance(place[key], dict):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    content = read(raw).content
    if isinstance(content, InboundMessage):
        json.dumps(content.text).encode()
        content.text.encode()
        (content.user_name or "").encode()
