"""Google Takeout, told by a file of each service in the form Google writes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.readers import google_takeout
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk, check_reader, member

AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)
LEA = {"name": "Léa B", "email": "lea@example.org", "user_type": "Human"}
KARIM = {"name": "Karim", "email": "karim@example.org", "user_type": "Human"}


class Read:
    """A file of an archive, and what reading it gave."""

    def __init__(self, name: str, document: Any, **beside: Any) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        siblings = {
            path: member(path, d if isinstance(d, bytes) else json.dumps(d).encode())
            for path, d in beside.items()
        }
        self.source = Source(member(name, content), siblings=siblings)
        self.rows = [r for r, _ in read_rows(google_takeout, self.source) if isinstance(r, Row)]

    def of(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]


# ---- Chat ----

FOLDER = "Google Chat/Groups/Space AAAA"


def chat(**more: Any) -> dict[str, Any]:
    return {
        "creator": KARIM,
        "created_date": "Saturday, June 1, 2024 at 10:00:00\u202fAM UTC",
        "text": "rdv à 18 h",
        "topic_id": "topic",
        "message_id": "AAAA/topic/one",
        **more,
    }


def chats(*messages: Any, **beside: Any) -> Read:
    info = {f"{FOLDER}/group_info.json": {"name": "Four", "members": [LEA, KARIM]}}
    return Read(f"{FOLDER}/messages.json", {"messages": list(messages)}, **info, **beside)


def test_a_message_of_chat_has_its_conversation_from_the_file_beside() -> None:
    found = chats(chat(), chat(created_date="samedi 1 juin 2024 à 10:00:00 UTC"))
    for said in found.of("message"):
        assert said["sent_at"] == AT
    assert (said["sender_id"], said["sender_name"]) == ("karim@example.org", "Karim")
    assert said["recipients"] == ["lea@example.org"]
    assert (said["thread_id"], said["thread_name"]) == ("Space AAAA", "Four")
    assert (said["app"], said["text"], said["zone"]) == ("google_chat", "rdv à 18 h", None)
    assert not found.source.tally.unknown


def test_a_file_in_chat_is_named_by_its_hash() -> None:
    files = [{"original_name": "1.png", "export_name": "File-1?account_id=3.png"}]
    found = chats(chat(attached_files=files), **{f"{FOLDER}/File-1_account_id=3.png": b"png"})
    [said] = found.of("message")
    assert (said["kind"], said["attachment_sha256"]) == ("image", member("", b"png").sha256())


def test_members_and_the_account_of_chat_are_contacts() -> None:
    members = Read("group_info.json", {"name": "Four", "members": [LEA, KARIM]})
    assert [c["name"] for c in members.of("contact")] == ["Léa B", "Karim"]
    account = Read("user_info.json", {"user": LEA, "membership_info": [{}, {}]})
    [lea] = account.of("contact")
    assert (lea["account"], lea["identifiers"]) == ("lea@example.org", ["lea@example.org"])
    assert account.source.tally.left == {"membership_info": 2}


# ---- Hangouts ----


def hangouts(*events: Any) -> dict[str, Any]:
    def person(number: str, name: str) -> dict[str, Any]:
        return {"id": {"gaia_id": number, "chat_id": number}, "fallback_name": name}

    own = {"self_read_state": {"participant_id": {"gaia_id": "1", "chat_id": "1"}}}
    inner = {
        "id": {"id": "Ugx"},
        "type": "STICKY_ONE_TO_ONE",
        "self_conversation_state": own,
        "participant_data": [person("1", "Léa"), person("2", "Karim")],
    }
    said = {"conversation_id": {"id": "Ugx"}, "conversation": inner}
    return {"conversations": [{"conversation": said, "events": list(events)}]}


def event(**more: Any) -> dict[str, Any]:
    return {
        "conversation_id": {"id": "Ugx"},
        "sender_id": {"gaia_id": "2", "chat_id": "2"},
        "timestamp": "1717236000000000",
        "event_id": "7-H0",
        "event_type": "REGULAR_CHAT_MESSAGE",
        **more,
    }


def test_a_message_of_hangouts_is_joined_from_its_segments() -> None:
    parts = [
        {"type": "TEXT", "text": "rdv"},
        {"type": "LINE_BREAK"},
        {"type": "LINK", "text": "https://x.example"},
    ]
    found = Read(
        "Hangouts.json", hangouts(event(chat_message={"message_content": {"segment": parts}}))
    )
    [said] = found.of("message")
    assert (said["text"], said["kind"]) == ("rdv\nhttps://x.example", "text")
    assert (said["sender_id"], said["sender_name"], said["recipients"]) == ("2", "Karim", ["1"])
    assert (said["sent_at"], said["thread_id"], said["account"]) == (AT, "Ugx", "1")
    assert [c["name"] for c in found.of("contact")] == ["Léa", "Karim"]
    assert not found.source.tally.unknown


def test_a_call_of_hangouts_begins_where_its_end_says() -> None:
    ended = {"event_type": "END_HANGOUT", "hangout_duration_secs": "120"}
    joined = event(event_type="ADD_USER", membership_change={"type": "JOIN", "participant_id": []})
    found = Read("Hangouts.json", hangouts(event(hangout_event=ended), joined))
    [call] = found.of("call")
    assert (call["caller"], call["callee"], call["duration_s"]) == ("2", "1", 120.0)
    assert call["started_at"] == datetime(2024, 6, 1, 9, 58, tzinfo=UTC)
    [line] = found.of("message")
    assert (line["kind"], line["text"]) == ("system", "ADD_USER JOIN")


# ---- Location History ----


def test_a_measure_has_its_place_its_precision_and_what_it_saw() -> None:
    measure = {
        "latitudeE7": 488500000,
        "longitudeE7": 23500000,
        "accuracy": 20,
        "source": "WIFI",
        "deviceTag": -123,
        "timestamp": "2024-06-01T10:00:00.123Z",
        "activeWifiScan": {"accessPoints": [{"mac": "12345678901234", "strength": -41}]},
        "activity": [{"activity": []}],
    }
    old = {"latitudeE7": 1, "longitudeE7": 4294967295, "timestampMs": "1717236000000"}
    found = Read("Records.json", {"locations": [measure, old, {"deviceTag": 1}]})
    first, second = found.of("position")
    assert (first["latitude"], first["longitude"], first["accuracy_m"]) == (48.85, 2.35, 20.0)
    assert (first["kind"], first["device"]) == ("wifi", "-123")
    assert first["observed"] == ["0b:3a:73:ce:2f:f2"]
    assert (second["at"], second["longitude"]) == (AT, -1e-07)
    assert [r.reason for r in found.source.tally.rejects] == ["no {field}"]
    assert not found.source.tally.unknown


def test_a_visit_and_a_movement_give_their_ends_and_their_path() -> None:
    place = {"latitudeE7": 488500000, "longitudeE7": 23500000, "name": "Entrepôt"}
    lasted = {"startTimestamp": "2024-06-01T10:00:00Z", "endTimestampMs": "1717239600000"}
    point = {"latE7": 1, "lngE7": 2, "accuracyMeters": 5, "timestamp": "2024-06-01T10:30:00Z"}
    objects = [
        {"placeVisit": {"location": place, "duration": lasted, "childVisits": [{}]}},
        {
            "activitySegment": {
                "startLocation": place,
                "endLocation": {},
                "duration": lasted,
                "simplifiedRawPath": {"points": [point]},
                "waypointPath": {"waypoints": [{"latE7": 1, "lngE7": 2}]},
            }
        },
        {"activitySegment": {"startLocation": {}, "duration": lasted}},
    ]
    found = Read("2024_JUNE.json", {"timelineObjects": objects})
    hours = [(p["at"].hour, p["at"].minute) for p in found.of("position")]
    assert hours == [(10, 0), (11, 0), (10, 0), (10, 30)]
    assert found.source.tally.left == {
        "points of paths without a time": 1,
        "segments without a place": 1,
    }


def test_the_timeline_of_an_android_phone() -> None:
    times = {
        "startTime": "2024-06-01T12:00:00.000+02:00",
        "endTime": "2024-06-01T13:00:00.000+02:00",
    }
    path = [{"point": "48.85°, 2.35°", "time": "2024-06-01T12:10:00.000+02:00"}]
    place = {"placeLocation": {"latLng": "48.85°, 2.35°"}, "placeId": "x"}
    signals = [
        {
            "position": {
                "LatLng": "48.85°, 2.35°",
                "accuracyMeters": 13,
                "source": "GPS",
                "timestamp": "2024-06-01T12:00:00.000+02:00",
            }
        },
        {
            "wifiScan": {
                "deliveryTime": "2024-06-01T12:00:00.000+02:00",
                "devicesRecords": [{"mac": 255, "rawRssi": -70}],
            }
        },
        {"activityRecord": {"probableActivities": []}},
    ]
    document = {
        "semanticSegments": [
            {**times, "timelinePath": path},
            {**times, "visit": {"topCandidate": place}},
            {**times, "activity": {"start": {"latLng": "1.0°, 2.0°"}, "end": {"latLng": "3°, 4°"}}},
        ],
        "rawSignals": signals,
        "userLocationProfile": {"frequentPlaces": []},
    }
    found = Read("Timeline.json", document)
    rows = found.of("position")
    assert len(rows) == 1 + 2 + 2 + 2
    assert (rows[0]["at"].minute, rows[0]["latitude"], rows[0]["zone"]) == (10, 48.85, "+02:00")
    assert (rows[3]["latitude"], rows[4]["longitude"]) == (1.0, 4.0)
    measured, seen = rows[5:]
    assert (measured["kind"], measured["accuracy_m"], measured["at"]) == ("gps", 13.0, AT)
    assert (seen["kind"], seen["observed"]) == ("wifi", ["00:00:00:00:00:ff"])
    assert not found.source.tally.unknown


def test_the_timeline_of_an_iphone() -> None:
    document = [
        {
            "startTime": "2024-06-01T12:00:00.000+02:00",
            "endTime": "2024-06-01T14:00:00.000+02:00",
            "timelinePath": [
                {"point": "geo:48.850000,2.350000", "durationMinutesOffsetFromStartTime": "15"}
            ],
        },
        {
            "startTime": "2024-06-01T12:00:00Z",
            "endTime": "2024-06-01T13:00:00Z",
            "visit": {"topCandidate": {"placeLocation": "geo:1.0,-2.0", "placeID": "x"}},
        },
    ]
    path, arrived, left = Read("location-history.json", document).of("position")
    assert (path["at"], path["latitude"]) == (datetime(2024, 6, 1, 10, 15, tzinfo=UTC), 48.85)
    assert (arrived["at"].hour, left["at"].hour, left["longitude"]) == (12, 13, -2.0)


# ---- Voice ----


def texts(*inside: str) -> bytes:
    return (
        '<?xml version="1.0" ?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><html><head><title>Karim</title>'
        f'</head>\n<body><div class="hChatLog hfeed">\n{"".join(inside)}</div>\n'
        '<div class="tags">Labels: <a rel="tag" href="http://www.google.com/voice#sms">Text</a>'
        "</div></body></html>"
    ).encode()


def text(number: str, name: str, words: str) -> str:
    tag = (
        f'<abbr class="fn" title="">{name}</abbr>'
        if name == "Me"
        else f'<span class="fn">{name}</span>'
    )
    return (
        '<div class="message">'
        '<abbr class="dt" title="2024-06-01T12:00:00.000+02:00">Jun 1</abbr>:\n'
        f'<cite class="sender vcard"><a class="tel" href="tel:{number}">{tag}</a></cite>:\n'
        f"<q>{words}</q>\n</div> "
    )


def call(label: str, more: str = "") -> bytes:
    return (
        f'<html><head><title>x</title></head><body><div class="haudio"><span class="fn">x</span>'
        '<div class="contributor vcard"><a class="tel" href="tel:+33611"><span class="fn">Karim'
        '</span></a></div>\n<abbr class="published" title="2024-06-01T12:00:00.000+02:00">x</abbr>'
        f'{more}<div class="tags">Labels: <a rel="tag" '
        f'href="http://www.google.com/voice#{label}">x</a></div></div></body></html>'
    ).encode()


def test_a_page_of_texts_tells_both_ends() -> None:
    content = texts(text("+33611", "Karim", "t&#39;es où<br>?"), text("+33699", "Me", "j'arrive"))
    theirs, mine = Read("Karim - Text - x.html", content).of("message")
    assert (theirs["text"], theirs["sender_id"], theirs["sender_name"]) == (
        "t'es où\n?",
        "+33611",
        "Karim",
    )
    assert (theirs["recipients"], theirs["account"]) == (["+33699"], "+33699")
    assert (mine["sender_id"], mine["recipients"]) == ("+33699", ["+33611"])
    assert (mine["sent_at"], mine["zone"], mine["thread_id"]) == (AT, "+02:00", "+33611")


@pytest.mark.parametrize(
    ("label", "direction", "ends"),
    [
        ("placed", "out", ("owner", "+33611")),
        ("received", "in", ("+33611", "owner")),
        ("missed", "missed", ("+33611", "owner")),
    ],
)
def test_a_page_of_a_call(label: str, direction: str, ends: tuple[str, str]) -> None:
    content = call(label, '<abbr class="duration" title="PT1M5S">(00:01:05)</abbr>')
    [made] = Read("x.html", content).of("call")
    assert (made["caller"], made["callee"]) == ends
    assert (made["direction"], made["duration_s"], made["started_at"]) == (direction, 65.0, AT)


def test_a_voicemail_is_a_message_with_what_was_made_of_its_words() -> None:
    more = '<span class="full-text">rappelle</span><audio src="v.mp3"/>'
    [said] = Read("v.html", call("voicemail", more), **{"v.mp3": b"mp3"}).of("message")
    assert (said["kind"], said["text"], said["sender_id"]) == ("voice", "rappelle", "+33611")
    assert said["attachment_sha256"] == member("", b"mp3").sha256()


# ---- all ----


def test_the_desk_reads_a_timeline_into_positions(desk: Desk) -> None:
    measures = [{"latitudeE7": 1, "longitudeE7": 2, "timestamp": "2024-06-01T10:00:00Z"}] * 20
    added = desk.add("Records.json", json.dumps({"locations": [*measures, "?"]}))
    assert added.exhibit is not None
    assert added.exhibit.readers == ("google_takeout",)
    assert added.exhibit.tables["position"]["rows"] == 20


def test_a_cut_file_gives_what_stands_before_the_cut() -> None:
    raw = json.dumps({"messages": [chat()] * 40}).encode()
    source = Source(member("messages.json", raw[: len(raw) // 2]))
    rows = []
    with pytest.raises(BadInput, match="damaged JSON"):
        rows += [1 for _ in read_rows(google_takeout, source)]
    assert source.tally.records >= 18


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        ({"messages": [chat()]}, True),
        (hangouts(event()), True),
        ({"locations": [{"latitudeE7": 1, "longitudeE7": 2}]}, True),
        ({"locations": [{"lat": 1, "lon": 2}]}, False),
        ({"messages": [{"creator": "x", "text": "y"}]}, False),
        ({"members": [{"name": "x"}]}, False),
        ([{"startTime": "a", "endTime": "b", "activity": "running"}], False),
        ([{"latitudeE7": 1}], False),
    ],
)
def test_it_is_recognised_by_its_content(document: Any, ours: bool) -> None:
    content = json.dumps(document).encode()
    assert google_takeout.detect(Head.of(member("x", content))) is ours


def test_it_conforms() -> None:
    check_reader(google_takeout)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
CHAT = ("creator", "created_date", "text", "attached_files", "reactions", "updated_date")
HANGOUT = ("sender_id", "timestamp", "hangout_event", "chat_message", "membership_change")
MEASURE = ("latitudeE7", "longitudeE7", "timestamp", "accuracy", "activeWifiScan", "source")
OBJECT = ("placeVisit", "activitySegment")
SEGMENT = ("startTime", "endTime", "visit", "activity", "timelinePath")
INNER = ("duration", "location", "startLocation", "simplifiedRawPath", "childVisits", "start")


def strange(keys: tuple[str, ...]) -> st.SearchStrategy[Any]:
    inner = st.dictionaries(st.sampled_from(INNER), JSON, max_size=3)
    return st.lists(
        st.dictionaries(st.sampled_from(keys), JSON | inner, max_size=5) | JSON, max_size=3
    )


@given(strange(CHAT), strange(HANGOUT), strange(MEASURE), strange(OBJECT), strange(SEGMENT))
def test_no_record_however_strange_stops_the_reading(
    messages: list[Any],
    events: list[Any],
    measures: list[Any],
    objects: list[Any],
    parts: list[Any],
) -> None:
    known = {"latitudeE7": 1, "longitudeE7": 1}
    for name, document, n in (
        ("a/messages.json", {"messages": [chat(), *messages]}, 1 + len(messages)),
        ("Hangouts.json", hangouts(event(), *events), 3 + len(events)),
        ("Records.json", {"locations": [known, *measures]}, 1 + len(measures)),
        ("x.json", {"semanticSegments": [{"startTime": 1}, *parts]}, 1 + len(parts)),
        (
            "s.json",
            {"timelineObjects": [{"placeVisit": {"duration": 1}}, *objects]},
            1 + len(objects),
        ),
    ):
        assert Read(name, document).source.tally.records == n
