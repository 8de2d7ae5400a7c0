"""Messenger and Instagram archives in JSON, told by examples in the form Meta writes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.meta_text import mend
from faisceau.evidence.readers import meta_messages
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

THREAD = "your_facebook_activity/messages/inbox/karim_10203"
AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
MS = 1717236000000


def as_meta(value: Any) -> bytes:
    """The bytes Meta writes: each byte of the UTF-8 text as an escaped character of its own."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(json.loads(text.encode().decode("latin-1")), indent=2).encode()


def thread(*messages: Any, **more: Any) -> dict[str, Any]:
    return {
        "participants": [{"name": "Karim"}, {"name": "Léa B"}],
        "messages": list(messages),
        "title": "Karim",
        "is_still_participant": True,
        "thread_path": "inbox/karim_10203",
        "magic_words": [],
        **more,
    }


def message(**more: Any) -> dict[str, Any]:
    return {"sender_name": "Léa B", "timestamp_ms": MS, "is_geoblocked_for_viewer": False, **more}


def encrypted(*messages: dict[str, Any]) -> dict[str, Any]:
    plain = {"isUnsent": False, "media": [], "reactions": [], "senderName": "Karim", "type": "text"}
    said = [{**plain, "timestamp": MS, "text": "", **m} for m in messages]
    return {"participants": ["Léa B", "Karim"], "threadName": "Karim_15", "messages": said}


class Read:
    """A file of an archive, and what reading it gave."""

    def __init__(self, name: str, content: bytes, **beside: bytes) -> None:
        siblings: dict[str, Member] = {path: member(path, data) for path, data in beside.items()}
        self.source = Source(member(name, content), siblings=siblings)
        self.rows = [row for row, _ in read_rows(meta_messages, self.source)]

    def of(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if isinstance(r, Row) and r.schema.name == table]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.of("message")


def read(document: Any, name: str = f"{THREAD}/message_1.json", **beside: Any) -> Read:
    return Read(name, as_meta(document), **beside)


def test_a_message_has_its_words_its_thread_and_both_ends() -> None:
    found = read(thread(message(content="Rdv à 18 h, près du marché 🌿")))
    [said] = found.messages
    assert said["text"] == "Rdv à 18 h, près du marché 🌿"
    assert (said["sender_id"], said["sender_name"]) == ("Léa B", "Léa B")
    assert said["recipients"] == ["Karim"]
    assert said["sent_at"] == AT
    assert (said["thread_id"], said["thread_name"]) == ("inbox/karim_10203", "Karim")
    assert (said["app"], said["kind"], said["deleted"]) == ("messenger", "text", None)
    assert not found.source.tally.unknown


def test_instagram_is_told_by_its_folder_and_old_threads_by_theirs() -> None:
    old = thread(message(content="a"))
    del old["thread_path"]
    found = read(old, name="your_instagram_activity/messages/inbox/karim_3/message_1.json")
    assert (found.messages[0]["app"], found.messages[0]["thread_id"]) == (
        "instagram",
        "inbox/karim_3",
    )


@pytest.mark.parametrize(
    ("carried", "kind"),
    [
        ({"photos": [{"uri": f"{THREAD}/photos/1.jpg", "creation_timestamp": 1}]}, "image"),
        ({"videos": [{"uri": f"{THREAD}/videos/1.mp4", "thumbnail": {"uri": "x"}}]}, "video"),
        ({"audio_files": [{"uri": f"{THREAD}/audio/1.mp4"}]}, "voice"),
        ({"files": [{"uri": f"{THREAD}/files/1.pdf"}]}, "file"),
        ({"gifs": [{"uri": f"{THREAD}/gifs/1.gif"}]}, "image"),
        ({"sticker": {"uri": f"{THREAD}/stickers_used/1.png", "ai_stickers": []}}, "image"),
    ],
)
def test_an_attachment_in_the_exhibit_is_named_by_its_hash(
    carried: dict[str, Any], kind: str
) -> None:
    [[first, *_]] = [c if isinstance(c, list) else [c] for c in carried.values()]
    beside: dict[str, Any] = {first["uri"]: b"bytes"}
    [said] = read(thread(message(**carried)), **beside).messages
    assert said["kind"] == kind
    assert said["attachment_sha256"] == member("", b"bytes").sha256()
    [absent] = read(thread(message(**carried))).messages
    assert (absent["kind"], absent["attachment_sha256"]) == (kind, None)


def test_further_attachments_reactions_and_addresses_are_counted() -> None:
    photos = [{"uri": f"{THREAD}/photos/{n}.jpg"} for n in range(3)]
    liked = [{"reaction": "👍", "actor": "Karim"}, {"reaction": "❤", "actor": "Léa B"}]
    found = read(thread(message(photos=photos, reactions=liked, ip="2001:db8::1")))
    assert found.source.tally.left == {
        "further attachments of a message": 2,
        "reactions to messages": 2,
        "addresses (IP) of senders": 1,
    }


def test_what_was_shared_follows_the_words() -> None:
    share = {"link": "https://maps.example/1", "share_text": "Entrepôt"}
    said = read(thread(message(content="ici", share=share))).messages[0]
    assert said["text"] == "ici\nhttps://maps.example/1\nEntrepôt"


def test_a_call_between_two_is_a_call_and_in_a_group_a_line() -> None:
    call = message(content="Léa B vous a appelé.", call_duration=95)
    found = read(thread(call, message(type="Call", call_duration=0, missed=True)))
    rang, missed = found.of("call")
    assert (rang["caller"], rang["callee"], rang["duration_s"]) == ("Léa B", "Karim", 95.0)
    assert (rang["started_at"], rang["direction"], missed["direction"]) == (AT, None, "missed")
    three = [{"name": n} for n in ("Karim", "Léa B", "Momo")]
    [line] = read(thread(call, participants=three)).messages
    assert (line["kind"], line["recipients"]) == ("system", ["Karim", "Momo"])


def test_a_message_taken_back_is_deleted_and_joining_is_a_line_of_the_system() -> None:
    joined = message(type="Subscribe", content="Karim a ajouté Momo.", users=[{"name": "Momo"}])
    gone, line = read(thread(message(is_unsent=True), joined)).messages
    assert (gone["deleted"], gone["text"]) == (True, None)
    assert (line["kind"], line["text"]) == ("system", "Karim a ajouté Momo.")


def test_an_encrypted_chat_is_read_as_it_is_written() -> None:
    document = encrypted(
        {"text": "caché à l'hôtel"},
        {"media": [{"uri": "./media/1.jpeg"}], "type": "media", "reactions": [{"actor": "x"}]},
        {"isUnsent": True, "type": "placeholder", "text": "Karim unsent a message"},
    )
    content = json.dumps(document, ensure_ascii=False).encode()
    found = Read("messages/Karim_15.json", content, **{"messages/media/1.jpeg": b"jpeg"})
    said, photo, gone = found.messages
    assert (said["text"], said["thread_id"]) == ("caché à l'hôtel", "Karim_15")
    assert (said["sender_id"], said["recipients"]) == ("Karim", ["Léa B"])
    assert (photo["kind"], photo["attachment_sha256"]) == ("image", member("", b"jpeg").sha256())
    assert gone["deleted"] is True
    assert found.source.tally.left == {"reactions to messages": 1}
    assert not found.source.tally.unknown


def test_what_is_no_message_is_rejected_and_unknown_fields_are_counted() -> None:
    found = read(thread("?", message(content="a", payment={}), more=1))
    assert len(found.messages) == 1
    assert [r.reason for r in found.source.tally.rejects] == ["not a message"]
    assert found.source.tally.unknown == {"payment": 1, "more": 1}


def test_the_desk_rejects_a_message_without_time(desk: Desk) -> None:
    document = thread(message(content="a"), {"sender_name": "x", "content": "sans date"})
    added = desk.add("message_1.json", as_meta(document))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("meta_messages",)
    assert added.exhibit.tables == {"message": {"rows": 1, "rejected": 1}}


def test_a_cut_file_gives_what_stands_before_the_cut(desk: Desk) -> None:
    raw = as_meta(thread(*[message(content=f"m{n}") for n in range(50)]))
    added = desk.add("message_1.json", raw[: len(raw) // 2])
    assert added.exhibit is not None
    assert 20 <= added.exhibit.tables["message"]["rows"] <= 25


@given(st.text())
def test_every_text_comes_back_from_what_meta_makes_of_it(text: str) -> None:
    wrong = text.encode().decode("latin-1")
    assert mend(wrong) == text
    assert mend(wrong).encode().decode("latin-1") == wrong


@given(st.text(st.characters(codec="utf-8", min_codepoint=0x100), min_size=1))
def test_a_text_that_was_well_encoded_stays(text: str) -> None:
    assert mend(text) == text
    assert mend(text + "é") == text + "é"


@given(st.text(min_size=1), st.integers(1, 3))
def test_a_text_cut_inside_a_character_keeps_what_is_whole(text: str, cut: int) -> None:
    raw = (text + "é\U0001f33f").encode()
    assert mend(raw[:-cut].decode("latin-1")).startswith(text + "é")


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        (thread(message()), True),
        (encrypted({}), True),
        ({"messages": [{"sender_name": "a", "timestamp_ms": 1}]}, False),
        ({"messages": [{"senderName": "a", "timestamp": 1}]}, False),
        ([{"sender_name": "a", "timestamp_ms": 1}], False),
        ({"participants": [], "messages": [{"text": '"sender_name"'}]}, False),
    ],
)
def test_it_is_recognised_by_its_content(document: Any, ours: bool) -> None:
    assert meta_messages.detect(Head.of(member("x", as_meta(document)))) is ours


def test_it_conforms() -> None:
    check_reader(meta_messages)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = "sender_name timestamp_ms content photos sticker share users call_duration media ip type"
STRANGE = st.dictionaries(st.sampled_from(KEYS.split()), JSON, max_size=6)


@given(st.lists(STRANGE, max_size=4), JSON, JSON)
def test_no_message_however_strange_is_lost(messages: list[Any], people: Any, title: Any) -> None:
    document = {"participants": people, "title": title, "messages": messages}
    found = Read(str(Path("a/b/message_1.json")), json.dumps(document).encode())
    tally = found.source.tally
    assert tally.records == len(messages)
    assert len(found.rows) + len(tally.rejects) == len(messages)
