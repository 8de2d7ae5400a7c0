"""The old Excel form, ``.xls`` (MS-XLS: BIFF8 in a compound file), as xlwt writes it."""

import io
import struct
from datetime import UTC, date, datetime
from typing import Any

import pytest

from faisceau.case.plugins import plugins
from faisceau.evidence.readers import native_xlsx
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, member

xlwt: Any = pytest.importorskip("xlwt", reason="xlwt, which writes .xls, is not installed")

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
NAIVE = datetime(2026, 3, 1, 10)  # noqa: DTZ001 - as a spreadsheet keeps it: 9 o'clock in UTC
FORMATS = {datetime: "dd/mm/yyyy hh:mm:ss", date: "dd/mm/yyyy", float: "[h]:mm:ss"}


def book(**sheets: list[list[Any]]) -> bytes:
    """A workbook; a fraction is shown as a duration, as spreadsheets keep them in days."""
    made = xlwt.Workbook(encoding="utf-8", style_compression=2)
    for name, rows in sheets.items():
        sheet = made.add_sheet(name)
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if cell is not None:
                    style = xlwt.easyxf(num_format_str=FORMATS.get(type(cell), "General"))
                    sheet.write(y, x, cell, style)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


CALLS: list[list[Any]] = [
    ["Appels de la ligne", None, None, None],
    ["Appelant", "Appelé", "Date", "Durée", "humeur"],
    [33612345678, "0711", NAIVE, 65 / 86400, "gaie"],
    ["0612", "0711", "01/03/2026 10:00", "00:01:05"],
    [None, None, None, None],
    ["0612", "0711", date(2026, 3, 1), 65],
    ["0612", None, NAIVE, 1],
]


def test_every_sheet_and_kind_of_cell_is_read() -> None:
    messages: list[list[Any]] = [
        ["Expéditeur", "Date", "Texte"],
        *(["0612", NAIVE, f"équipe n° {n} 🌿"] for n in range(3000)),  # strings go on in a record
    ]
    source = Source(member("x.xls", book(Appels=CALLS, Messages=messages)))
    assert native_xlsx.detect(source.head)
    rows: dict[str, list[dict[str, Any]]] = {}
    for batch, _ in read_rows(native_xlsx, source):
        assert isinstance(batch, Batch)
        rows.setdefault(batch.schema.name, []).extend(batch.columns.to_pylist())
    calls = rows["call"]
    assert [call["caller"] for call in calls] == ["33612345678", "0612", "0612"]
    midnight = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert [call["started_at"] for call in calls] == [NINE, NINE, midnight]
    assert [call["duration_s"] for call in calls] == [65.0, 65.0, 65.0]
    assert len(rows["message"]) == 3000
    assert rows["message"][2999]["text"] == "équipe n° 2999 🌿"
    assert [reject.locator for reject in source.tally.rejects] == ["Appels!7"]
    assert source.tally.unknown == {"humeur": 1}


@pytest.mark.parametrize(
    ("reader", "header", "line"),
    [
        (
            "cellebrite_excel",
            ["#", "Parties", "Type", "Date", "Time", "Duration", "Source", "Deleted", "Tag Note"],
            [1, "To: +33611", "Outgoing", "04/05/2021", "08:00:00(UTC+2)", "00:01:35", "x", ""],
        ),
        (
            "oxygen_xml",
            ["Source", "Direction", "Time stamp (UTC 0)", "Duration", "From", "To"],
            ["Phone", "Outgoing", "04/05/2021 06:00:00", "00:01:35", "me", "+33611"],
        ),
        (
            "msab_xry",
            ["Call Type", "Time", "Duration", "To", "Storage", "Related Application"],
            ["Dialed", "04/05/2021 08:00:00 UTC+2", "00:01:35", "+33611", "Device", "x"],
        ),
    ],
)
def test_reports_of_tools_are_told_apart(
    desk: Desk, reader: str, header: list[str], line: list[Any]
) -> None:
    path = desk.file("report.xls", book(**{"Call Log": [header, line], "Calls": [header, line]}))
    added = desk.add(path)
    assert added.exhibit is not None
    assert added.exhibit.readers == (reader,)
    assert {call["started_at"] for call in desk.rows("call")} == {
        datetime(2021, 5, 4, 6, tzinfo=UTC)
    }


def test_a_cut_workbook_is_claimed_by_nobody() -> None:
    whole = book(Appels=CALLS)
    for size in (600, len(whole) // 2, len(whole) - 100):
        head = Head.of(member("x.xls", whole[:size]))
        assert not any(reader.detect(head) for reader in plugins().readers.values())


def test_a_damaged_column_number_asks_for_no_memory() -> None:
    """Column 40,000 of row 60,000 would have the whole table laid out: 150 GB."""
    whole = book(Appels=CALLS)
    last = whole.rindex(struct.pack("<HHH", 0x0203, 14, 6))  # the number in the seventh row
    for row, column in ((60_000, 40_000), (65_535, 255)):
        far = whole[: last + 4] + struct.pack("<HH", row, column) + whole[last + 8 :]
        assert not native_xlsx.detect(Head.of(member("x.xls", far)))
    assert native_xlsx.detect(Head.of(member("x.xls", whole)))
