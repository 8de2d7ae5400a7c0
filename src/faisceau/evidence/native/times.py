"""Times and dates as people and programs write them, a whole column at a time.

Every form is rewritten into ISO 8601 by regular expressions (RE2, inside Arrow), checked against
the calendar, then cast: no Python runs per cell. What is not understood becomes null.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.native.values import cast
from faisceau.tables.schemas.schema import DATE, EARLIEST, LATEST, TIME

LOCAL = pa.timestamp("us")
Order = Callable[[], bool]
"""Asked, only where it matters, whether 03/04 is the third of April."""
_FIRST_DAY, _AFTER_LAST_DAY = -25_567, 47_482
"""1900-01-01 and 2100-01-01 in days since 1970: the range of a plausible date."""
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "GMT", "Z", "+00:00"})

_LEAP = r"(?:(?:19|20)(?:0[48]|[2468][048]|[13579][26])|2000)"
_DAY = (
    r"(?:(?:19|20)\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|" + _LEAP + r"-02-29)"
)
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)"
_LOCAL_ISO = f"^{_DAY}(?:[T ]{_CLOCK}(?: [AP]M)?)?$"
_AWARE_ISO = f"^{_DAY}[T ]{_CLOCK}(?: [AP]M)?{_OFFSET}$"
_ISO = f"(?:{_LOCAL_ISO})|(?:{_AWARE_ISO})"
_DATE_ISO = f"^{_DAY}"

_NUMERIC = r"^\s*\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)\b"
_DAY_FIRST = r"^\s*(?:1[3-9]|2\d|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-](?:\d{4}|\d\d)\b"
_MONTH_FIRST = r"^\s*(?:0?[1-9]|1[0-2])[/.-](?:1[3-9]|2\d|3[01])[/.-](?:\d{4}|\d\d)\b"
_COMPACT = (
    r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(?:(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?$"
)
_EPOCH = r"^-?\d{1,19}(?:\.\d*)?$"
_PLAIN = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}(?:[ T]\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$"
"""By far the commonest of other forms: spared most of the rules."""
_PADDED = r"^\d\d.\d\d.\d{4}(?:$| \d\d:)"

_MONTHS = (
    ("01", "janvier|janv|january|jan"),
    ("02", "février|fevrier|févr|fevr|fév|fev|february|feb"),
    ("03", "mars|march|mar"),
    ("04", "avril|avr|april|apr"),
    ("05", "mai|may"),
    ("06", "juin|june|jun"),
    ("07", "juillet|juil|july|jul"),
    ("08", "août|aout|august|aug"),
    ("09", "septembre|september|sept|sep"),
    ("10", "octobre|october|oct"),
    ("11", "novembre|november|nov"),
    ("12", "décembre|decembre|déc|december|dec"),
)
_WEEKDAYS = (
    "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday"
    "|saturday|sunday|lun|mer|jeu|ven|sam|dim|mon|tue|wed|thu|fri|sat|sun"
)
_WORDS = (
    *((rf"(?i)(\d|er|st|nd|rd|th)[ ./-]*\b(?:{m})\b[ ,./-]*", rf"\1 <{n}> ") for n, m in _MONTHS),
    *(
        (rf"(?i)^(?:{m})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", rf"\2-{n}-\1")
        for n, m in _MONTHS
    ),
    (r"(?i)^(\d{1,2})(?:er|st|nd|rd|th)? <(\d\d)> (\d{4})\b,?", r"\3-\2-\1"),
    (r"(?i)^(\d{1,2})(?:er|st|nd|rd|th)? <(\d\d)> ([0-6]\d)\b,?", r"20\3-\2-\1"),
    (r"(?i)^(\d{1,2})(?:er|st|nd|rd|th)? <(\d\d)> ([7-9]\d)\b,?", r"19\3-\2-\1"),
)
_LETTERS = r"(?i)[a-zéû]{3}"
_OPENING = (
    (r"[\s\x{a0}\x{202f}]+", " "),
    (rf"(?i)^(?:{_WEEKDAYS})\b\.?,? ", ""),
    (r"(?i)^mar\.?,? (\d{1,2}(?:er)? [[:alpha:]])", r"\1"),
    (r"(?i)^le ", ""),
)
_CLOCKS = (
    (r"(?i)(\d),? (?:à|a|at) (\d)", r"\1 \2"),
    (r"^(\d\S{5,}), ?", r"\1 "),
    (r"(?i)\b(\d{1,2}) ?h ?(\d\d) ?(?:m|mn|min)? ?(\d\d) ?s?\b", r"\1:\2:\3"),
    (r"(?i)\b(\d{1,2}) ?h ?(\d\d)(?: ?(?:m|mn|min))?\b", r"\1:\2"),
    (r"(?i)\b(\d{1,2}) ?h\b", r"\1:00"),
)
_DAYS = (
    (r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})\b", r"\1-\2-\3"),
    (r"^(\d{4}):(\d\d):(\d\d) ", r"\1-\2-\3 "),  # as cameras write it (EXIF)
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[T ]?(\d\d):?(\d\d):?(\d\d)", r"\1-\2-\3 \4:\5:\6"),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[T ]?(\d\d):?(\d\d)", r"\1-\2-\3 \4:\5"),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)$", r"\1-\2-\3"),
)
_PADDING = (
    (r"^(\d{4})-(\d)-", r"\1-0\2-"),
    (r"^(\d{4}-\d\d)-(\d)(\D|$)", r"\1-0\2\3"),
    (r"^(\d{4}-\d\d-\d\d)(?: ?[Tt] ?| ?- | )", r"\1 "),
    (r"^(\S{10}) (\d):", r"\1 0\2:"),
)
_CLOSING = (
    (r"^(\S{10} \d\d)\.(\d\d)\.(\d\d)", r"\1:\2:\3"),
    (r"^(\S{10} \d\d)\.(\d\d)\b", r"\1:\2"),
    (r"(:\d\d),(\d)", r"\1.\2"),
    (r"(:\d\d\.\d{6})\d+", r"\1"),
    (r"(?i)^(\S{10}) (\d) ?([ap])\.? ?m\.?$", r"\1 0\2:00 \3M"),
    (r"(?i)^(\S{10}) (\d\d) ?([ap])\.? ?m\.?$", r"\1 \2:00 \3M"),
    (r"(?i)^(\S{10} [\d:.]+) ?a\.? ?m\.?", r"\1 AM"),
    (r"(?i)^(\S{10} [\d:.]+) ?p\.? ?m\.?", r"\1 PM"),
    (r" ?\[[^\]]*\]$", ""),  # Java's "[Europe/Paris]" after the offset
    (r"(?i)(:\d\d[\d.:]*(?: [AP]M)?) ?(?:Z|UTC|GMT)$", r"\1Z"),
    (r"(:\d\d[\d.:]*(?: [AP]M)?) ?(?:UTC|GMT)?([+-]\d\d):?(\d\d)$", r"\1\2:\3"),
    (r"(:\d\d[\d.:]*(?: [AP]M)?) ?(?:UTC|GMT)?([+-]\d\d)$", r"\1\2:00"),
    (r"(:\d\d[\d.:]*(?: [AP]M)?) ?(?:UTC|GMT)([+-])(\d)$", r"\1\20\3:00"),
    (r"(:\d\d[\d.:]*) CEST$", r"\1+02:00"),
    (r"(:\d\d[\d.:]*) CET$", r"\1+01:00"),
)


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times: ``at`` in UTC (null: none, or not understood).

    ``bare`` is True where neither the text nor its row stated a zone, so that one was assumed;
    ``zones`` is the zone each text stated, null where it stated none or UTC.
    """

    at: pa.Array
    bare: pa.Array
    zones: pa.Array


def order_votes(cells: pa.Array) -> tuple[int, int, int]:
    """How many dates such as 03/04/2026 there are; how many can only be day, or month, first."""
    if not pa.types.is_string(cells.type) or not _any(cells, _NUMERIC):
        return 0, 0, 0
    return (_count(cells, _NUMERIC), _count(cells, _DAY_FIRST), _count(cells, _MONTH_FIRST))


def read_times(
    cells: pa.Array,
    zone: ZoneInfo,
    *,
    day_first: Order = lambda: True,
    zones: pa.Array | None = None,
) -> Times:
    """A column of any Arrow type as times in [1970, 2100).

    A time without zone is in the zone its row names (``zones``, where that is one), else in
    ``zone``; one that the clocks skipped or showed twice is read as ``datetime`` does (fold 0).
    """
    kind, n = cells.type, len(cells)
    aware, local, offsets = pa.nulls(n, TIME), pa.nulls(n, LOCAL), pa.nulls(n, pa.string())
    if cells.null_count == n:
        pass
    elif pa.types.is_string(kind):
        aware, local, offsets = _from_text(cells, day_first)
    elif pa.types.is_timestamp(kind):
        inside = _within(cells)
        if kind.tz is not None:
            aware = inside.cast(TIME, safe=False)
            if kind.tz not in _UTC_NAMES:
                offsets = pc.if_else(pc.is_valid(aware), kind.tz, offsets)
        else:
            local = inside.cast(LOCAL, safe=False)
    elif pa.types.is_date(kind):
        local = _days_within(cells.cast(DATE, safe=False)).cast(LOCAL)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        aware, local = _from_numbers(cells)
    if local.null_count == n:
        return Times(_plausible(aware), pa.repeat(False, n), offsets)
    known = [z for z in pc.unique(zones).to_pylist() if z in _zone_names()] if zones else []
    at = aware
    for name in known:
        here = pc.if_else(pc.equal(zones, name), local, pa.scalar(None, LOCAL))
        at = pc.coalesce(at, in_zone(here, name))
    if known:
        elsewhere = pc.invert(pc.is_in(zones, pa.array(known, pa.string())))
        local = pc.if_else(elsewhere, local, pa.scalar(None, LOCAL))
    at = _plausible(pc.coalesce(at, in_zone(local, str(zone))))
    return Times(at, pc.and_(pc.is_valid(local), pc.is_valid(at)), offsets)


def read_dates(cells: pa.Array, *, day_first: Order = lambda: True) -> pa.Array:
    """A column of any Arrow type as dates in [1900, 2100); a time gives the day it states."""
    kind = cells.type
    if pa.types.is_date(kind):
        return _days_within(cells.cast(DATE, safe=False))
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            cells = pc.local_timestamp(cells)
        unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[cells.type.unit] * 86_400
        low, high = _FIRST_DAY * unit, min(_AFTER_LAST_DAY * unit, 2**63 - 1)
        return _days_within(_between(cells, low, high).cast(DATE, safe=False))
    if pa.types.is_integer(kind):
        cells = cells.cast(pa.string())
    if not pa.types.is_string(cells.type):
        return pa.nulls(len(cells), DATE)
    if (days := cast(cells, DATE)) is not None:
        return _days_within(days)
    iso = _iso(cells, day_first, pivot="[0-2]", older="[3-9]")
    day = pc.utf8_slice_codeunits(_where(iso, _DATE_ISO), 0, 10)
    return _days_within(day.cast(DATE))


def _from_text(cells: pa.Array, day_first: Order) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Times with a zone, times without, and the offsets that were not UTC."""
    n = len(cells)
    if (aware := cast(cells, TIME)) is not None:
        return aware, pa.nulls(n, LOCAL), _offsets(cells)
    if (local := cast(cells, LOCAL)) is not None:
        return pa.nulls(n, TIME), local, pa.nulls(n, pa.string())
    text = pc.utf8_trim_whitespace(cells)
    epoch = _where(text, _EPOCH)
    if epoch.null_count < n:
        epoch = pc.if_else(_matches(epoch, _COMPACT), pa.scalar(None, pa.string()), epoch)
        text = pc.if_else(pc.is_valid(epoch), pa.scalar(None, pa.string()), text)
    iso = _iso(text, day_first, pivot="[0-6]", older="[7-9]")
    iso, shift = _without_half_days(iso)
    aware = _where(iso, _AWARE_ISO).cast(TIME)
    local = _where(iso, _LOCAL_ISO).cast(LOCAL)
    if shift is not None:
        aware, local = pc.add(aware, shift), pc.add(local, shift)
    if epoch.null_count < n:
        aware = pc.coalesce(aware, _from_epoch_text(epoch))
    return aware, local, _offsets(_where(iso, _AWARE_ISO))


def _iso(text: pa.Array, day_first: Order, pivot: str, older: str) -> pa.Array:
    """The texts rewritten into ISO 8601, as far as they are understood.

    ``pivot`` and ``older`` are the first digits of the years 20xx and 19xx written in two.
    """

    def common(some: pa.Array) -> pa.Array:
        padding = () if not pc.any(pc.invert(_is(some, _PADDED))).as_py() else _PADDING
        return _rewritten(some, (numeric[0], *padding))

    def any_other(some: pa.Array) -> pa.Array:
        words = _WORDS if _any(some, _LETTERS) else ()
        rules = (*_OPENING, *words, *_CLOCKS, *_DAYS, *numeric, *_PADDING, *_CLOSING)
        return _rewritten(some, rules)

    text = pc.utf8_trim_whitespace(text)
    done = pc.or_(pc.is_null(text), _is(text, _ISO))
    if not done.false_count:
        return text
    plain = pc.and_(_is(text, _PLAIN), pc.invert(done))
    rest = pc.invert(pc.or_(done, plain))
    date = r"\3-\2-\1" if day_first() else r"\3-\1-\2"
    numeric = (
        (r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b", date),
        (rf"^(\d{{1,2}})[/.-](\d{{1,2}})[/.-]({pivot}\d)\b", f"20{date}"),
        (rf"^(\d{{1,2}})[/.-](\d{{1,2}})[/.-]({older}\d)\b", f"19{date}"),
    )
    return _on(_on(text, plain, common), rest, any_other)


def _rewritten(text: pa.Array, rules: Iterable[tuple[str, str]]) -> pa.Array:
    for pattern, replacement in rules:
        text = pc.replace_substring_regex(text, pattern, replacement)
    return text


def _on(text: pa.Array, mask: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The texts, those under ``mask`` changed."""
    if not mask.true_count:
        return text
    return pc.replace_with_mask(text, mask, change(text.filter(mask)))


def _without_half_days(iso: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """12-hour texts without their AM or PM, and the hours to add to each (None: there are none)."""
    if not _any(iso, " [AP]M"):
        return iso, None
    possible = pc.invert(pc.fill_null(_matches(iso, r" (?:0[0]|1[3-9]|2\d):\S* [AP]M"), False))
    iso = pc.if_else(possible, iso, pa.scalar(None, pa.string()))
    noon = _matches(iso, r" 12:\S* [AP]M")
    afternoon = _matches(iso, r" PM")
    morning = _matches(iso, r" AM")
    hours = pc.if_else(
        pc.and_(noon, morning), -12, pc.if_else(pc.and_(afternoon, pc.invert(noon)), 12, 0)
    )
    shift = pc.multiply(pc.fill_null(hours, 0).cast(pa.int64()), 3_600_000_000)
    return pc.replace_substring_regex(iso, " [AP]M", ""), shift.cast(pa.duration("us"))


def _from_numbers(cells: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Numbers as times since 1970, or as days written 20260301 (these state no zone)."""
    if pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type):
        return _from_epoch_float(cells.cast(pa.float64())), pa.nulls(len(cells), LOCAL)
    if pa.types.is_unsigned_integer(cells.type):
        top = pa.scalar(2**63 - 1, pa.uint64())
        wide = cells.cast(pa.uint64())
        cells = pc.if_else(pc.less_equal(wide, top), wide, pa.scalar(None, pa.uint64()))
    text = cells.cast(pa.string())
    compact = _where(text, _COMPACT)
    whole = cells.cast(pa.int64())
    if compact.null_count == len(cells):
        return _from_epoch_int(whole), pa.nulls(len(cells), LOCAL)
    local = _where(_iso(compact, lambda: True, "[0-6]", "[7-9]"), _LOCAL_ISO).cast(LOCAL)
    rest = pc.if_else(pc.is_valid(compact), pa.scalar(None, pa.int64()), whole)
    return _from_epoch_int(rest), local


def _from_epoch_text(epoch: pa.Array) -> pa.Array:
    whole = _where(epoch, r"^-?(?:\d{1,18}|[1-8]\d{18})$").cast(pa.int64())
    broken = _where(epoch, r"^-?\d{1,15}\.\d*$").cast(pa.float64())
    return pc.coalesce(_from_epoch_int(whole), _from_epoch_float(broken))


_SCALES = ((1, 1_000_000), (1_000, 1_000), (1_000_000, 1))
"""(units in a second, microseconds in a unit); nanoseconds apart."""
_END = int(LATEST.timestamp())


def _from_epoch_int(whole: pa.Array) -> pa.Array:
    """Seconds, milli-, micro- or nanoseconds, told by size: each is in [1970, 2100) once only."""
    micro = pc.if_else(pc.less(whole, 0), pa.scalar(None, pa.int64()), whole)
    cases = [pc.less(micro, _END * units) for units, _ in _SCALES]
    values = [pc.multiply(micro, factor) for _, factor in _SCALES]
    nano = pc.divide(micro, 1_000)
    return pc.case_when(
        pc.make_struct(*[pc.fill_null(c, False) for c in cases]), *values, nano
    ).cast(TIME)


def _from_epoch_float(number: pa.Array) -> pa.Array:
    sane = pc.and_(pc.greater_equal(number, 0.0), pc.less(number, float(_END) * 1e6))
    number = pc.if_else(pc.fill_null(sane, False), number, pa.scalar(None, pa.float64()))
    cases = [pc.fill_null(pc.less(number, float(_END * units)), False) for units, _ in _SCALES]
    values = [pc.multiply(number, float(factor)) for _, factor in _SCALES]
    micro = pc.case_when(pc.make_struct(*cases), *values)
    return pc.round(micro).cast(pa.int64(), safe=False).cast(TIME)


def in_zone(local: pa.Array, name: str) -> pa.Array:
    """Local times (no zone) as UTC, by the rules of ``datetime`` with ``fold=0``.

    Of an hour that came twice the first is meant; one that was skipped is read with the offset
    that held before it.
    """
    at = pc.assume_timezone(local, name, ambiguous="earliest", nonexistent="latest")
    skipped = pc.fill_null(pc.not_equal(pc.local_timestamp(at), local), False)
    if pc.any(skipped).as_py():
        day = pa.scalar(86_400_000_000, pa.duration("us"))
        before = pc.assume_timezone(
            pc.subtract(local, day), name, ambiguous="earliest", nonexistent="latest"
        )
        at = pc.if_else(skipped, pc.add(before, day), at)
    return at.cast(TIME)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _offsets(texts: pa.Array) -> pa.Array:
    """The UTC offset each text ends with; null for none, Z and +00:00."""
    if pc.all(pc.ends_with(texts, "Z")).as_py():
        return pa.nulls(len(texts), pa.string())
    endings = pc.utf8_slice_codeunits(texts, -6).dictionary_encode()  # a file has few
    shown = _where(endings.dictionary, r"[+-]\d\d(?::?\d\d)?$")
    if shown.null_count == len(shown):
        return pa.nulls(len(texts), pa.string())
    parts = pc.extract_regex(shown, r"(?P<sign>[+-])(?P<h>\d\d):?(?P<m>\d\d)?$")
    minutes = pc.struct_field(parts, "m")
    minutes = pc.if_else(pc.equal(minutes, ""), "00", minutes)
    offset = pc.binary_join_element_wise(
        pc.binary_join_element_wise(
            pc.struct_field(parts, "sign"), pc.struct_field(parts, "h"), ""
        ),
        minutes,
        ":",
    )
    known = pc.if_else(pc.is_in(offset, pa.array(["+00:00", "-00:00"])), None, offset)
    return known.take(endings.indices)


def _plausible(at: pa.Array) -> pa.Array:
    return _between(at, int(EARLIEST.timestamp()) * 10**6, int(LATEST.timestamp()) * 10**6)


def _within(cells: pa.Array) -> pa.Array:
    """Timestamps of any unit within [1970, 2100) and two days around: casting them is safe."""
    unit = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[cells.type.unit]
    return _between(cells, -172_800 * unit, min((_END + 172_800) * unit, 2**63 - 1))


def _days_within(days: pa.Array) -> pa.Array:
    return _between(days, _FIRST_DAY, _AFTER_LAST_DAY)


def _between(values: pa.Array, low: int, high: int) -> pa.Array:
    """The values whose stored integer is in [low, high); the others are null."""
    whole = values.view(pa.int32() if pa.types.is_date32(values.type) else pa.int64())
    inside = pc.and_(pc.greater_equal(whole, low), pc.less(whole, high))
    return pc.if_else(pc.fill_null(inside, False), values, pa.scalar(None, values.type))


def _matches(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, pattern)


def _is(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(_matches(texts, pattern), False)


def _where(texts: pa.Array, pattern: str) -> pa.Array:
    """The texts that match; the others are null."""
    return pc.if_else(_is(texts, pattern), texts, pa.scalar(None, pa.string()))


def _count(texts: pa.Array, pattern: str) -> int:
    return int(pc.sum(_matches(texts, pattern)).as_py() or 0)


def _any(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.any(_matches(texts, pattern)).as_py())
