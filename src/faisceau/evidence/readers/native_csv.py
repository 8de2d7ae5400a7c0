"""Native tables as CSV: any delimiter, encoding, quoting and date form; broken lines rejected.

Format: RFC 4180, with ``;``, tab or ``|`` for the comma where the file has these, and ``\\"`` for a
quote in quotes where it writes that (MySQL and its kin). Lines before the header (whose answer it
is, for which request) are left, where a header is recognised below them. Lines are told well-formed
or not by one regular expression (RE2, inside Arrow); Arrow parses those that are.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from faisceau.errors import BadInput
from faisceau.evidence.native import (
    Layout,
    Piece,
    batches,
    check_wishes,
    chosen_layout,
    guessed,
    recognised,
)
from faisceau.evidence.native.headers import may_be_header, named
from faisceau.evidence.native.lines import (
    Lines,
    line_end,
    read_lines,
    split_lines,
    text_encoding,
)
from faisceau.evidence.reading import Head, Reject, Source, Wishes
from faisceau.tables.schemas import TABLES, Batch
from faisceau.words import N_

FILLS = list(TABLES.values())
NATIVE = True
DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 100
LONGEST_RECORD = 1 << 20
"""Bytes; a quote still open after so many was never closed: its line alone is rejected."""
_OTHER = re.compile(r"\s*(?:<|[{\[]\s*(?:$|[\"{\[\]}]))")
"""How XML, HTML and JSON begin."""
PREAMBLE = 40
"""Lines, at most, among which the header is looked for."""
_FITTING = 0.5
"""Share of the rows below a header that are of its width, at least."""
_ESCAPED = re.compile(r'\\"(?=[^\s,;|"\\])')
_SEP = re.compile(r"sep=(.)\s*$", re.IGNORECASE)

csv.field_size_limit(LONGEST_RECORD)  # the module's own limit would lose a long message


@dataclass(frozen=True, slots=True)
class Shape:
    """How one file is written: encoding, line end, delimiter, headers, lines before the rows.

    ``escapes``: a quote inside quotes is ``\\"``; ``before``: how many lines with words stand
    before the header.
    """

    encoding: str
    end: str
    delimiter: str
    headers: tuple[str, ...]
    skip: int
    escapes: bool = False
    before: int = 0


def detect(head: Head) -> bool:
    """True when the header names the anchors of one table; with ``--as``, for any CSV."""
    check_wishes(head.wishes)
    shape = shape_of(head)
    if shape is None:
        return False
    if head.wishes.as_table is not None:
        return True
    return guessed(shape.headers, head.wishes) is not None


def read(source: Source) -> Iterator[Batch]:
    """Every line as a row or a reject; empty lines are neither."""
    shape = shape_of(source.head)
    if shape is None:
        raise BadInput(N_("{name} is not a CSV file"), name=source.name)
    layout = chosen_layout(shape.headers, source.wishes, source.name)
    if shape.before:
        source.leave(N_("lines before the header"), shape.before)
    return batches(source, lambda: _pieces(source, shape, layout))


def shape_of(head: Head) -> Shape | None:
    """The shape of the file by its first lines; None when it is no table in text."""
    encoding = text_encoding(head)
    if encoding is None:
        return None
    text = head.start.decode(encoding, "replace").removeprefix("\ufeff")
    if _OTHER.match(text):
        return None
    end = line_end(text)
    lines = text.split(end) if end == "\r" else text.replace("\r\n", "\n").split("\n")
    if not head.whole:
        lines = lines[:-1] or lines
    blank = next((n for n, line in enumerate(lines) if line.strip()), None)
    if blank is None:
        return None
    told, profile = _SEP.match(lines[blank]), head.wishes.profile
    start = blank + bool(told)
    if profile is not None:
        start += profile.skip
    if start >= len(lines):
        return None
    choices = (told[1],) if told else DELIMITERS
    if profile is not None and profile.separator is not None:
        choices = (profile.separator,)
    escapes = bool(_ESCAPED.search(text))
    best = max((_as_delimited(lines[start:], d, escapes) for d in choices), key=lambda s: s.fits)
    if not recognised(best.headers, head.wishes):
        below = _below(lines, start, choices, escapes, head.wishes)
        start, best = below if below is not None else (start, best)
    if not any(best.headers):
        return None
    before = sum(bool(line.strip()) for line in lines[blank + bool(told) : start])
    skip = start + best.used
    return Shape(encoding, end, best.delimiter, best.headers, skip, escapes, before)


@dataclass(frozen=True, slots=True)
class _Delimited:
    """How well a delimiter fits; the headers, the lines they fill, the delimiter."""

    fits: tuple[float, int]
    headers: tuple[str, ...]
    used: int
    delimiter: str


def _below(
    lines: list[str], first: int, choices: Sequence[str], escapes: bool, wishes: Wishes
) -> tuple[int, _Delimited] | None:
    """The first line below ``first`` that is a header recognised, with rows of its width."""
    for start in range(first + 1, min(first + PREAMBLE, len(lines))):
        for delimiter in choices:
            cells = lines[start].split(delimiter)
            if len(cells) < 2 or not may_be_header(cells, wishes):
                continue
            found = _as_delimited(lines[start:], delimiter, escapes)
            if found.fits[0] >= _FITTING and recognised(found.headers, wishes):
                return start, found
    return None


def _as_delimited(lines: list[str], delimiter: str, escapes: bool) -> _Delimited:
    reader = csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=delimiter,
        escapechar="\\" if escapes else None,
    )
    try:
        headers = next(reader, [])
        used = reader.line_num
        rows = [row for row in islice(reader, SAMPLE) if row]
    except csv.Error:
        headers, used, rows = lines[0].split(delimiter), 1, []
    widths = Counter(map(len, rows))
    width = widths.most_common(1)[0][0] if widths else len(headers)
    if width == len(headers) + 1 and all(not row[-1] for row in rows if len(row) == width):
        headers = [*headers, ""]  # every row ends with a delimiter, the header does not
    elif width == len(headers) - 1 and not headers[-1]:
        headers = headers[:-1]
    fits = widths[len(headers)] / len(rows) if rows else 1.0
    spread = len(headers) if len(headers) > 1 else 0
    return _Delimited((fits * bool(spread), spread), named(headers), used, delimiter)


def _pieces(source: Source, shape: Shape, layout: Layout) -> Iterator[Piece]:
    """The file in stretches of whole records; a record that runs on waits for the next one."""
    waiting, first = b"", 1
    for lines in read_lines(source, shape.encoding, shape.end):
        if not waiting:
            first = lines.first
        data, skipped = _after_header(waiting + lines.data, first, shape.skip)
        stretch = Lines(first + skipped, data, lines.rejects, lines.last)
        records = _records(stretch, shape)
        waiting, first = data[records.used :], records.next
        cells = _parsed(records.data, shape, layout.wanted)
        locators = pc.binary_join_element_wise("line ", records.starts.cast(pa.string()), "")
        seen = dict.fromkeys((*layout.left, *layout.unknown), cells.num_rows)
        yield Piece(layout, cells, locators, (*lines.rejects, *records.rejects), seen)


def _after_header(data: bytes, first: int, skip: int) -> tuple[bytes, int]:
    """``data`` without those of its lines that are among the first ``skip`` of the file."""
    at = lines = 0
    while first + lines <= skip:
        end = data.find(b"\n", at)
        if end < 0:
            return b"", lines
        at, lines = end + 1, lines + 1
    return data[at:], lines


@dataclass(frozen=True, slots=True)
class _Records:
    """Well-formed records of a stretch: their bytes, first lines, and what was rejected.

    ``used`` bytes of the stretch are settled; what follows, from line ``next``, is unfinished.
    """

    data: bytes
    starts: pa.Array
    rejects: list[Reject]
    used: int
    next: int


def _records(lines: Lines, shape: Shape) -> _Records:
    """Tell the records of a stretch from its broken lines.

    A line that is a whole record is kept as it is. Any other is empty, or the beginning of a
    record whose quoted text holds line ends, or broken; a broken one is rejected alone, whatever
    its quotes would swallow.
    """
    data, first, width = lines.data, lines.first, len(shape.headers)
    patterns = _patterns(shape.delimiter, width, shape.escapes)
    texts = split_lines(data)
    whole = pc.match_substring_regex(texts, patterns.line)
    numbers = pa.arange(first, first + len(texts))
    if whole.false_count == 0:
        return _Records(data, numbers, [], len(data), first + len(texts))
    # a line starts after those before it and their line ends
    offsets = memoryview(texts.buffers()[1]).cast("i")[texts.offset :]
    starts_record = whole.to_pylist()
    kept: list[bytes] = []
    rejects: list[Reject] = []
    taken, settled, after = 0, 0, first + len(texts)
    for n in pc.indices_nonzero(pc.invert(whole)).to_pylist():
        if n < settled:
            continue
        start, end = offsets[n] + n, offsets[n + 1] + n
        line = data[start:end]
        reject = None
        if line.strip(b" \r"):
            limit = min(start + LONGEST_RECORD, len(data))
            record = patterns.record.match(data, start, limit)
            if record is not None and (record[0].endswith(b"\n") or limit == len(data)):
                settled = n + record[0].removesuffix(b"\n").count(b"\n") + 1
                starts_record[n:settled] = [True, *[False] * (settled - n - 1)]
                continue
            open_until = patterns.open.match(data, start, limit)
            unfinished = open_until is not None and open_until.end() == len(data)
            if unfinished and not lines.last and len(data) - start < LONGEST_RECORD:
                kept.append(data[taken:start])
                taken, after = len(data), first + n
                starts_record[n:] = []
                used = start
                break
            reject = _broken(line, first + n, shape)
            rejects.append(reject)
        kept.append(data[taken:start])
        taken = min(end + 1, len(data))
    else:
        kept.append(data[taken:])
        used = len(data)
    mask = pa.array(starts_record, pa.bool_())
    return _Records(b"".join(kept), numbers.slice(0, len(mask)).filter(mask), rejects, used, after)


def _broken(line: bytes, number: int, shape: Shape) -> Reject:
    """Why a line is no record: its quotes, or its number of fields."""
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    where, raw = f"line {number}", text[:500]
    try:
        escape = "\\" if shape.escapes else None
        row = next(csv.reader([text], delimiter=shape.delimiter, strict=True, escapechar=escape))
    except csv.Error:
        return Reject(where, N_("a stray or unclosed quote"), raw=raw)
    facts = {"found": len(row), "wanted": len(shape.headers)}
    return Reject(where, N_("{found} fields where the header has {wanted}"), facts, raw=raw)


@dataclass(frozen=True, slots=True)
class _Patterns:
    line: str
    record: re.Pattern[bytes]
    open: re.Pattern[bytes]


@cache
def _patterns(delimiter: str, width: int, escapes: bool) -> _Patterns:
    """A line that is a whole record (RE2); a record over lines; one whose last quote is open.

    An unquoted field may hold quotes, not begin with one. In a record over several lines it may
    not: a lost quote would let it swallow its neighbours.
    """
    d = re.escape(delimiter)
    # a quoted text: what is in it, then more after each doubled (or escaped) quote
    plain, escaped = ('[^"\\\\]', r'(?:""|\\[\s\S])') if escapes else ('[^"]', '""')
    quoted = f'"{plain}*(?:{escaped}{plain}*)*"'
    bare = rf'(?:[^"{d}\r\n][^{d}\r\n]*)' + ("" if width == 1 else "?")
    field = f"(?:{quoted}|{bare})"
    more = f"(?:{d}{field}){{{width - 1}}}"
    opening = f'"{plain}*+(?:{escaped}{plain}*+)*+'
    strict = rf'(?:{opening}"|[^"{d}\r\n]*+)'
    return _Patterns(
        rf"^{field}{more}\r?$",
        re.compile(rf"{strict}(?:{d}{strict}){{{width - 1}}}\r?(?:\n|\Z)".encode()),
        re.compile(rf"(?:{strict}{d}){{0,{width - 1}}}{opening}".encode()),
    )


def _parsed(data: bytes, shape: Shape, wanted: list[str]) -> pa.Table:
    """The wanted columns of well-formed records, as text; empty fields are null."""
    kinds = pa.schema([(header, pa.string()) for header in wanted])
    if not data:
        return kinds.empty_table()
    return pa.csv.read_csv(
        pa.BufferReader(data),
        read_options=pa.csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=list(shape.headers)
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=shape.delimiter,
            newlines_in_values=True,
            escape_char="\\" if shape.escapes else False,
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=kinds,
            include_columns=wanted,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,
        ),
    )
