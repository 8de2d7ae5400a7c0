"""Native tables as JSON: one object a line (JSON Lines), or one array of objects.

Format: https://jsonlines.org, RFC 8259. Arrow parses whole stretches of lines; a stretch that it
refuses goes through orjson line by line, so that a broken line costs its neighbours time only.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import ijson
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from faisceau.errors import BadInput
from faisceau.evidence.encoding import mended
from faisceau.evidence.mending import mended_json
from faisceau.evidence.native import (
    Layout,
    Piece,
    batches,
    check_wishes,
    chosen_layout,
    guessed,
    layout_of,
)
from faisceau.evidence.native.lines import (
    Lines,
    line_end,
    read_lines,
    split_lines,
    text_encoding,
)
from faisceau.evidence.reading import Head, Reject, Source
from faisceau.tables.schemas import TABLES, Batch
from faisceau.tables.schemas.schema import BOOLEAN, COINS, INTEGER, NUMBER, STRING, STRINGS
from faisceau.words import N_

FILLS = list(TABLES.values())
NATIVE = True
SAMPLE = 500
_NO_OBJECT = N_("not a JSON object")
ROWS = 16_384
"""Objects of an array in one batch."""
_OBJECTS = re.compile(r"\s*\{\s*[\"}]")
_ARRAY = re.compile(r"\s*\[\s*(?:[{\]]|$)")
_SURROGATES = (b"\\ud", b"\\uD")
DEEPEST = 64
"""Values nested deeper are no record of any known format."""
_SHORT, _DEEP = 2_000, 500
"""Bytes below which no line nests too deep for Arrow, whose parser recurses; opening brackets."""


def detect(head: Head) -> bool:
    """True when the first objects hold the anchors of one table; with ``--as``, for any objects."""
    check_wishes(head.wishes)
    encoding = text_encoding(head)
    if encoding is None:
        return False
    text = head.start.decode(encoding, "replace").removeprefix("\ufeff")
    if not (_OBJECTS.match(text) or _ARRAY.match(text)):
        return False
    found = _first_objects(text, whole=head.whole)
    if head.wishes.as_table is not None:
        return bool(found) or not head.whole
    return guessed(_keys(found), head.wishes) is not None


def read(source: Source) -> Iterator[Batch]:
    """Every object as a row; a line or element that is none is a reject."""
    encoding = text_encoding(source.head)
    if encoding is None:
        raise BadInput(N_("{name} is not a text file"), name=source.name)
    text = source.head.start.decode(encoding, "replace").removeprefix("\ufeff")
    if _ARRAY.match(text):
        return batches(source, lambda: _array(source, encoding))
    end = line_end(text)
    return batches(source, lambda: _objects(source, encoding, end))


def _first_objects(text: str, *, whole: bool) -> list[Mapping[str, Any]]:
    """The objects at the beginning of the file, as far as it is there."""
    if _ARRAY.match(text):
        return _elements(text.encode("utf-8", "replace"))
    lines = text.splitlines()
    found = (_loaded(line.encode("utf-8", "replace")) for line in islice(lines, SAMPLE))
    return [row for row in found if isinstance(row, dict)]


def _elements(data: bytes) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    try:
        for item in islice(ijson.items(io.BytesIO(data), "item", use_float=True), SAMPLE):
            if isinstance(item, dict):
                found.append(item)
    except (ijson.JSONError, ValueError, RecursionError):
        pass  # cut by the end of the head, or damaged: what came before is enough
    return found


def _keys(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(rows)))


@dataclass
class _Columns:
    """What is known of the keys of a file so far: their layout, and the JSON type of each."""

    source: Source
    keys: list[str] = field(default_factory=list)
    layout: Layout | None = None
    kinds: dict[str, pa.DataType] = field(default_factory=dict)

    def see(self, keys: Iterable[str], rows: Sequence[Mapping[str, Any]] = ()) -> Layout:
        """Take in keys; the first time they choose the table."""
        new = [key for key in keys if key not in self.keys]
        if new or self.layout is None:
            self.keys += new
            wishes = self.source.wishes
            if self.layout is None:
                self.layout = chosen_layout(self.keys, wishes, self.source.name)
            else:
                self.layout = layout_of(self.layout.schema, self.keys, wishes)
            for column, key in self.layout.columns.items():
                if key not in self.kinds:
                    kind = _kind(
                        [row.get(key) for row in rows], self.layout.schema.columns[column].type
                    )
                    if kind is not None:
                        self.kinds[key] = kind
        return self.layout


def _kind(values: list[Any], wanted: pa.DataType) -> pa.DataType | None:
    """The Arrow type in which JSON values of a column are read; None: as they come."""
    met = {type(value) for value in values if value is not None}
    if not met:
        known = (NUMBER, INTEGER, BOOLEAN, STRINGS)
        return wanted if wanted in known else None if wanted == COINS else STRING
    if met == {list}:
        inner = {type(item) for value in values if value is not None for item in value}
        return STRINGS if inner <= {str} and wanted != COINS else None
    if met == {int}:
        return NUMBER if wanted == NUMBER else pa.int64()
    return {frozenset({str}): STRING, frozenset({bool}): BOOLEAN}.get(
        frozenset(met), NUMBER if met <= {int, float} else None
    )


def _objects(source: Source, encoding: str, end: str) -> Iterator[Piece]:
    """JSON Lines, a stretch at a time."""
    columns = _Columns(source)
    for lines in read_lines(source, encoding, end):
        if not columns.keys and lines.data.strip():
            sample = lines.data.split(b"\n", SAMPLE)[:SAMPLE]
            rows = [row for row in map(_loaded, sample) if isinstance(row, dict)]
            columns.see(_keys(rows), rows)
        piece = _quick(columns, lines)
        yield piece if piece is not None else _careful(columns, lines)


def _quick(columns: _Columns, lines: Lines) -> Piece | None:
    """The stretch parsed by Arrow; None where anything in it is out of the ordinary."""
    data = lines.data
    escaped = b"\\" in data and any(mark in data for mark in _SURROGATES)
    texts = split_lines(data)
    if not data.strip() or escaped or _too_deep(texts):
        return None
    layout = columns.see(())
    while True:
        try:
            table = _arrow(data, columns.kinds)
        except (pa.ArrowException, UnicodeError):
            return None
        names = table.column_names
        known = set(columns.kinds)
        layout = columns.see(names)
        if set(columns.kinds) & set(names) <= known:
            break  # else: again, now that the type of a late column is settled
    numbers = pa.arange(lines.first, lines.first + len(texts))
    if len(numbers) != table.num_rows:
        numbers = numbers.filter(pc.match_substring_regex(texts, r"\S"))
    if len(numbers) != table.num_rows:
        return None
    seen = {
        name: table.num_rows - table.column(name).null_count
        for name in (*layout.left, *layout.unknown)
        if name in names
    }
    cells = table.select([name for name in layout.wanted if name in names])
    if not cells.num_columns:
        return None
    return Piece(layout, cells, _locators(numbers), lines.rejects, seen)


def _arrow(data: bytes, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.json.read_json(
        pa.BufferReader(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pa.json.ParseOptions(
            explicit_schema=pa.schema(list(kinds.items())), unexpected_field_behavior="infer"
        ),
    )


def _too_deep(texts: pa.Array) -> bool:
    """True where a line may nest so deep that Arrow's parser would run out of stack."""
    if pc.max(pc.binary_length(texts)).as_py() < _SHORT:
        return False
    opened = pc.add(pc.count_substring(texts, b"{"), pc.count_substring(texts, b"["))
    return bool(pc.max(opened).as_py() > _DEEP)


def _locators(numbers: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise("line ", numbers.cast(pa.string()), "")


def _careful(columns: _Columns, lines: Lines) -> Piece:
    """The stretch line by line: each an object, or a reject with its number."""
    rows: list[Mapping[str, Any]] = []
    numbers, rejects = [], list(lines.rejects)
    for number, line in enumerate(lines.data.split(b"\n"), lines.first):
        if not line.strip():
            continue
        row = _loaded(line)
        if isinstance(row, dict):
            rows.append(row)
            numbers.append(number)
        else:
            raw = line[:2000].decode("utf-8", "replace")[:500]
            rejects.append(Reject(f"line {number}", _NO_OBJECT, raw=raw))
    return _piece(columns, rows, _locators(pa.array(numbers, pa.int64())), rejects)


def _array(source: Source, encoding: str) -> Iterator[Piece]:
    """The elements of one JSON array, streamed."""
    columns, number = _Columns(source), 0
    with source.open() as raw:
        items = ijson.items(mended_json(raw, encoding), "item", use_float=True)
        ended = False
        while not ended:
            rows: list[Mapping[str, Any]] = []
            numbers, rejects = [], []
            try:
                for item in islice(items, ROWS):
                    number += 1
                    row = _mended_or_none(item)
                    if isinstance(row, dict):
                        rows.append(row)
                        numbers.append(number)
                    else:
                        begins = "" if isinstance(item, (dict, list)) else repr(item)[:500]
                        rejects.append(Reject(f"record {number}", _NO_OBJECT, raw=begins))
                ended = len(rows) + len(rejects) < ROWS
            except (ijson.JSONError, ValueError, RecursionError) as error:
                ended = True
                reason = N_("the JSON array is cut or damaged here: {why}")
                facts = {"why": (str(error) or type(error).__name__).splitlines()[0][:200]}
                rejects.append(Reject(f"record {number + 1}", reason, facts))
            where = pa.array([f"record {n}" for n in numbers], pa.string())
            yield _piece(columns, rows, where, rejects)


def _piece(
    columns: _Columns,
    rows: list[Mapping[str, Any]],
    locators: pa.Array,
    rejects: list[Reject],
) -> Piece:
    counts = Counter(chain.from_iterable(rows))
    layout = columns.see(counts, rows)
    # a table keeps its number of rows by a column at least
    present = [key for key in layout.wanted if key in counts] or layout.wanted[:1]
    cells = pa.table({key: _cells(rows, key) for key in present})
    seen = {key: counts[key] for key in (*layout.left, *layout.unknown) if key in counts}
    return Piece(layout, cells, locators, tuple(rejects), seen)


def _cells(rows: list[Mapping[str, Any]], key: str) -> pa.Array:
    """The values of one key; of mixed types, all as text or JSON."""
    values = [row.get(key) for row in rows]
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return pa.array(
            [v if v is None or isinstance(v, str) else _as_json(v) for v in values], pa.string()
        )


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _loaded(line: bytes) -> Any:
    """The value of a line; None when it is no JSON. NaN is null, lone surrogates are mended."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass  # stricter than most writers: no NaN, no lone surrogates
    try:
        return _mended(json.loads(line, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None


def _mended(value: Any, depth: int = 0) -> Any:
    """The value as valid Unicode. Raises ``RecursionError`` when it nests without end."""
    if isinstance(value, str):
        return mended(value)
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, list):
        return [_mended(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {mended(key): _mended(item, depth + 1) for key, item in value.items()}
    return value


def _mended_or_none(value: Any) -> Any:
    try:
        return _mended(value)
    except RecursionError:
        return None
