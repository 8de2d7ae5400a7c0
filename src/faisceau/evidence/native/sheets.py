"""Cells of a spreadsheet as the columns of a flat file: typed where a whole column is, else text.

A spreadsheet keeps a day as a number of days since 1899-12-30 and shows it as its format says; a
cell without such a format is still a day where its column holds days.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from faisceau.evidence.native.headers import Layout
from faisceau.tables.schemas.schema import DATE, NUMBER, STRING, TIME

Cell = str | float | int | bool | datetime | date | time | timedelta | None
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zone
_DAYS = range(10_000, 80_000)
"""Day numbers from 1927 to 2119: other numbers in a column of times are what they say."""
_NO_DATE = datetime(1901, 1, 1)  # noqa: DTZ001
"""A time of day or a duration may come as a moment of 1899 or 1900."""


def columns(rows: Sequence[Sequence[Any]], headers: Sequence[str], layout: Layout) -> pa.Table:
    """The wanted columns of some rows; a row may be shorter than the header."""
    by_header = {header: n for n, header in enumerate(headers)}
    native = {header: name for name, header in layout.columns.items()}
    split = set(layout.hours)
    cells = {}
    for header in layout.wanted:
        n = by_header[header]
        values = [row[n] if n < len(row) else None for row in rows]
        name = native.get(header)
        kind = layout.schema.columns[name].type if name is not None else None
        if name is None:
            cells[header] = pa.array([_clock(value) for value in values], STRING)
        elif name in split:
            cells[header] = pa.array([_day(value) for value in values], STRING)
        elif name == "duration_s":
            cells[header] = _column([_seconds(value) for value in values])
        elif kind in (TIME, DATE):
            cells[header] = _column([_moment(value) for value in values])
        else:
            cells[header] = _column(values)
    return pa.table(cells)


def words(value: Any) -> str:
    """A cell as a person sees it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, timedelta):
        return _elapsed(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _column(values: list[Any]) -> pa.Array:
    """The cells of a column in the type that they share, else as text."""
    values = [None if value == "" else value for value in values]
    met = {type(value) for value in values if value is not None}
    if met == {bool}:
        return pa.array(values, pa.bool_())
    if met <= {int, float} and met:
        return pa.array(values, NUMBER)
    if met == {datetime}:
        return pa.array(values, pa.timestamp("us"))
    return pa.array([None if value is None else words(value) for value in values], STRING)


def _moment(value: Any) -> Any:
    """A day or a moment, of whatever form."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and int(value) in _DAYS:
        return _EPOCH + timedelta(seconds=round(value * 86_400, 3))
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value


def _day(value: Any) -> str | None:
    """The day of a cell beside which its clock time stands."""
    value = _moment(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return words(value) or None


def _clock(value: Any) -> str | None:
    """A clock time; a part of a day where it is a number below 1."""
    if isinstance(value, float) and 0 <= value < 1:
        value = timedelta(seconds=round(value * 86_400))
    if isinstance(value, datetime):
        return value.time().isoformat()
    return words(value) or None


def _seconds(value: Any) -> Any:
    """Seconds of a duration that a spreadsheet keeps as a time."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return float(value.hour * 3600 + value.minute * 60 + value.second)
    if isinstance(value, datetime) and value < _NO_DATE:
        return (value - _EPOCH).total_seconds()
    return value


def _elapsed(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
