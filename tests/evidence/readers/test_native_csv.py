"""Native tables from CSV, told by examples; real plate reads; broken lines at random."""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput, UsageError
from faisceau.evidence.native import lines as cutting
from faisceau.evidence.readers import native_csv
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.tables.schemas import TABLES, Batch
from faisceau.tables.schemas.schema import Schema
from faisceau.testing import member
from faisceau.words import say

READS = """\
read_at,camera_id,plate
2026-03-01T10:00:00Z,A6,AB-123-CD
2026-03-01T10:01:00Z,A7,EF-456-GH
"""

Rows = Callable[[Schema], st.SearchStrategy[list[dict[str, Any]]]]


class Read:
    """What reading some bytes gave: rows, locators, and the tally."""

    def __init__(self, content: str | bytes, name: str = "x.csv", **wishes: Any) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.source = Source(member(name, data), Wishes(**wishes))
        batches: list[Batch] = list(native_csv.read(self.source))
        self.rows: list[dict[str, Any]] = [r for b in batches for r in b.columns.to_pylist()]
        self.locators: list[str] = [at for b in batches for at in b.locators.to_pylist()]
        self.tally = self.source.tally
        self.tables = {b.schema.name for b in batches}
        for batch in batches:
            expected = {name: column.type for name, column in batch.schema.fillable.items()}
            assert all(field.type == expected[field.name] for field in batch.columns.schema)

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    @property
    def rejects(self) -> dict[str, str]:
        """The reason by locator."""
        return {r.locator: say(r.reason, **r.facts) for r in self.tally.rejects}


def detected(content: str | bytes, **wishes: Any) -> bool:
    data = content.encode() if isinstance(content, str) else content
    return native_csv.detect(Head.of(member("x.csv", data), Wishes(**wishes)))


def test_native_columns_as_they_are() -> None:
    assert detected(READS)
    read = Read(READS)
    assert read.tables == {"plate_read"}
    assert read.column("plate") == ["AB-123-CD", "EF-456-GH"]
    assert read.column("read_at")[0] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert read.locators == ["line 2", "line 3"]
    assert not read.rejects


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(delimiter: str, encoding: str, end: str) -> None:
    rows = [("appelé", "appelant", "début"), ("Zoé", "Max", "01/03/2026 10:00"), ("é", "b", "")]
    content = end.join(delimiter.join(row) for row in rows) + end
    read = Read(content.encode(encoding))
    assert read.column("callee") == ["Zoé", "é"]
    assert read.column("started_at") == [datetime(2026, 3, 1, 9, tzinfo=UTC), None]
    assert read.column("count") == [1, 1]
    assert read.locators == ["line 2", "line 3"]


def test_quoted_fields_hold_delimiters_quotes_and_lines() -> None:
    text = 'un, deux\n"trois"\r\nquatre'
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([("sent_at", "text"), (1772359200, text), (1772359200, "fin")])
    read = Read(stream.getvalue())
    assert read.column("text") == [text, "fin"]
    assert read.locators == ["line 2", "line 5"]


def test_broken_lines_are_rejected_alone_with_their_number() -> None:
    read = Read(
        "sent_at,sender_id,text\n"
        '1772359200,a,"well said"\n'
        "1772359200,b\n"
        "\n"
        '1772359200,c,"never closed\n'
        '1772359200,d,"it is"\n'
        '1772359200,e,"closed"too early\n'
        "1772359200,f,g,h\n"
        '1772359200,g,a 5" screen\n'
        "yesterday,h,x\n"
        ",i,x\n"
    )
    assert read.column("sender_id") == ["a", "d", "g"]
    assert read.column("text")[2] == 'a 5" screen'
    assert read.locators == ["line 2", "line 6", "line 9"]
    assert read.rejects == {
        "line 3": "2 fields where the header has 3",
        "line 5": "a stray or unclosed quote",
        "line 7": "a stray or unclosed quote",
        "line 8": "4 fields where the header has 3",
        "line 10": "unreadable sent_at: yesterday",
        "line 11": "no sent_at",
    }
    assert read.tally.rejects[0].raw == "1772359200,b"
    assert json.loads(read.tally.rejects[-1].raw) == {"sender_id": "i", "text": "x"}


def test_bytes_that_are_no_text() -> None:
    content = b"sent_at,text\n" + "1772359200,é\n".encode() * 3 + b"1772359200,\xff\xfe\n"
    read = Read(content)
    assert read.column("text") == ["é"] * 3
    assert read.rejects == {"line 5": "bytes that are no text in this file's encoding"}
    assert detected(b"sent_at,text\n" + b"1772359200,a\n" * 9 + b"\x00\x01\x02\xff\n")


def test_other_unreadable_cells_are_null_and_counted() -> None:
    read = Read(
        "sent_at,latitude,deleted,kind,edited_at\n1772359200,nord,peut-être,fax,9999-01-01\n"
    )
    [row] = read.rows
    assert (row["latitude"], row["deleted"], row["kind"], row["edited_at"]) == (None,) * 4
    assert read.tally.unread == {
        "message.latitude": 1,
        "message.deleted": 1,
        "message.kind": 1,
        "message.edited_at": 1,
    }
    assert row["app"] == "native"


def test_unknown_headers_are_counted_and_desk_columns_left() -> None:
    read = Read(
        "row_id,exhibit_id,source,sent_at,humeur\n1,E1,x,1772359200,gaie\n2,E1,x,1772359200,\n"
    )
    assert read.tally.unknown == {"humeur": 2}
    assert read.tally.left == {"row_id": 2, "exhibit_id": 2, "source": 2}


def test_the_whole_column_tells_day_from_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "BLOCK", 64)
    rows = ["02/03/2026 10:00"] * 20
    assert {d.month for d in Read(message_csv(rows)).column("sent_at")} == {3}
    assert {d.month for d in Read(message_csv([*rows, "25/12/2026"])).column("sent_at")} == {3, 12}
    months = Read(message_csv([*rows, "12/25/2026 10:00 PM"]))
    assert {d.month for d in months.column("sent_at")} == {2, 12}


def message_csv(times: Sequence[str]) -> str:
    return "sent_at,text\n" + "".join(f"{at},bonjour\n" for at in times)


def test_times_without_zone_are_read_in_the_wished_one_and_it_is_said() -> None:
    content = (
        "sent_at,zone\n2026-03-01 10:00,\n2026-03-01T10:00Z,\n2026-03-01 10:00,America/Cayenne\n"
    )
    read = Read(content)
    assert [at.hour for at in read.column("sent_at")] == [9, 10, 13]
    assert read.column("zone") == ["Europe/Paris", None, "America/Cayenne"]
    assert read.tally.assumed == {"Europe/Paris": 1}


def test_a_day_and_an_hour_in_two_columns() -> None:
    read = Read("Date;Heure;Appelant;Appelé;Durée\n01/03/2026;10:05:00;a;b;00:01:05\n")
    assert read.column("started_at") == [datetime(2026, 3, 1, 9, 5, tzinfo=UTC)]
    assert read.column("duration_s") == [65.0]


def test_what_spreadsheets_add() -> None:
    assert Read("sep=;\nsent_at;text\n1772359200;a\n").locators == ["line 3"]
    assert Read("sent_at;text\n1772359200;a;\n1772359200;b;\n").column("text") == ["a", "b"]
    assert Read("\n\nsent_at,text,\n1772359200,a\n").locators == ["line 4"]
    assert Read("text,text,,sent_at\na,b,c,1772359200\n").tally.unknown == {"text (2)": 1, "(3)": 1}


def test_a_single_column() -> None:
    read = Read("name\nJean; dit Jeannot\n\n  \nZoé\n", as_table="contact")
    assert read.column("name") == ["Jean; dit Jeannot", "Zoé"]
    assert read.locators == ["line 2", "line 5"]


def test_what_is_not_claimed() -> None:
    assert not detected("a,b\n1,2\n")
    assert not detected("sent_at,caller,callee\n")
    assert not detected("12/03/2026, 10:00 - Zoé: salut\n")
    assert not detected("")
    assert not detected("\n\n")
    assert not detected(bytes(range(256)))
    assert not detected('{"sent_at": 1}\n', as_table="message")
    assert not detected("<smses/>", as_table="message")
    assert detected("a,b\n1,2\n", as_table="message")


def test_wishes() -> None:
    read = Read("quand,quoi\n1772359200,a\n", as_table="message", columns={"sent_at": "quand"})
    assert read.tally.unknown == {"quoi": 1}
    with pytest.raises(UsageError, match="There is no table massage"):
        detected("a,b\n", as_table="massage")
    with pytest.raises(UsageError, match="no header quandd"):
        Read("quand,quoi\n", as_table="message", columns={"sent_at": "quandd"})
    with pytest.raises(BadInput, match="no header stands for sent_at"):
        Read("quand,quoi\n", as_table="message")
    with pytest.raises(BadInput, match="is not a CSV file"):
        Read("", as_table="message")


def test_a_line_of_fifty_megabytes_is_one_reject() -> None:
    long = b"1772359200," + b"x" * (50 << 20) + b"\n"
    read = Read(b"sent_at,text\n1772359200,a\n" + long + b"1772359200,b\n")
    assert read.column("text") == ["a", "b"]
    assert read.rejects == {"line 3": "A line longer than 16 MiB"}


def test_real_plate_reads(shared: Path) -> None:
    file = shared / "plates" / "lekagul-sensor-data.csv.gz"
    wishes = {"plate": "car-id", "camera_id": "gate-name", "read_at": "Timestamp"}
    read = Read(gzip.decompress(file.read_bytes()), as_table="plate_read", columns=wishes)
    assert len(read.rows) == 171_477
    assert not read.rejects
    assert len(set(read.column("plate"))) == 18_708
    assert len(set(read.column("camera_id"))) == 40
    assert read.rows[0]["read_at"] == datetime(2015, 4, 30, 22, 43, 28, tzinfo=UTC)
    assert read.locators[-1] == "line 171478"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([64, 700, 1 << 22]))
def test_rows_kept_and_rejected_are_the_lines_there_were(seed: int, block: int) -> None:
    """Three lines in a hundred are broken; the others are all read as they were."""
    chance = random.Random(seed)
    lines, good = ["sent_at;sender_id;text"], []
    for n in range(150):
        text = chance.choice(["oui", "", "a;b", 'dit "non"', "é" * 40])
        if chance.random() < 0.03:
            lines.append(chance.choice([f"{n}", f'177235920{n};"x', f'1;"a"b;{n}', f"1;2;3;4;{n}"]))
        else:
            lines.append(_line(["1772359200", f"n{n}", text]))
            good.append((f"n{n}", text or None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BLOCK", block)
        read = Read("\n".join(lines))
    assert list(zip(read.column("sender_id"), read.column("text"), strict=True)) == good
    assert len(read.rows) + len(read.rejects) == 150
    assert read.tally.records == len(read.rejects)
    for reject in read.tally.rejects:
        assert reject.raw == lines[int(reject.locator.removeprefix("line ")) - 1]


def _line(cells: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";", lineterminator="").writerow(cells)
    return stream.getvalue()


def filled(schema: Schema, row: dict[str, Any]) -> dict[str, Any]:
    """The row as it comes back: every column, with the two defaults."""
    known = {"app": "native", "count": 1} | row
    return {name: known.get(name) for name in schema.fillable}


@pytest.mark.parametrize("schema", TABLES.values(), ids=list(TABLES))
def test_what_is_written_comes_back(schema: Schema, valid_rows: Rows) -> None:
    names = list(schema.fillable)

    @settings(max_examples=15, deadline=None)
    @given(valid_rows(schema))
    def comes_back(rows: list[dict[str, Any]]) -> None:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(names)
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in names])
        read = Read(stream.getvalue().encode(), as_table=schema.name)
        back = [{name: row.get(name) for name in names} for row in read.rows]
        assert back == [filled(schema, row) for row in rows]
        assert not read.rejects
        assert not read.tally.unread

    comes_back()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_lines_before_the_header_are_left() -> None:
    content = (
        "Réquisition n° 2026/0417 du 01/03/2026;;;\n\nLigne : 0612345678\n"
        "Appelant;Appelé;Date;Durée\n0612345678;0711111111;01/03/2026 10:00:00;00:01:05\n"
    )
    assert detected(content)
    read = Read(content)
    assert read.column("callee") == ["0711111111"]
    assert read.column("duration_s") == [65.0]
    assert read.locators == ["line 5"]
    assert read.tally.left == {"lines before the header": 2}
    assert not read.rejects


def test_the_header_below_is_looked_for_with_a_wish_too() -> None:
    wishes = {"sent_at": "quand", "text": "quoi"}
    content = "une,deux\n\nquand,quoi\n1772359200,a\n"
    assert Read(content, as_table="message", columns=wishes).column("text") == ["a"]


def test_quotes_escaped_by_a_backslash() -> None:
    content = (
        'sent_at,text\n1772359200,"dit \\"non\\", puis\\\\rien"\n1772359200,"a ""b"" c"\n'
        '1772359200,"deux\nlignes \\"x\\""\n1772359200,"jamais \\"fermé\n1772359200,fin\n'
    )
    read = Read(content)
    assert read.column("text") == [
        'dit "non", puis\\rien',
        'a "b" c',
        'deux\nlignes "x"',
        "fin",
    ]
    assert read.locators == ["line 2", "line 3", "line 4", "line 7"]
    assert list(read.rejects) == ["line 6"]


def test_a_backslash_at_the_end_of_a_text_escapes_nothing() -> None:
    read = Read('sent_at,text\n1772359200,"C:\\"\n1772359200,"x"\n')
    assert read.column("text") == ["C:\\", "x"]
