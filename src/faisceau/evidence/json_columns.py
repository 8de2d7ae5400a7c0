"""One field of many JSON records at once: a column, and which values it could not read.

Each function takes the values in order, null where a record has none, and gives an Arrow array
with a mask, true where a value is not as plain as the function wants it (None: nowhere). It reads
what it reads exactly as ``clocks`` and ``Record.maybe`` do, an empty text as null.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.clocks import iso_time
from faisceau.tables.schemas.schema import BOOLEAN, INTEGER, LATEST, NUMBER, STRING, STRINGS, TIME

Mask = npt.NDArray[np.bool_]
Cells = tuple[pa.Array, Mask | None]
Column = Callable[[Sequence[Any]], Cells]

_REFUSED = (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError)
_UNREADABLE = (*_REFUSED, KeyError, AttributeError)
_NOTHING = pa.scalar(None, STRING)
_LONGEST = 18
"""Digits that 64 bits hold, whichever they are."""


def texts(values: Sequence[Any]) -> Cells:
    """Texts, an empty one as null."""
    try:
        cells, odd = pa.array(values, STRING), None
    except _REFUSED:
        cells, odd = _each(values, str, STRING, (str,))
    return pc.if_else(pc.equal(cells, ""), _NOTHING, cells), odd


def named(values: Sequence[Any]) -> Cells:
    """Identifiers: texts, or whole numbers as texts."""
    kinds = set(map(type, values))
    if int in kinds:
        values = [str(v) if type(v) is int else v for v in values]
    return texts(values)


def converted(convert: Callable[[Any], Any], kind: pa.DataType = STRING) -> Column:
    """What ``convert`` makes of each value that is there, a value at a time."""

    def read(values: Sequence[Any]) -> Cells:
        try:
            found = [None if v is None or v == "" else convert(v) for v in values]
            return pa.array(found, kind), None
        except _UNREADABLE:
            return _each(values, convert, kind)

    return read


def present(column: Column) -> Column:
    """A column of values that every record must have: an absent one is odd."""

    def read(values: Sequence[Any]) -> Cells:
        found, odd = column(values)
        return found, either(odd, pc.is_null(found))

    return read


def flags(values: Sequence[Any]) -> Cells:
    """True and false."""
    try:
        return pa.array(values, BOOLEAN), None
    except _REFUSED:
        return _each(values, bool, BOOLEAN, (bool,))


def numbers(values: Sequence[Any]) -> Cells:
    """Numbers, as floating point."""
    if set(map(type, values)) <= {int, float, type(None)}:
        try:
            return pa.array(values, NUMBER), None
        except _REFUSED:
            pass
    return _each(values, float, NUMBER, (int, float))


def counts(values: Sequence[Any]) -> Cells:
    """Whole numbers, written as numbers or as digits."""
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds <= {int}:
            return pa.array(values, INTEGER), None
        if kinds == {str}:
            return _digits(values)
    except _REFUSED:
        pass
    return _each(values, int, INTEGER, (int,))


def moments(per_second: int) -> Column:
    """Times counted since 1970, so many to the second: 1, 1000 or a million."""
    each = 1_000_000 // per_second
    latest = int(LATEST.timestamp()) * per_second

    def read(values: Sequence[Any]) -> Cells:
        found, odd = counts(values)
        inside = pc.and_(pc.greater_equal(found, 0), pc.less(found, latest))
        found = pc.if_else(inside, found, None)
        odd = either(odd, pc.invert(pc.fill_null(inside, True)))
        return pc.multiply(found, each).cast(TIME), odd

    return read


def iso_moments(values: Sequence[Any]) -> Cells:
    """ISO 8601 times; those without offset are in UTC."""
    written, odd = texts(values)
    for kind in (TIME, pa.timestamp("us")):
        try:
            found = written.cast(kind).cast(TIME)
            break
        except pa.ArrowInvalid:
            continue  # offsets are written everywhere, or nowhere, or it is looked at each
    else:
        return _each(values, iso_time, TIME)
    inside = pc.and_(pc.greater_equal(found, _FIRST), pc.less(found, _LAST))
    return pc.if_else(inside, found, pa.scalar(None, TIME)), either(
        odd, pc.invert(pc.fill_null(inside, True))
    )


_FIRST, _LAST = pa.scalar(0, pa.int64()).cast(TIME), pa.scalar(LATEST, TIME)


def empty(values: Sequence[Any]) -> Cells:
    """Nothing, an empty list at most: whatever else is there is odd."""
    odd = np.fromiter((bool(v) or v is False or v == 0 for v in values), np.bool_, len(values))
    return pa.nulls(len(values), STRING), odd if odd.any() else None


def unset(values: Sequence[Any]) -> Cells:
    """A mark that no record bears: whatever is true is odd."""
    odd = np.fromiter(map(bool, values), np.bool_, len(values))
    return pa.nulls(len(values), STRING), odd if odd.any() else None


def only(*allowed: Any) -> Column:
    """Texts of a short list (None too when it is in the list): any other value is odd."""
    wanted = frozenset(allowed)

    def read(values: Sequence[Any]) -> Cells:
        try:
            if set(values) <= wanted:
                return pa.array(values, STRING), None
        except TypeError:
            pass  # some value is a list or an object
        odd = np.fromiter(
            (not (v is None or type(v) is str) or v not in wanted for v in values),
            np.bool_,
            len(values),
        )
        return pa.array([None if o else v for v, o in zip(values, odd, strict=True)], STRING), odd

    return read


def but(*refused: str) -> Column:
    """Any value but these texts, which are odd."""

    def read(values: Sequence[Any]) -> Cells:
        odd = np.fromiter((v in refused for v in values), np.bool_, len(values))
        return pa.nulls(len(values), STRING), odd if odd.any() else None

    return read


def lists(cells: pa.Array, of: Callable[[str | None], list[str] | None]) -> pa.Array:
    """A list for each text (null too), looked up once for each different one."""
    coded = cells.dictionary_encode(null_encoding="encode")
    found = pa.array([of(one) for one in coded.dictionary.to_pylist()], STRINGS)
    return found.take(coded.indices)


def each(cells: pa.Array, of: Callable[[Any], str | None]) -> pa.Array:
    """A text for each value (null too), looked up once for each different one."""
    coded = cells.dictionary_encode(null_encoding="encode")
    found = pa.array([of(one) for one in coded.dictionary.to_pylist()], STRING)
    return found.take(coded.indices)


def either(one: Mask | None, other: pa.Array | Mask | None) -> Mask | None:
    """Where one or the other is true; None: nowhere."""
    if isinstance(other, pa.Array):
        other = other.to_numpy(zero_copy_only=False) if pc.any(other).as_py() else None
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _digits(values: Sequence[Any]) -> Cells:
    written, _ = texts(values)
    plain = pc.and_(
        pc.ascii_is_decimal(written), pc.less_equal(pc.binary_length(written), _LONGEST)
    )
    odd = either(None, pc.invert(pc.fill_null(plain, True)))
    return pc.if_else(plain, written, _NOTHING).cast(INTEGER), odd


def _each(
    values: Sequence[Any],
    convert: Callable[[Any], Any],
    kind: pa.DataType,
    of: tuple[type, ...] | None = None,
) -> Cells:
    """Value by value: what is not of these types, or not read, is null and odd."""
    found: list[Any] = []
    odd = np.zeros(len(values), np.bool_)
    for n, value in enumerate(values):
        one = None
        if value is not None and value != "":
            try:
                one = convert(value)
                pa.scalar(one, kind)
                odd[n] = of is not None and type(value) not in of
            except _UNREADABLE:
                odd[n] = True
        found.append(None if odd[n] else one)
    return pa.array(found, kind), odd if odd.any() else None
