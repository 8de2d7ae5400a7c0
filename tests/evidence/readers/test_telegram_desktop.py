"""What a Telegram Desktop export gives, told by examples."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.readers import telegram_desktop
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row

AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)


def message(**fields: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "type": "message",
        "date": "2024-06-01T12:00:00",
        "date_unixtime": "1717236000",
        "from": "Karim",
        "from_id": "user200",
        "text": "",
        "text_entities": [],
        **fields,
    }


def chat(*messages: Any, **header: Any) -> dict[str, Any]:
    said = {"name": "Karim", "type": "personal_chat", "id": 200, **header}
    return {**said, "messages": list(messages)}


def account(**parts: Any) -> dict[str, Any]:
    return {"about": "Here is the data you requested.", **parts}


OWNER = {"user_id": 100, "first_name": "Léa", "last_name": "B", "phone_number": "+33 6 12 34 56 78"}


class Export:
    """An export on disk, and what reading it gave."""

    def __init__(self, path: Path, content: bytes, **beside: Path) -> None:
        path.write_bytes(content)
        self.member = member(path)
        siblings = {name: member(file) for name, file in beside.items()}
        self.source = Source(self.member, siblings=siblings)
        self.rows: list[Row] = []
        self.locators: list[str] = []

    def recognised(self) -> bool:
        return telegram_desktop.detect(Head.of(self.member))

    def read(self) -> list[dict[str, Any]]:
        for item, locator in read_rows(telegram_desktop, self.source):
            assert isinstance(item, Row)
            self.rows.append(item)
            self.locators.append(locator)
        return self.values()

    def values(self, table: str | None = None) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if table in (None, r.schema.name)]

    @property
    def reasons(self) -> list[str]:
        return [reject.reason for reject in self.source.tally.rejects]


def member(path: Path) -> Member:
    return Member(
        path.name, path.stat().st_size, lambda: path.open("rb"), lambda: path, lambda: "f" * 64
    )


@pytest.fixture
def export(tmp_path: Path) -> Any:
    def make(document: Any, **beside: Path) -> Export:
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Export(tmp_path / "result.json", raw, **beside)

    return make


def test_a_message_keeps_its_words_its_time_and_both_ends(export: Any) -> None:
    whole = account(personal_information=OWNER, chats={"about": "", "list": [chat(message())]})
    whole["chats"]["list"][0]["messages"][0]["text"] = [
        "Appelle le ",
        {"type": "phone", "text": "06 11 22 33 44"},
        " stp",
    ]
    found = export(whole)
    found.read()
    [said] = found.values("message")
    assert said["text"] == "Appelle le 06 11 22 33 44 stp"
    assert said["sent_at"] == AT
    assert said["zone"] == "+02:00"  # the exporting computer's, from the two dates it gives
    assert (said["account"], said["thread_id"], said["thread_name"]) == ("user100", "200", "Karim")
    assert (said["sender_id"], said["sender_name"]) == ("user200", "Karim")
    assert said["recipients"] == ["user100"]
    assert (said["ref"], said["kind"], said["app"]) == ("7", "text", "telegram")
    assert found.locators[-1] == "chats/200/7"
    assert not found.source.tally.unknown


def test_the_owner_and_their_contacts_come_with_the_account(export: Any) -> None:
    people = {
        "about": "",
        "list": [
            {"user_id": 300, "first_name": "Momo", "last_name": "", "phone_number": "0033 611"},
            {"date": "1970-01-01T01:00:00"},
        ],
    }
    found = export(account(personal_information=OWNER, contacts=people))
    found.read()
    lea, momo = found.values("contact")
    assert lea["name"] == "Léa B"
    assert lea["identifiers"] == ["user100", "+33 6 12 34 56 78"]
    assert (momo["name"], momo["identifiers"], momo["account"]) == (
        "Momo",
        ["user300", "0033 611"],
        "user100",
    )
    assert found.source.tally.left == {"contacts without name or number": 1}


def test_chats_that_were_left_are_read_too(export: Any) -> None:
    group = chat(message(text="adieu"), type="private_supergroup", name="Four", id=9)
    found = export(account(left_chats={"about": "", "list": [group]}))
    [said] = found.read()
    assert (said["text"], said["thread_name"], said["recipients"]) == ("adieu", "Four", None)
    assert found.locators == ["left_chats/9/7"]


def test_a_call_has_two_ends_and_a_duration(export: Any) -> None:
    call = {"type": "service", "action": "phone_call", "actor": "Karim", "actor_id": "user200"}
    out = {**call, "actor": "Léa", "actor_id": "user100", "discard_reason": "missed"}
    plain = message()
    del plain["from"], plain["from_id"]
    rang = {**plain, **call, "duration_seconds": 95, "discard_reason": "hangup"}
    found = export(chat(rang, {**plain, **out}, {**plain, **call, "discard_reason": "missed"}))
    found.read()
    first, second, third = found.values("call")
    assert (first["caller"], first["callee"]) == ("user200", "user100")
    assert (first["started_at"], first["duration_s"], first["direction"]) == (AT, 95.0, "in")
    assert (second["caller"], second["callee"]) == ("user100", "user200")
    assert (second["direction"], third["direction"]) == ("out", "missed")
    assert not found.source.tally.unknown


def test_other_service_messages_are_of_kind_system(export: Any) -> None:
    plain = message(type="service", actor="Léa", actor_id="user100", action="invite_members")
    group = chat({**plain, "members": ["Momo", None]}, type="private_group", name="Équipe")
    [said] = export(group).read()
    assert (said["kind"], said["text"]) == ("system", "invite_members Momo")
    assert (said["sender_id"], said["sender_name"]) == ("user100", "Léa")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "remove_members", "members": ["Momo"]}, "remove_members Momo"),
        ({"action": "join_group_by_link", "inviter": "Léa"}, "join_group_by_link Léa"),
        ({"action": "group_call", "duration": 95}, "group_call duration 95"),
        ({"action": "set_messages_ttl", "period": 86400}, "set_messages_ttl period 86400"),
        ({"action": "edit_group_title", "title": "Four"}, "edit_group_title Four"),
        ({"information_text": "Ancien"}, "Ancien"),
    ],
)
def test_what_happened_in_a_group_is_told_with_its_particulars(
    export: Any, fields: dict[str, Any], words: str
) -> None:
    plain = message(type="service", actor="Léa", actor_id="user100", **fields)
    found = export(chat(plain, type="private_group"))
    [said] = found.read()
    assert (said["kind"], said["text"], said["sender_name"]) == ("system", words, "Léa")
    assert not found.source.tally.unknown


def test_a_pinned_message_is_named_and_unknown_particulars_are_counted(export: Any) -> None:
    pinned = message(type="service", action="pin_message", message_id=3, giveaway=1)
    found = export(chat(pinned, type="private_group"))
    [said] = found.read()
    assert said["reply_to"] == "3"
    assert found.source.tally.unknown == {"giveaway": 1}


def test_reactions_are_counted(export: Any) -> None:
    recent = [{"from": "Momo", "from_id": "user300", "date": "2024-06-01T12:00:01"}]
    liked = [
        {"type": "emoji", "count": 14, "emoji": "🔥", "recent": recent},
        {"type": "custom_emoji", "count": 1, "document_id": "x"},
    ]
    found = export(chat(message(reactions=liked)))
    found.read()
    assert found.source.tally.left == {"reactions to messages": 15}
    assert not found.source.tally.unknown


def test_a_poll_is_its_question_and_answers(export: Any) -> None:
    answers = [{"text": "Lundi", "voters": 2, "chosen": True}, {"text": "Mardi", "voters": 0}]
    asked = {"question": "Quand ?", "closed": False, "total_voters": 2, "answers": answers}
    [said] = export(chat(message(poll=asked))).read()
    assert said["text"] == "Quand ?\nLundi\nMardi"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"media_type": "voice_message", "file": "(File not included.)"}, "voice"),
        ({"media_type": "video_message", "file": "v.mp4"}, "video"),
        ({"media_type": "video_file", "mime_type": "video/mp4", "file": "v.mp4"}, "video"),
        ({"media_type": "sticker", "sticker_emoji": "🌿", "file": "s.webp"}, "image"),
        ({"photo": "photos/photo_1.jpg", "width": 1, "height": 1}, "image"),
        ({"file": "a.png", "mime_type": "image/png"}, "image"),
        ({"file": "a.pdf", "mime_type": "application/pdf"}, "file"),
        ({"location_information": {"latitude": 48.85, "longitude": 2.35}}, "location"),
        ({"text": "ok"}, "text"),
    ],
)
def test_the_kind_follows_what_the_message_carries(
    export: Any, fields: dict[str, Any], kind: str
) -> None:
    found = export(chat(message(**fields)))
    [said] = found.read()
    assert said["kind"] == kind
    assert not found.source.tally.unknown
    if kind == "location":
        assert (said["latitude"], said["longitude"]) == (48.85, 2.35)
    if "sticker_emoji" in fields:
        assert said["text"] == "🌿"


def test_a_forward_an_answer_and_an_edit_are_told(export: Any) -> None:
    edited = {"edited": "2024-06-01T12:01:00", "edited_unixtime": "1717236060"}
    found = export(chat(message(forwarded_from=None, reply_to_message_id=3, **edited)))
    [said] = found.read()
    assert said["forwarded"] is True
    assert said["reply_to"] == "3"
    assert said["edited_at"] == datetime(2024, 6, 1, 10, 1, tzinfo=UTC)


def test_a_file_beside_the_export_is_named_by_its_hash(export: Any, tmp_path: Path) -> None:
    photo = tmp_path / "photo_1.jpg"
    photo.write_bytes(b"jpeg")
    shown, absent = message(photo="photos/photo_1.jpg"), message(photo="photos/photo_2.jpg")
    [first, second] = export(chat(shown, absent), **{"photos/photo_1.jpg": photo}).read()
    assert first["attachment_sha256"] == "f" * 64
    assert second["attachment_sha256"] is None


def test_a_shared_contact_is_a_message_and_a_contact(export: Any) -> None:
    card = {"first_name": "Gros", "last_name": "Bill", "phone_number": "+33 6 99"}
    found = export(chat(message(contact_information=card)))
    found.read()
    [contact], [said] = found.values("contact"), found.values("message")
    assert (contact["name"], contact["identifiers"]) == ("Gros Bill", ["+33 6 99"])
    assert said["text"] == "Gros Bill +33 6 99"


def test_a_local_date_alone_is_read_in_the_zone_of_the_case(export: Any) -> None:
    old = message(from_id=200)  # before 2021: no unixtime, a bare user number
    del old["date_unixtime"]
    [said] = export(chat(old)).read()
    assert (said["sent_at"], said["zone"]) == (AT, "Europe/Paris")
    assert said["sender_id"] == "user200"


@pytest.mark.parametrize("year", ["1601", "9999"])
def test_a_date_that_is_no_date_leaves_the_message_without_time(export: Any, year: str) -> None:
    strange = {"date": f"{year}-01-01T00:00:00", "date_unixtime": "253370764800"}
    found = export(chat(message(**strange), message(text="après")))
    first, second = found.read()
    assert first["sent_at"] is None  # the desk rejects a message without its anchor
    assert second["text"] == "après"
    assert found.source.tally.unread == {"date": 1, "date_unixtime": 1}


def test_what_telegram_did_not_export_is_rejected_with_that_reason(export: Any) -> None:
    found = export(chat({"id": 1, "type": "unsupported"}, message(), "?", {"id": 2}))
    assert len(found.read()) == 2  # ``{"id": 2}`` has no time: for the desk to reject
    assert found.reasons == [
        "Telegram did not export the content of this message",
        "not a message",
    ]
    assert found.source.tally.records == 4


def test_unknown_fields_are_counted_and_lists_not_read_are_left(export: Any) -> None:
    sessions = {"about": "", "list": [{}, {}]}
    one = chat(message(paid_stars_amount=5))
    found = export(account(sessions=sessions, chats={"about": "", "list": [one]}))
    found.read()
    assert found.source.tally.unknown == {"paid_stars_amount": 1}
    assert found.source.tally.left == {"sessions": 2}


def test_a_cut_file_gives_what_stands_before_the_cut(export: Any) -> None:
    raw = json.dumps(chat(*[message(id=n) for n in range(50)]), indent=1).encode()
    found = export(raw[: len(raw) // 2])
    with pytest.raises(BadInput, match="damaged JSON"):
        found.read()
    assert 20 <= len(found.rows) <= 25


def test_damaged_characters_cost_no_message(export: Any) -> None:
    raw = json.dumps(chat(*[message(text=f"T{n}", id=n) for n in range(4)])).encode()
    raw = raw.replace(b"T0", rb"\ud800 a").replace(b"T1", rb"\x1A b \\x41")
    raw = raw.replace(b"T2", b"\xff c").replace(b"T3", b"\x01 d")
    texts = [said["text"] for said in export(raw).read()]
    assert texts[0].endswith(" a")
    assert texts[1] == "\x1a b \\x41"
    assert texts[2:] == ["\ufffd c", "\ufffd d"]
    for text in texts:
        text.encode()


def test_a_text_of_50_mb_is_one_message(export: Any) -> None:
    found = export(chat(message(text="x" * 50_000_000)))
    [said] = found.read()
    assert len(said["text"]) == 50_000_000


def test_a_value_nested_a_million_deep_is_dropped(export: Any) -> None:
    bomb = b"[" * 200_000 + b"]" * 200_000
    raw = json.dumps(chat(message(text="ici", bomb="BOMB"))).encode().replace(b'"BOMB"', bomb)
    found = export(raw)
    assert [said["text"] for said in found.read()] == ["ici"]
    assert found.source.tally.unknown == {"bomb": 1}


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        (chat(), True),
        (account(personal_information=OWNER), True),
        ({"name": "x", "type": "DirectMessage", "messages": []}, False),
        ({"about": "me"}, False),
        ([chat()], False),
        ([], False),
    ],
)
def test_an_export_is_recognised_by_its_content(export: Any, document: Any, ours: bool) -> None:
    assert export(document).recognised() is ours


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KNOWN = st.sampled_from(
    [
        "id",
        "type",
        "date",
        "date_unixtime",
        "from",
        "from_id",
        "text",
        "poll",
        "contact_information",
        "members",
        "action",
        "actor_id",
        "location_information",
        "invoice_information",
        "media_type",
        "file",
        "photo",
        "edited",
        "forwarded_from",
    ]
)


@given(st.lists(st.dictionaries(KNOWN, JSON, max_size=6), max_size=4), JSON)
def test_no_message_however_strange_stops_the_reading(
    tmp_path_factory: pytest.TempPathFactory, messages: list[dict[str, Any]], header: Any
) -> None:
    path = tmp_path_factory.mktemp("tg") / "result.json"
    found = Export(path, json.dumps(chat(*messages, name=header)).encode())
    found.read()
    assert found.source.tally.records == len(messages)
    messages_in = len([r for r in found.rows if r.schema.name != "contact"])
    assert messages_in + len(found.reasons) == len(messages)
