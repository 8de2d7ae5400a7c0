"""A workbook whose cells lie far apart is told before the library lays it out as a table."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from faisceau.errors import BadInput
from faisceau.evidence.workbooks import harmless
from faisceau.testing import Desk

HEADERS = ("caller", "callee", "started_at")


def book(folder: Path, **cells: object) -> Path:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(HEADERS)
    for n in range(50):
        sheet.append(("0612345678", "0711223344", f"2026-03-01 10:{n:02}"))
    for place, value in cells.items():
        sheet[place] = value
    path = folder / "calls.xlsx"
    made.save(path)
    return path


@pytest.mark.parametrize("cells", [{}, {"C1048576": "end"}, {"XFD60": "note"}])
def test_a_stray_cell_does_no_harm(tmp_path: Path, cells: dict[str, str]) -> None:
    assert harmless(book(tmp_path, **cells))


@pytest.mark.parametrize("cells", [{"XFD1048576": "x"}, {"AAA1000000": "x"}])
def test_a_cell_at_the_far_end_is_refused_and_the_case_goes_on(
    desk: Desk, tmp_path: Path, cells: dict[str, str]
) -> None:
    path = book(tmp_path, **cells)
    assert not harmless(path)
    with pytest.raises(BadInput):
        desk.add(path, as_table="call")
    added = desk.add("good.csv", "caller,callee\n0612345678,0711223344\n")
    assert added.exhibit is not None
    assert added.exhibit.tables["call"]["rows"] == 1


@pytest.mark.parametrize(
    "cell", ['<c r="XFD1048576"><v>1</v></c>', "<x:c s='1'\tr='XFD1048576'><x:v>1</x:v></x:c>"]
)
@pytest.mark.parametrize("row", ['<row r="1048576">', "<row>"])
def test_however_it_is_written(tmp_path: Path, cell: str, row: str) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        sheet = f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>{row}{cell}</row></sheetData>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    assert not harmless(path)


def test_what_is_no_zip_is_left_to_the_library(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(io.BytesIO(b"PK\x03\x04 cut").getvalue())
    assert harmless(path)
