"""Dates of exported chats: how a dated line begins, and what the whole file says of its dates.

Day first, month first or year first; 12 or 24 hours; slashes, dots or dashes; brackets on iOS;
digits and marks of Arabic and Persian; the Persian calendar and the Buddhist count of years.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from faisceau.evidence.clocks import plausible
from faisceau.words import N_

NO_DATE = N_("its date does not exist")
OUTSIDE = N_("its time is outside 1970 to 2100")

MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_M = f"[{MARKS}]*"
_HALVES = {
    "am": 0, "pm": 12, "a": 0, "p": 12, "ص": 0, "م": 12, "قظ": 0, "بظ": 12, "öö": 0, "ös": 12,
    "vorm": 0, "nachm": 12, "πμ": 0, "μμ": 12, "上午": 0, "下午": 12, "午前": 0, "午後": 12,
    "오전": 0, "오후": 12, "पूर्वाह्न": 0, "अपराह्न": 12,
}  # fmt: skip
_HALF = (
    r"[AaPp]\.?\s?[Mm]\.?(?!\w)|ص|م|ق\.?ظ\.?|ب\.?ظ\.?|ÖÖ|ÖS|vorm\.|nachm\.|[πμ]\.?μ\.?"
    r"|上午|下午|午前|午後|오전|오후|पूर्वाह्न|अपराह्न"
)
HEADER = re.compile(
    rf"{_M}(?P<bracket>\[)?{_M}"
    rf"(?P<a>\d{{1,4}}){_M}(?P<sep>[./-])\s?{_M}(?P<b>\d{{1,2}}){_M}(?P=sep)\s?{_M}"
    rf"(?P<c>\d{{1,4}})\.?{_M}"
    rf"(?P<comma>[,،])?{_M}\s{{0,2}}{_M}(?:(?:à|at|um|om|a las|às|alle|ore|kl\.?|klo)\s)?"
    rf"(?:(?P<before>{_HALF})\s?)?"
    r"(?P<hour>\d{1,2})(?:[:.]|\s?h\s?)(?P<minute>\d{2})"
    r"(?:(?:[:.]|\s?min\s)(?P<second>\d{2})(?:\ss)?)?"
    rf"(?:\s?{_M}(?P<after>{_HALF}))?(?:\sUhr)?{_M}"
    r"(?(bracket)\]\s?|(?:\s(?P<dash>[-–])\s|:\s))"
)
"""A dated line up to the name or the notice."""
_ENOUGH = 200
"""Dated lines after which three days above 12 settle the order."""
_PERSIAN_LEAPS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
_PERSIAN_1400 = date(2021, 3, 21)


def layout(found: re.Match[str]) -> str:
    """How a dated line ends its date: ``[``, ``-`` or ``:``."""
    return "[" if found["bracket"] else "-" if found["dash"] else ":"


@dataclass(frozen=True, slots=True)
class Dates:
    """What the whole file says of its dates; ``certain`` is false where it says nothing."""

    layout: str
    order: str
    """``dmy``, ``mdy`` or ``ymd``."""
    certain: bool = True


def dates_of(lines: Iterable[str]) -> Dates:
    """The layout met most, and the order of day and month.

    Reads until days above 12 settle it; where none does, the whole file, and the order in which
    the days run forward; where that is no help either, month first only beside ``AM`` and ``PM``
    written as Americans do.
    """
    layouts: Counter[str] = Counter()
    votes: Counter[str] = Counter()
    days: dict[tuple[int, int, int], None] = {}
    american = False
    for line in lines:
        found = HEADER.match(line)
        if found is None:
            continue
        layouts[layout(found)] += 1
        american = american or found["after"] in ("AM", "PM")
        a, b, c = (int(found[part]) for part in "abc")
        day = (a, b, c)
        if day not in days:
            days[day] = None
            if len(found["a"]) > 2 or a > 31:
                votes["ymd"] += 1
            elif a > 12:
                votes["dmy"] += 1
            elif b > 12:
                votes["mdy"] += 1
        if sum(layouts.values()) >= _ENOUGH and max(votes.values(), default=0) >= 3:
            break
    met = layouts.most_common(1)[0][0] if layouts else "-"
    if votes:
        return Dates(met, votes.most_common(1)[0][0])
    backwards = {
        order: sum(later < earlier for earlier, later in pairwise(run))
        for order, run in (
            ("dmy", [(c, b, a) for a, b, c in days]),
            ("mdy", [(c, a, b) for a, b, c in days]),
        )
    }
    if backwards["dmy"] != backwards["mdy"]:
        return Dates(met, min(backwards, key=lambda order: backwards[order]))
    return Dates(met, "mdy" if american else "dmy", all(a == b for a, b, _ in days))


class Stamps:
    """Times of dated lines; one calculation for each distinct hour of a file.

    No zone has changed its clocks inside an hour since 1970 but at its start.
    """

    def __init__(self, order: str, zone: ZoneInfo) -> None:
        self._order = order
        self._zone = zone
        self._hours: dict[tuple[str | Any, ...], int | str] = {}

    def at(self, found: re.Match[str]) -> tuple[int | None, str | None]:
        """Microseconds since 1970 in UTC, or the reason why there are none."""
        hour = found.group("a", "b", "c", "hour", "before", "after")
        start = self._hours.get(hour)
        if start is None:
            start = self._hours[hour] = self._reckon(hour)
        if isinstance(start, str):
            return None, start
        minute, second = int(found["minute"]), int(found["second"] or 0)
        if minute > 59 or second > 59:
            return None, NO_DATE
        return start + (minute * 60 + second) * 1_000_000, None

    def _reckon(self, stated: tuple[str | Any, ...]) -> int | str:
        *day, hour, before, after = stated
        parts = dict(zip(self._order, day, strict=True))
        year = int(parts["y"]) + (2000 if len(parts["y"]) < 3 else 0)
        clock = int(hour)
        if half := before or after:
            plain = "".join(half.lower().replace(".", "").split())
            clock = clock % 12 + _HALVES[plain] if clock <= 12 else clock
        try:
            on = _civil(year, int(parts["m"]), int(parts["d"]))
            local = datetime(on.year, on.month, on.day, clock, tzinfo=self._zone)
        except ValueError:
            return NO_DATE
        try:
            at = plausible(local)
        except (ValueError, OverflowError):
            return OUTSIDE
        return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


def _civil(year: int, month: int, day: int) -> date:
    """The day in the common calendar. ``ValueError`` when there is no such day.

    The years 1300 to 1429 are of the Persian calendar (WhatsApp is younger than they are in any
    other), 2443 to 2642 count from the Buddha.
    """
    if 1300 <= year < 1430:
        return _persian(year, month, day)
    return date(year - 543 if 2443 <= year < 2643 else year, month, day)


def _persian(year: int, month: int, day: int) -> date:
    """Six months of 31 days, five of 30, one of 29 or 30: leap years by the cycle of 33."""
    long = year % 33 in _PERSIAN_LEAPS
    length = 31 if month <= 6 else 30 if month < 12 or long else 29
    if not (1 <= month <= 12 and 1 <= day <= length):
        raise ValueError((year, month, day))
    first, last = sorted((year, 1400))
    between = sum(366 if y % 33 in _PERSIAN_LEAPS else 365 for y in range(first, last))
    into = (month - 1) * 30 + min(month - 1, 6) + day - 1
    return _PERSIAN_1400 + timedelta(days=(between if year >= 1400 else -between) + into)
