"""Native tables from spreadsheets, written by the programs and libraries that write them."""

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest

from faisceau.errors import BadInput
from faisceau.evidence import workbooks
from faisceau.evidence.profiles import profile
from faisceau.evidence.readers import native_csv, native_xlsx
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.testing import check_reader, member
from faisceau.words import say

AT = datetime(2026, 3, 1, 10)  # noqa: DTZ001 - as a spreadsheet keeps it: 9 o'clock in UTC
UTC_9 = datetime(2026, 3, 1, 9, tzinfo=UTC)


def book(**sheets: list[list[Any]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


class Read:
    """What reading a spreadsheet gave."""

    def __init__(self, data: bytes, **wishes: Any) -> None:
        self.source = Source(member("x.xlsx", data), Wishes(**wishes))
        batches = list(native_xlsx.read(self.source))
        self.rows: list[dict[str, Any]] = [r for b in batches for r in b.columns.to_pylist()]
        self.locators: list[str] = [at for b in batches for at in b.locators.to_pylist()]
        self.tally = self.source.tally
        for batch in batches:
            known = batch.schema.fillable
            assert all(f.type == known[f.name].type for f in batch.columns.schema)

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    @property
    def rejects(self) -> dict[str, str]:
        return {r.locator: say(r.reason, **r.facts) for r in self.tally.rejects}


def detected(data: bytes, **wishes: Any) -> bool:
    return native_xlsx.detect(Head.of(member("x", data), Wishes(**wishes)))


def test_cells_of_every_type() -> None:
    data = book(
        Appels=[
            ["Appelant", "Appelé", "Date", "Durée", "humeur"],
            [33612345678, "0711", AT, timedelta(hours=25, minutes=1), "gaie"],
            ["0612", "0711", "01/03/2026 10:00", time(0, 1, 5), None],
            [],
            ["0612", "0711", date(2026, 3, 1), 65],
            ["0612", "0711", 46082.4166666667, "00:01:05"],
            ["0612", None, AT, 1],
        ]
    )
    assert detected(data)
    read = Read(data)
    assert read.column("caller") == ["33612345678", "0612", "0612", "0612"]
    midnight = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert read.column("started_at") == [UTC_9, UTC_9, midnight, UTC_9]
    assert read.column("duration_s") == [90060.0, 65.0, 65.0, 65.0]
    assert read.locators == ["Appels!2", "Appels!3", "Appels!5", "Appels!6"]
    assert read.rejects == {"Appels!7": "no callee"}
    assert read.tally.unknown == {"humeur": 1}
    assert read.tally.assumed == {"Europe/Paris": 5}


def test_every_sheet_is_taken_and_one_that_tells_nothing_is_a_reject() -> None:
    read = Read(
        book(
            Messages=[["sent_at", "text"], [AT, "oui"]],
            Appels=[["caller", "callee"], ["a", "b"]],
            Notes=[["à voir"], ["demain"]],
            Vide=[],
        )
    )
    assert read.locators == ["Messages!2", "Appels!2"]
    assert read.rejects == {"sheet Notes": "the headers of this sheet tell no table: à voir"}


def test_rows_before_the_header_are_left() -> None:
    data = book(F=[["Réquisition"], [], ["Ligne", "0612"], ["caller", "callee"], ["a", "b"]])
    assert detected(data)
    read = Read(data)
    assert read.locators == ["F!5"]
    assert read.tally.left == {"lines before the header": 2}


def test_a_day_and_an_hour_in_two_columns() -> None:
    rows: list[list[Any]] = [["Date", "Heure", "Appelant", "Appelé"]]
    rows += [[AT.replace(hour=0), time(10), "a", "b"], ["01/03/2026", "10:00", "a", "b"]]
    rows += [[46082, 10 / 24, "a", "b"]]
    assert Read(book(F=rows)).column("started_at") == [UTC_9] * 3


def test_wishes_and_profiles() -> None:
    data = book(A=[["quand", "quoi"], [AT, "oui"]], B=[["autre"], ["x"]])
    assert not detected(data)
    assert detected(data, as_table="message")
    wishes = {"sent_at": "quand", "text": "quoi"}
    read = Read(data, as_table="message", columns=wishes)
    assert read.column("text") == ["oui"]
    assert list(read.rejects) == ["sheet B"]
    with pytest.raises(BadInput, match="no header stands for sent_at"):
        Read(data, as_table="message")
    line: list[list[Any]] = [
        ["MSISDN", "Correspondant", "Date", "Sens", "Type"],
        ["a", "b", AT, "Entrant", "SMS"],
    ]
    data = book(F=[["Opérateur"], *line])
    assert detected(data)
    [row] = Read(data).rows
    assert (row["caller"], row["callee"], row["kind"]) == ("b", "a", "sms")
    dump = book(D=[["sender", "recipient", "time", "text"], ["loup", "ours", AT, "oui"]])
    [row] = Read(dump, profile=profile("encrochat")).rows
    assert (row["app"], row["sent_at"]) == ("encrochat", datetime(2026, 3, 1, 10, tzinfo=UTC))


def test_more_rows_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_xlsx, "ROWS", 7)
    rows = [[f"a{n}", "b"] for n in range(50)]
    read = Read(book(F=[["caller", "callee"], *rows]))
    assert read.column("caller") == [f"a{n}" for n in range(50)]
    assert read.locators[-1] == "F!51"


def test_a_sheet_that_begins_far_from_the_corner() -> None:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    for n, row in enumerate([("caller", "callee"), ("a", "b")], 4):
        for m, value in enumerate(row, 3):
            sheet.cell(n, m, value)
    stream = io.BytesIO()
    made.save(stream)
    read = Read(stream.getvalue())
    assert read.column("callee") == ["b"]
    assert read.locators == ["Sheet!5"]


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content office:version="1.3"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Messages"><table:table-row>
<table:table-cell office:value-type="string"><text:p>sent_at</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>text</text:p></table:table-cell>
</table:table-row><table:table-row>
<table:table-cell office:value-type="date" office:date-value="2026-03-01T10:00:00"/>
<table:table-cell office:value-type="string"><text:p>oui</text:p></table:table-cell>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>
"""
MANIFEST = (
    "<manifest:manifest"
    ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></manifest:manifest>'
)


def test_opendocument() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.replace("\n", ""))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    assert detected(stream.getvalue())
    [row] = Read(stream.getvalue()).rows
    assert (row["sent_at"], row["text"]) == (UTC_9, "oui")


def test_what_is_not_claimed_and_what_cannot_be_read() -> None:
    data = book(A=[["a", "b"], [1, 2]])
    assert not detected(data)
    assert not detected(data[:200])
    assert not detected(b"PK\x03\x04[Content_Types].xml")
    assert not detected(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert not native_csv.detect(Head.of(member("x", data), Wishes(as_table="message")))
    with pytest.raises(BadInput, match="do not tell which table"):
        Read(data)
    with pytest.raises(BadInput, match="is not a readable spreadsheet"):
        Read(data[:200])
    with pytest.raises(BadInput, match="holds no row"):
        Read(book(A=[]))


def test_a_workbook_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "LARGEST", 100)
    data = book(A=[["caller", "callee"]])
    assert detected(data), "claimed, so that the reason is told"
    with pytest.raises(BadInput, match="refused"):
        Read(data)


def test_it_conforms() -> None:
    check_reader(native_xlsx)
