"""What a profile says of the cells of a flat file: fixed values, their words, dates, directions."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.folding import folded
from faisceau.evidence.native.values import by_distinct, present, texts
from faisceau.evidence.profiles import Profile
from faisceau.evidence.reading import Source
from faisceau.tables.schemas.schema import STRING, TIME, Schema

_INCOMING = ("in", "missed")
_DIRECTIONS = ("in", "out", "missed")


def applied(
    profile: Profile, schema: Schema, given: Mapping[str, pa.Array], rows: int
) -> dict[str, pa.Array]:
    """The cells by native column, with what the profile adds to them."""
    cells = dict(given)
    if "direction" in profile.words and "kind" in cells and "direction" not in cells:
        told = _direction(profile.words["direction"])  # "SMS reçu" says both
        cells["direction"] = by_distinct(texts(cells["kind"]), STRING, told)
    for name, meanings in profile.words.items():
        if name in cells:
            cells[name] = by_distinct(texts(cells[name]), STRING, _meaning(meanings))
    if profile.dates is not None and "%" in profile.dates:
        for name, found in cells.items():
            if schema.columns[name].type == TIME and found.type == STRING:
                cells[name] = _in_form(found, profile.dates)
    for name, value in profile.fixed.items():
        cells[name] = pa.repeat(value, rows)
    for name, value in profile.absent.items():
        if name not in cells:
            cells[name] = pa.repeat(value, rows)
        else:
            said = texts(cells[name])
            cells[name] = pc.if_else(present(said), said, value)
    return cells


def _meaning(meanings: Mapping[str, str]) -> Callable[[str], str]:
    return lambda word: meanings.get(folded(word), word)


def _direction(meanings: Mapping[str, str]) -> Callable[[str], str | None]:
    return lambda word: meanings.get(folded(word))


def sided(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """True for the rows of a line that say which way the call went; data sessions need not."""
    null = pa.nulls(rows, STRING)
    known = pc.is_in(columns.get("direction", null), pa.array(_DIRECTIONS))
    data = pc.equal(columns.get("kind", null), "data")
    return pc.or_(pc.fill_null(known, False), pc.fill_null(data, False))


def _in_form(cells: pa.Array, form: str) -> pa.Array:
    """Local times from texts of one form; a text of another is left to the usual rules."""
    read = pc.strptime(pc.utf8_trim_whitespace(cells), form, unit="us", error_is_null=True)
    if read.null_count == cells.null_count:
        return read
    written = pc.strftime(read, "%Y-%m-%d %H:%M:%S")
    return pc.coalesce(written, cells)


def ordered(profile: Profile | None) -> Callable[[], bool] | None:
    """Answers whether days come before months, where the profile says it."""
    if profile is None or profile.dates not in ("day-first", "month-first"):
        return None
    first = profile.dates == "day-first"
    return lambda: first


def zone_of(source: Source, profile: Profile | None) -> ZoneInfo:
    """The zone of times that state none."""
    if profile is None or profile.timezone is None:
        return source.timezone
    return ZoneInfo(profile.timezone)


def turned(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Calls of one line as calls: of an incoming one the line is called, and the other calls."""
    if "direction" not in columns:
        return dict(columns)
    incoming = pc.fill_null(pc.is_in(columns["direction"], pa.array(_INCOMING)), False)
    caller, callee = columns["caller"], columns["callee"]
    return {
        **columns,
        "caller": pc.if_else(incoming, callee, caller),
        "callee": pc.if_else(incoming, caller, callee),
    }
