"""Native tables from JSON Lines and JSON arrays, told by examples; broken lines at random."""

import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.native import lines as cutting
from faisceau.evidence.readers import native_jsonl
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.tables.schemas import TABLES, Batch
from faisceau.tables.schemas.schema import Schema
from faisceau.testing import member
from faisceau.words import say

AT = 1772359200
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)

Rows = Callable[[Schema], st.SearchStrategy[list[dict[str, Any]]]]


class Read:
    """What reading some bytes gave: rows, locators, and the tally."""

    def __init__(self, content: str | bytes, **wishes: Any) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.source = Source(member("x.jsonl", data), Wishes(**wishes))
        batches: list[Batch] = list(native_jsonl.read(self.source))
        self.rows: list[dict[str, Any]] = [r for b in batches for r in b.columns.to_pylist()]
        self.locators: list[str] = [at for b in batches for at in b.locators.to_pylist()]
        self.tally = self.source.tally

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    @property
    def rejects(self) -> dict[str, str]:
        """The reason by locator."""
        return {r.locator: say(r.reason, **r.facts) for r in self.tally.rejects}


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def detected(content: str | bytes, **wishes: Any) -> bool:
    data = content.encode() if isinstance(content, str) else content
    return native_jsonl.detect(Head.of(member("x.jsonl", data), Wishes(**wishes)))


def test_one_object_a_line() -> None:
    content = lines(
        {"sent_at": "2026-03-01T10:00:00Z", "text": "é", "recipients": ["a", "b"], "deleted": True},
        {"sent_at": "2026-03-01T11:00:00+01:00", "text": "2026-01-01", "latitude": 50},
    )
    assert detected(content)
    read = Read(content)
    assert read.column("sent_at") == [TEN, TEN]
    assert read.column("text") == ["é", "2026-01-01"]
    assert read.column("recipients") == [["a", "b"], None]
    assert read.column("deleted") == [True, None]
    assert read.column("latitude") == [None, 50.0]
    assert read.column("zone") == [None, "+01:00"]
    assert read.column("app") == ["native", "native"]
    assert read.locators == ["line 1", "line 2"]


def test_numbers_stand_for_times_and_identifiers() -> None:
    read = Read(lines({"sent_at": AT, "sender_id": 33612345678}, {"sent_at": AT * 1000}))
    assert read.column("sent_at") == [TEN, TEN]
    assert read.column("sender_id") == ["33612345678", None]


def test_an_array_of_objects() -> None:
    rows = [
        {"sent_at": AT, "text": "a", "x": 1},
        3,
        {"sent_at": None},
        {"sent_at": AT, "text": "b"},
    ]
    for content in (json.dumps(rows), json.dumps(rows, indent=2), json.dumps(rows, indent="\t")):
        assert detected(content)
        read = Read(content)
        assert read.column("text") == ["a", "b"]
        assert read.locators == ["record 1", "record 4"]
        assert read.rejects == {"record 2": "not a JSON object", "record 3": "no sent_at"}
        assert read.tally.unknown == {"x": 1}


def test_an_array_that_breaks_off_keeps_what_came_before() -> None:
    content = json.dumps([{"sent_at": AT, "text": "a"}, {"sent_at": AT, "text": "b"}])
    read = Read(content[:-5])
    assert read.column("text") == ["a"]
    assert list(read.rejects) == ["record 2"]
    assert "cut or damaged here" in read.rejects["record 2"]


def test_broken_lines_are_rejected_alone_with_their_number() -> None:
    good = lines({"sent_at": AT, "text": "a"})
    read = Read(f'{good}{{"sent_at": 1,\n\n{good}[1]\nnull\n{good}{good.strip()}{good}{{}}\n')
    assert read.locators == ["line 1", "line 4", "line 7"]
    assert read.rejects == {
        "line 2": "not a JSON object",
        "line 5": "not a JSON object",
        "line 6": "not a JSON object",
        "line 8": "not a JSON object",
        "line 9": "no sent_at",
    }
    assert read.tally.rejects[0].raw == '{"sent_at": 1,'


def test_lone_surrogates_are_mended_and_bad_bytes_rejected() -> None:
    content = f'{{"sent_at":{AT},"text":"a\\ud800b","recipients":["\\ude00"]}}\n'.encode()
    content += f'{{"sent_at":{AT},"text":"\\ud83d\\ude00"}}\n'.encode()
    content += f'{{"sent_at":{AT},"text":"'.encode() + b'\xff\xfe"}\n'
    content += f'{{"sent_at":{AT},"text":"é"}}\n'.encode()
    read = Read(content)
    mark = "\N{REPLACEMENT CHARACTER}"
    assert read.column("text") == [f"a{mark}b", "\N{GRINNING FACE}", "é"]
    assert read.column("recipients")[0] == [mark]
    assert list(read.rejects) == ["line 3"]


def test_unknown_keys_are_counted_where_they_have_a_value() -> None:
    content = lines(*({"sent_at": AT, "mood": "gay", "row_id": n} for n in range(3)))
    read = Read(content + lines({"sent_at": AT, "late": 1}))
    assert read.tally.unknown == {"mood": 3, "late": 1}
    assert read.tally.left == {"row_id": 3}


def test_a_key_may_appear_late_and_change_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "BLOCK", 64)
    early = [{"sent_at": AT, "sender_id": "a"}] * 5
    late = [{"sent_at": AT, "text": "2026-01-01T00:00:00"}, {"sent_at": AT, "sender_id": 7}]
    mixed = [{"sent_at": AT, "recipients": "x"}, {"sent_at": AT, "recipients": ["y", "z"]}]
    read = Read(lines(*early, *late, *mixed))
    assert len(read.rows) == 9
    assert read.column("text")[5] == "2026-01-01T00:00:00"
    assert read.column("sender_id")[6] == "7"
    assert read.column("recipients")[7:] == [["x"], ["y", "z"]]
    assert not read.rejects


def test_objects_without_any_known_key_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "BLOCK", 32)
    read = Read(lines({"sent_at": AT, "text": "a"}, *({"mood": n} for n in range(5))))
    assert read.locators == ["line 1"]
    assert set(read.rejects.values()) == {"no sent_at"}
    assert len(read.rejects) == read.tally.unknown["mood"] == 5


def test_unreadable_cells_are_null_and_counted() -> None:
    read = Read(
        lines(
            {"sent_at": AT, "latitude": "nord", "kind": "fax", "forwarded": 2},
            {"sent_at": AT, "latitude": {"deg": 50}, "edited_at": "9999-12-31"},
        )
    )
    counts = {
        "message.latitude": 2,
        "message.kind": 1,
        "message.forwarded": 1,
        "message.edited_at": 1,
    }
    assert read.tally.unread == counts
    assert read.column("latitude") == [None, None]


def test_not_a_number_is_nothing() -> None:
    read = Read(
        f'{{"sent_at": {AT}, "latitude": NaN}}\n{{"sent_at": {AT}, "latitude": -Infinity}}\n'
    )
    assert read.column("latitude") == [None, None]


def test_coins() -> None:
    coins = [{"address": "bc1q", "value": 0.5}, {"address": "bc1p"}]
    read = Read(lines({"tx_id": "t", "inputs": coins}), as_table="coin_transfer")
    assert read.column("inputs") == [[coins[0], {"address": "bc1p", "value": None}]]


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"text":['])
def test_nesting_without_end_costs_one_line(opening: str) -> None:
    good = lines({"sent_at": AT, "text": "a"})
    read = Read(good + opening * 200_000 + "\n" + good)
    assert read.locators == ["line 1", "line 3"]
    assert read.rejects == {"line 2": "not a JSON object"}
    closed = f'{{"sent_at":{AT},"x":{"[" * 5000}{"]" * 5000}}}\n'
    assert len(Read(good + closed).rows) + len(Read(good + closed).rejects) == 2
    assert Read(f'[{good.strip()},{{"x":{"[" * 900}{"]" * 900}}}]').locators == ["record 1"]


def test_a_line_of_fifty_megabytes_is_one_reject() -> None:
    good = lines({"sent_at": AT, "text": "a"}).encode()
    read = Read(good + b'{"sent_at":1,"text":"' + b"x" * (50 << 20) + b'"}\n' + good)
    assert read.locators == ["line 1", "line 3"]
    assert read.rejects == {"line 2": "A line longer than 16 MiB"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_other_encodings(encoding: str) -> None:
    rows = [{"sent_at": AT, "text": "é\N{GRINNING FACE}"}]
    for content in (lines(*rows), json.dumps(rows, ensure_ascii=False)):
        assert Read(content.encode(encoding)).column("text") == ["é\N{GRINNING FACE}"]


def test_what_is_not_claimed() -> None:
    assert not detected(lines({"a": 1}))
    assert not detected('{\n "sent_at": 1\n}\n')
    assert not detected(json.dumps({"chats": [{"sent_at": 1}]}))
    assert not detected(b"")
    assert not detected("sent_at,text\n", as_table="message")
    assert not detected(bytes(range(256)), as_table="message")
    assert detected(lines({"a": 1}), as_table="message")
    assert detected(json.dumps([{"a": 1}]), as_table="message")
    with pytest.raises(BadInput, match="no header stands for sent_at"):
        Read(lines({"a": 1}), as_table="message")
    with pytest.raises(BadInput, match="is not a text file"):
        Read(bytes(range(256)), as_table="message")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([64, 700, 1 << 22]))
def test_rows_kept_and_rejected_are_the_lines_there_were(seed: int, block: int) -> None:
    chance = random.Random(seed)
    good, every = [], []
    for n in range(150):
        line = lines({"sent_at": AT, "ref": f"n{n}", "text": chance.choice(["a", "é", "{", '"'])})
        if n and chance.random() < 0.03:
            at = chance.randrange(1, len(line) - 1)
            line = chance.choice([line[:at] + "\n", f"{line.strip()}x\n", "7\n", "\ud800\n"])
        else:
            good.append(f"n{n}")
        every.append(line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BLOCK", block)
        read = Read("".join(every).encode("utf-8", "surrogatepass"))
    assert read.column("ref") == good
    assert len(read.rows) + len(read.rejects) == 150


def spoken(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, default=lambda at: at.isoformat()) + "\n" for row in rows)


@pytest.mark.parametrize("schema", TABLES.values(), ids=list(TABLES))
def test_what_is_written_comes_back(schema: Schema, valid_rows: Rows) -> None:
    names = list(schema.fillable)

    @settings(max_examples=15, deadline=None)
    @given(valid_rows(schema))
    def comes_back(rows: list[dict[str, Any]]) -> None:
        content = spoken(rows)
        expected = [{"app": "native", "count": 1} | row for row in rows]
        for written in (content, "[" + ",".join(content.splitlines()) + "]"):
            read = Read(written, as_table=schema.name)
            assert [{n: row.get(n) for n in names} for row in read.rows] == [
                {n: row.get(n) for n in names} for row in expected
            ]
            assert not read.rejects
            assert not read.tally.unread

    comes_back()
