"""Snapchat archives, told by the files of each generation."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import snapchat
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
ACCOUNT = {
    "Basic Information": {
        "Username": "lea_b",
        "Name": "Léa",
        "Creation Date": "2019-01-01 10:00:00 UTC",
        "Registration IP": "2001:db8::1",
        "Country": "FR",
        "Last Active": "",
    },
    "Device Information": {"Make": "Apple", "Model ID": "iPhone14,5", "OS Type": "iOS"},
    "Device History": [{"Make": "Samsung", "Model": "SM-A32", "Start Time": "x"}],
    "Login History": [{"IP": "2001:db8::1", "Created": "2024-06-01 10:00:00 UTC"}],
}


def said(**more: Any) -> dict[str, Any]:
    return {
        "From": "karim_93",
        "Media Type": "TEXT",
        "Created": "2024-06-01 10:00:00 UTC",
        "Content": "c'est bon",
        "Conversation Title": None,
        "IsSender": False,
        "Created(microseconds)": 1717236000123,
        "IsSaved": True,
        "Media IDs": "",
        **more,
    }


class Read:
    """A file of an archive, and what reading it gave."""

    def __init__(self, name: str, document: Any, **beside: bytes) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        siblings = {path: member(path, data) for path, data in beside.items()}
        self.source = Source(member(name, content), siblings=siblings)
        self.rows = [r for r, _ in read_rows(snapchat, self.source) if isinstance(r, Row)]

    def of(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.of("message")


def chats(document: Any, **beside: bytes) -> Read:
    account = {"json/account.json": json.dumps(ACCOUNT).encode()}
    return Read("json/chat_history.json", document, **account, **beside)


def test_a_message_has_both_ends_and_its_thousandths() -> None:
    mine = said(From="lea_b", IsSender=True, Content="ok")
    found = chats({"karim_93": [said(), mine]})
    theirs, answer = found.messages
    assert (theirs["text"], theirs["sender_id"], theirs["recipients"]) == (
        "c'est bon",
        "karim_93",
        ["lea_b"],
    )
    assert theirs["sent_at"] == datetime(2024, 6, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert (answer["sender_id"], answer["recipients"]) == ("lea_b", ["karim_93"])
    assert (theirs["thread_id"], theirs["thread_name"]) == ("karim_93", "karim_93")
    assert (theirs["app"], theirs["kind"], theirs["account"]) == ("snapchat", "text", "lea_b")
    assert not found.source.tally.unknown


def test_a_group_is_named_and_its_members_are_not() -> None:
    group = "0a1b2c3d-0000-4000-8000-0123456789ab"
    [message] = chats({group: [said(**{"Conversation Title": "Four"})]}).messages
    assert (message["thread_id"], message["thread_name"]) == (group, "Four")
    assert message["recipients"] is None


def test_an_older_archive_is_told_apart_by_direction() -> None:
    plain = {"Media Type": "TEXT", "Created": "2021-01-01 12:00:00 UTC", "Text": "j&#39;arrive"}
    document = {
        "Received Saved Chat History": [{"From": "karim_93", **plain}],
        "Sent Saved Chat History": [{"To": "karim_93", **plain}],
    }
    received, sent = chats(document).messages
    assert received["text"] == "j'arrive"
    assert (received["sender_id"], received["recipients"]) == ("karim_93", ["lea_b"])
    assert (sent["sender_id"], sent["recipients"]) == ("lea_b", ["karim_93"])
    assert received["thread_id"] == sent["thread_id"] == "karim_93"


def test_without_the_account_the_holder_is_the_owner() -> None:
    document = {
        "Sent Snap History": [{"To": "k", "Media Type": "IMAGE", "Created": said()["Created"]}]
    }
    [snap] = Read("snap_history.json", document).messages
    assert (snap["sender_id"], snap["recipients"], snap["account"]) == ("owner", ["k"], None)
    assert (snap["kind"], snap["text"], snap["sent_at"]) == ("image", None, AT)


def test_a_file_of_the_archive_is_named_by_its_hash() -> None:
    ids = "b~EiQ | b~Two"
    document = {"karim_93": [said(**{"Media Type": "MEDIA", "Media IDs": ids, "Content": ""})]}
    found = Read("chat_history.json", document, **{"chat_media/2024-06-01_b~EiQ.mp4": b"mp4"})
    [message] = found.messages
    assert (message["kind"], message["text"]) == ("video", None)
    assert message["attachment_sha256"] == member("", b"mp4").sha256()
    assert found.source.tally.left == {"further attachments of a message": 1}


def test_an_erased_message_is_a_line_of_the_system() -> None:
    [line] = chats({"k": [said(**{"Media Type": "STATUSERASEDMESSAGE", "Content": None})]}).messages
    assert (line["kind"], line["deleted"], line["text"]) == ("system", True, "STATUSERASEDMESSAGE")


def test_the_account_gives_its_holder_and_devices() -> None:
    found = Read("account.json", ACCOUNT)
    [holder] = found.of("contact")
    assert (holder["name"], holder["identifiers"]) == ("Léa", ["lea_b"])
    apple, samsung = found.of("handset")
    assert (apple["make"], apple["model"], apple["os"]) == ("Apple", "iPhone14,5", "iOS")
    assert (samsung["model"], samsung["accounts"]) == ("SM-A32", ["lea_b"])
    assert found.source.tally.left == {"addresses (IP) of the account": 1, "Login History": 1}


def test_friends_of_every_list_are_contacts() -> None:
    friend = {"Username": "karim_93", "Display Name": "Karim", "Creation Timestamp": "x"}
    document = {"Friends": [friend], "Blocked Users": [{**friend, "Username": "momo"}]}
    found = Read("friends.json", document)
    assert [c["identifiers"] for c in found.of("contact")] == [["karim_93"], ["momo"]]
    assert not found.source.tally.unknown


def test_the_place_of_a_memory_is_a_position() -> None:
    plain = {"Date": "2024-06-01 10:00:00 UTC", "Media Type": "Image", "Download Link": "x"}
    document = {
        "Saved Media": [
            {**plain, "Location": "Latitude, Longitude: 48.85, 2.35"},
            {**plain, "Location": "Latitude, Longitude: 0.0, 0.0"},
        ]
    }
    found = Read("memories_history.json", document)
    [place] = found.of("position")
    assert (place["at"], place["latitude"], place["longitude"]) == (AT, 48.85, 2.35)
    assert found.source.tally.left == {"memories without a place": 1}


CARDS = """<!DOCTYPE html><html><head><style>h4 {margin: 0}</style></head><body>
<div class='rightpanel'><h1>Karim</h1>
<div style='background: #f2f2f2;'><span><div><h4>karim_93</h4></div></span><h6>TEXT</h6>
<p>c&#39;est bon</p><h6>2024-06-01 10:00:00 UTC</h6></div>
<div style='background: #f2f2f2;'><div><h4>lea_b</h4></div><h6>MEDIA</h6>
<h6>2024-06-01 10:01:00 UTC</h6></div></div></body></html>"""

TABLE = """<html><body><h1>Snap History</h1><h4>Received Snap History</h4>
<table><tbody><tr><th><b>From</b></th><th><b>Media Type</b></th><th><b>Created</b></th></tr>
<tr><td>karim_93</td><td>IMAGE</td><td>2024-06-01 10:00:00 UTC</td></tr></tbody></table>
<h4>Sent Snap History</h4>
<table><tbody><tr><th><b>To</b></th><th><b>Media Type</b></th><th><b>Created</b></th></tr>
<tr><td>momo</td><td>VIDEO</td><td>2024-06-01 10:00:00 UTC</td></tr></tbody></table>
</body></html>"""


def test_the_cards_of_a_conversation_page_are_messages() -> None:
    found = Read("html/chat_history/subpage_karim_93.html", CARDS.encode())
    theirs, mine = found.messages
    assert (theirs["text"], theirs["sender_id"], theirs["sent_at"]) == ("c'est bon", "karim_93", AT)
    assert theirs["thread_id"] == "karim_93"
    assert (mine["kind"], mine["sender_id"], mine["recipients"]) == ("file", "lea_b", ["karim_93"])


def test_the_tables_of_an_older_page_are_messages() -> None:
    received, sent = Read("html/snap_history.html", TABLE.encode()).messages
    assert (received["sender_id"], received["kind"], received["sent_at"]) == (
        "karim_93",
        "image",
        AT,
    )
    assert (sent["recipients"], sent["kind"]) == (["momo"], "video")


def test_the_desk_reads_an_archive_and_loses_nothing(desk: Desk) -> None:
    added = desk.add("chat_history.json", json.dumps({"k": [said(), said(Created=None)] * 2}))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("snapchat",)
    broken = {"k": [{"From": "k", "Media Type": "TEXT", "Created": "hier"}, "?"]}
    added = desk.add("b.json", json.dumps(broken))
    assert added.exhibit is not None
    assert added.exhibit.tables == {"message": {"rows": 0, "rejected": 2}}


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (json.dumps({"k": [said()]}), True),
        (json.dumps({"Friends": [], "Blocked Users": []}), True),
        (json.dumps(ACCOUNT), True),
        (CARDS, True),
        (TABLE, True),
        (json.dumps([said()]), False),
        (json.dumps({"Friends": []}), False),
        (json.dumps({"users": [{"Username": "a"}]}), False),
        ("<html><body><h4>a</h4><p>2024-06-01 10:00:00 UTC</p></body></html>", False),
    ],
)
def test_it_is_recognised_by_its_content(content: str, ours: bool) -> None:
    assert snapchat.detect(Head.of(member("x", content.encode()))) is ours


def test_it_conforms() -> None:
    check_reader(snapchat)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = ("From", "To", "Media Type", "Created", "Created(microseconds)", "IsSender", "Media IDs")
STRANGE = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)


@given(st.lists(STRANGE | JSON, max_size=4))
def test_no_message_however_strange_stops_the_reading(items: list[Any]) -> None:
    found = Read("chat_history.json", {"karim_93": items})
    tally = found.source.tally
    assert (
        tally.records
        == len(found.rows) + len(tally.rejects) + tally.left["memories without a place"]
    )
