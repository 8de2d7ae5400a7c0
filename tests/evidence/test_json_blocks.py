"""Records read together, column by column, give what they give read one by one."""

import io
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence import json_blocks
from faisceau.evidence.readers import (
    google_takeout,
    meta_messages,
    meta_profile,
    telegram_desktop,
)
from faisceau.evidence.readers import snapchat as snapchat_reader
from faisceau.evidence.reading import Head, Member, Reader, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.tables.schemas.schema import Schema
from faisceau.testing import Desk

Variants = Mapping[str, list[Any]]

TELEGRAM: Variants = {
    "id": [1, 7, "8", None],
    "type": ["message", "message", "message", "service", "unsupported", None],
    "date": ["2026-01-01T13:00:00", "2026-03-29T02:30:00", "2026-01-01T13:00:00+01:00", "x", None],
    "date_unixtime": ["1767268800", 1767268800, "", "1e9", "99999999999", None],
    "from": ["Max", "", None, 3],
    "from_id": ["user7", "user3", "channel9", 3, None],
    "text": ["bonjour", "", ["a ", {"type": "bold", "text": "b"}], [3], None],
    "edited": ["2026-01-01T13:05:00", "1970-01-01T03:00:00", None],
    "edited_unixtime": ["1767269100", None],
    "reply_to_message_id": [4, "5", "", None],
    "forwarded_from": ["Eve", None],
    "reactions": [[{"count": 2}, {}], [], "?"],
    "photo": ["photos/a.jpg", "(File not included)", "", None],
    "file": ["files/a.ogg", None, 3],
    "media_type": ["voice_message", "sticker", "new"],
    "mime_type": ["image/webp", "video/mp4", None],
    "title": ["Chanson"],
    "sticker_emoji": ["x"],
    "file_name": ["a.ogg"],
    "place_name": ["Port"],
    "action": ["phone_call", "pin_message"],
    "actor_id": ["user7", "user3"],
    "text_entities": [[]],
    "novelty": [1],
}
OLD_META: Variants = {
    "sender_name": ["Max", "Zo\u00c3\u00ab", "", None, 3],
    "timestamp_ms": [1767268800000, "1767268800000", 1.5, -1, 10**20, "", None],
    "content": ["ok", "d\u00c3\u00a9j\u00c3\u00a0", "", None, {"a": 1}],
    "type": ["Generic", "Call", "Subscribe", None],
    "call_duration": [12],
    "is_unsent": [False, True, None],
    "photos": [[], [{"uri": "a/b.jpg"}], None],
    "reactions": [[{"reaction": "x", "actor": "Max"}] * 2, [], None],
    "ip": ["192.0.2.1", ""],
    "share": [{"link": "https://example.org"}],
    "text": ["new"],
    "novelty": [1],
}
NEW_META: Variants = {
    "senderName": ["Max", "Zoé", "", None],
    "timestamp": [1767268800000, "x", None],
    "text": ["ok", "", None],
    "isUnsent": [False, True, "yes"],
    "media": [[], [{"uri": "./a.jpg"}]],
    "reactions": [[], [{}]],
    "type": ["text", "link"],
    "content": ["old"],
}


SNAPCHAT: Variants = {
    "From": ["p1", "moi", "", None, 3],
    "Media Type": ["TEXT", "media", "STATUSERASEDMESSAGE", "NOTE", "", None, 3],
    "Created": ["2026-01-01 12:00:00 UTC", "2026-01-01 12:00:00", "1960-01-01 12:00:00 UTC", "x"],
    "Content": ["ok", "", None],
    "Conversation Title": [None, "Le groupe", ""],
    "IsSender": [False, True, "yes", None],
    "Created(microseconds)": [1767268800000, 1767268800000000, 0, -5, 10**17, "x", None],
    "Media IDs": ["", "a | b", None],
    "IsSaved": [True],
    "To": ["p2", ""],
    "Text": ["l&#39;ami"],
    "Username": ["p3"],
    "novelty": [1],
}
LOCATIONS: Variants = {
    "latitudeE7": [488500000, "488500000", 4294967295, -1900000000, "x", "", None],
    "longitudeE7": [23500000, 1.5, None],
    "accuracy": [12, 12.5, "12", "x", None],
    "source": ["WIFI", "gps", "UNKNOWN", "", None, 3],
    "timestamp": [
        "2026-01-01T12:00:00.000Z",
        "2026-01-01T12:00:00+02:00",
        "2026-01-01T12:00:00",
        "1960-01-01T12:00:00Z",
        "x",
        None,
    ],
    "timestampMs": ["1767268800000", 1767268800000, "x", "99999999999999999999", None],
    "deviceTag": [-12, "7", None],
    "activity": [[{}]],
    "activeWifiScan": [{"accessPoints": [{"mac": "1"}]}, {}],
    "novelty": [1],
}
FRIENDS: Variants = {
    "name": ["Max", "Zo\u00c3\u00ab", "", None, 3],
    "timestamp": [1767268800],
    "title": ["", "zoe", "Zo\u00c3\u00ab", None],
    "contact_info": ["zoe@example.org", "", None],
    "string_list_data": [
        [{"href": "https://example.org/zoe", "value": "zoe", "timestamp": 1}],
        [{"href": "https://example.org/zo\u00c3\u00ab"}],
        [{}],
        [],
    ],
    "details": [[{"contact_point": "+33639980001"}]],
    "string_map_data": [{"Nom": {"value": "Zo"}}],
    "media_list_data": [[]],
    "novelty": [1],
}


def snapchat(messages: list[Any]) -> dict[str, Any]:
    first = {"Media Type": "TEXT", "Created": "2026-01-01 12:00:00 UTC"}
    return {"p2": [first, *messages], "00000000-0000-0000-0000-000000000000": messages[:20]}


def locations(records: list[Any]) -> dict[str, Any]:
    return {"locations": [{"latitudeE7": 1, "longitudeE7": 1}, *records]}


def friends(people: list[Any]) -> dict[str, Any]:
    return {"friends_v2": [{"name": "a", "timestamp": 1}, *people]}


def telegram(messages: list[Any]) -> dict[str, Any]:
    return {"name": "Max", "type": "personal_chat", "id": 7, "messages": messages}


def old_meta(messages: list[Any]) -> dict[str, Any]:
    first = {"sender_name": "Max", "timestamp_ms": 1, "content": "a"}
    people = [{"name": "Max"}, {"name": "Zo\u00c3\u00ab"}]
    return {"participants": people, "messages": [first, *messages], "title": "Max"}


def new_meta(messages: list[Any]) -> dict[str, Any]:
    first = {"senderName": "Max", "timestamp": 1, "text": "a", "isUnsent": False}
    return {"participants": ["Max", "Zoé"], "messages": [first, *messages], "threadName": "Max"}


FORMS = {
    "telegram": (telegram_desktop, telegram, TELEGRAM),
    "old Meta": (meta_messages, old_meta, OLD_META),
    "Snapchat": (snapchat_reader, snapchat, SNAPCHAT),
    "Google": (google_takeout, locations, LOCATIONS),
    "friends": (meta_profile, friends, FRIENDS),
    "new Meta": (meta_messages, new_meta, NEW_META),
}


def usual(variants: Variants) -> dict[str, Any]:
    """A plain record: the first half of the fields, each with its first value."""
    return {name: variants[name][0] for name in list(variants)[: len(variants) // 2]}


def some(variants: Variants, n: int, chance: random.Random, strange: float) -> Iterator[Any]:
    """Records of the first variants, some fields of which have another or none."""
    for _ in range(n):
        if chance.random() < strange / 4:
            yield chance.choice([None, 3, "x", [], {}])
            continue
        one = usual(variants)
        for name, values in variants.items():
            if chance.random() < strange:
                one[name] = chance.choice(values)
        yield one


def told(reader: Reader, document: bytes) -> dict[str, Any]:
    """Everything a reader says of a document, rows as the tables hold them."""
    member = Member(
        "x/result.json",
        len(document),
        lambda: io.BytesIO(document),
        lambda: pytest.fail("no file"),
        lambda: "0" * 64,
    )
    source, found, where = Source(member), dict[str, list[Any]](), dict[str, list[Any]]()
    batches, whole = 0, True
    assert reader.detect(Head.of(member))
    try:
        for item, locator in read_rows(reader, source):
            rows = found.setdefault(item.schema.name, [])
            if isinstance(item, Batch):
                batches += 1
                source.tally.records += item.columns.num_rows
                rows += [full(item.schema, row) for row in item.columns.to_pylist()]
                locators = item.locators.to_pylist()
            else:
                rows.append(full(item.schema, typed(item.schema, item.values)))
                locators = [locator]
            where.setdefault(item.schema.name, []).extend(locators)
    except BadInput:
        whole = False
    tally = source.tally
    return {
        "rows": found,
        "where": where,
        "whole": whole,
        "counts": (tally.records, tally.unknown, tally.unread, tally.left, tally.assumed),
        "rejects": [(one.locator, one.reason, one.facts) for one in tally.rejects],
        "batches": batches,
    }


def typed(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: pa.array([value], schema.columns[name].type)[0].as_py()
        for name, value in values.items()
    }


def full(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name) for name in schema.fillable}


def compared(reader: Reader, document: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """The same with and without columns; how many batches there were."""
    monkeypatch.setattr(json_blocks, "FEW", 10**9)
    alone = told(reader, document)
    monkeypatch.setattr(json_blocks, "FEW", 1)
    together = told(reader, document)
    assert alone.pop("batches") == 0
    batches: int = together.pop("batches")
    assert together == alone
    return batches


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), strange=st.sampled_from([0.0, 0.02, 0.2]))
def test_nothing_differs_but_the_speed(form: str, seed: int, strange: float) -> None:
    reader, document, variants = FORMS[form]
    records = list(some(variants, 60, random.Random(seed), strange))
    with pytest.MonkeyPatch.context() as monkeypatch:
        compared(reader, json.dumps(document(records)).encode(), monkeypatch)


@pytest.mark.parametrize("form", FORMS)
def test_plain_records_are_read_together(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, document, variants = FORMS[form]
    records = list(some(variants, 3000, random.Random(1), 0.01))
    text = json.dumps(document(records), ensure_ascii=False).encode()
    assert compared(reader, text, monkeypatch) >= 1
    assert compared(reader, text[: len(text) * 2 // 3], monkeypatch) >= 1
    broken = text.replace(b'"novelty": 1', b'"novelty": NaN')
    compared(reader, broken, monkeypatch)


def test_the_tables_hold_them_in_the_order_of_the_file(desk: Desk) -> None:
    records = [{**usual(TELEGRAM), "id": n, "text": f"n {n}"} for n in range(1000)]
    records[500] = {**records[500], "novelty": 1, "location_information": {"latitude": 1}}
    records[600] = {"id": 600, "type": "unsupported"}
    added = desk.add("result.json", json.dumps(telegram(records)))
    assert added.exhibit is not None
    assert added.exhibit.tables["message"] == {"rows": 999, "rejected": 1}
    assert added.exhibit.unknown == {"novelty": 1}
    expected = [f"n {n}" for n in range(1000) if n != 600]
    assert [row["text"] for row in desk.rows("message")] == expected
    assert desk.rows("reject")[0]["source"] == "result.json#7/600"
