"""Rows out of flat records whose columns are known by name: messages, calls, contacts, places.

A reader says which headers stand for which ``field`` (``Columns``); what the cells mean is the
same for every tool: who wrote, when, in which direction, deleted or not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from faisceau.evidence.folding import folded
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.evidence.report_sheets.moments import day_first_of, has_day, moment, zone_in
from faisceau.evidence.report_sheets.parties import Party, parties
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, POSITION, Row

Names = Mapping[str, Sequence[str]]
"""Folded headers by field; the first that a table has stands for it."""

_WORDS = {
    "in": "incoming received receive inbox in deliver entrant recu",
    "out": "outgoing sent send outbox out dialed dialled lastdialed submit sortant envoye drafts",
    "missed": "missed rejected declined unanswered missedcall manque noanswer",
    "yes": "yes true deleted trash 1 x y oui recovered carved supprime",
    "no": "no false intact active existing 0 n non live",
}
_SAYS = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
_CLOCK = re.compile(r"(?:(?:(\d+)[.:])?(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)")
"""Labels of what stands in an entry and names nobody."""
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_FAMILIES = {
    "image": "jpg jpeg png gif webp heic bmp".split(),  # noqa: SIM905
    "video": "mp4 mov 3gp avi mkv webm".split(),  # noqa: SIM905
    "voice": "opus amr".split(),  # noqa: SIM905
}
_KINDS = {ending: kind for kind, endings in _FAMILIES.items() for ending in endings}


Rows = Sequence[Sequence[Any]]
"""Cells in the order of the headers."""


@dataclass(frozen=True)
class Columns:
    """Which headers of a table stand for which fields, and how its times are written."""

    headers: Mapping[str, tuple[str, ...]]
    day_first: bool = True
    zone: timezone | None = None
    """The offset that the header of the time column states."""
    known: tuple[str, ...] = ()
    """Headers known and not wanted."""

    @classmethod
    def of(
        cls, headers: Sequence[str], names: Names, ignored: re.Pattern[str], *, rows: Rows = ()
    ) -> "Columns":
        """What the headers of a table mean; some of its ``rows`` show how it writes dates."""
        by_name: dict[str, list[str]] = {}
        for header in headers:
            by_name.setdefault(_plain(header), []).append(header)
        found = {
            column: tuple(h for name in wanted for h in by_name.get(name, ()))
            for column, wanted in names.items()
        }
        stated = [zone for h in found.get("time", ()) if (zone := zone_in(h)) is not None]
        known = tuple(h for h in headers if ignored.search(_plain(h)))
        times = [headers.index(h) for name in ("day", "time") for h in found.get(name, ())]
        order = _day_first([row[n] for row in rows for n in times if n < len(row)])
        return cls(found, order, stated[0] if stated else None, known)


@dataclass
class Cells:
    """One record: its cells by field."""

    source: Source
    record: Record
    columns: Columns
    said: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, source: Source, record: Record, said: Mapping[str, Any], columns: Columns
    ) -> "Cells":
        """Open a record; headers that no column holds are known from here on."""
        record.leave(*columns.known)
        return cls(source, record, columns, said)

    def every(self, *names: str) -> list[Any]:
        """All cells of some fields; a header may stand for a field more than once."""
        found = []
        for name in names:
            for header in self.columns.headers.get(name, ()):
                self.record.leave(header)
                if (cell := self.said.get(header)) not in (None, ""):
                    found.append(cell)
        return found

    def text(self, *names: str) -> str | None:
        """The first cell of some fields, as text."""
        cells = self.every(*names)
        return str(cells[0]) if cells and str(cells[0]).strip() else None

    def parties(self, *names: str) -> list[Party]:
        """Everyone whom some fields name."""
        return [party for cell in self.every(*names) for party in parties(str(cell))]

    def number(self, *names: str) -> float | None:
        """The first number in some fields."""
        for name in names:
            for header in self.columns.headers.get(name, ()):
                if (value := self.record.maybe(header, _number)) is not None:
                    return value
        return None

    def moment(self) -> tuple[datetime | None, str | None]:
        """The time of the record and the zone it was written in.

        In one cell, or the day in one and the clock time in another.
        """
        zone: ZoneInfo | timezone = self.columns.zone or self.source.timezone
        days, clocks = self.every("day"), self.every("time")
        for cell in clocks:
            if isinstance(cell, (datetime, date)) or has_day(str(cell)):
                found = self._moment(cell, None, zone)
                if found is not None:
                    return found
        for day in days:
            found = self._moment(day, clocks[0] if clocks else None, zone)
            if found is not None:
                return found
        return None, None

    def _moment(
        self, cell: Any, clock: Any, zone: ZoneInfo | timezone
    ) -> tuple[datetime, str | None] | None:
        try:
            found = moment(cell, zone, day_first=self.columns.day_first, clock=clock)
        except (ValueError, KeyError, OverflowError):
            self.source.tally.unread["time"] += 1
            return None
        if found.assumed:
            self.source.tally.assumed[self.source.timezone.key] += 1
        return found.at, found.zone

    def direction(self) -> str | None:
        """``in``, ``out`` or ``missed``, by the words of the fields that say it."""
        cells = self.every("direction", "type", "folder", "status")
        said = {_SAYS.get(folded(str(cell))) for cell in cells}
        return next((direction for direction in ("missed", "out", "in") if direction in said), None)

    def deleted(self) -> bool | None:
        """True for a record that was recovered; None where the report does not say."""
        said = [_SAYS.get(folded(str(cell))) for cell in self.every("deleted")]
        if "yes" in said:
            return True
        told = bool(self.columns.headers.get("deleted"))
        return False if told and all(word == "no" for word in said) else None

    def place(self) -> tuple[float | None, float | None]:
        """Latitude and longitude, in two cells or in one."""
        latitude, longitude = self.number("latitude"), self.number("longitude")
        if latitude is None or longitude is None:
            pair = _NUMBER.findall(self.text("position") or "")
            if len(pair) != 2:
                return None, None
            latitude, longitude = _number(pair[0]), _number(pair[1])
        inside = -90 <= latitude <= 90 and -180 <= longitude <= 180
        return (latitude, longitude) if inside and (latitude or longitude) else (None, None)


def message(cells: Cells, *, app: str, ref: str | None = None) -> Row:
    """The row of a message, a text message or a mail."""
    source = cells.source
    direction = cells.direction()
    involved = cells.parties("parties", "participants")
    writers = cells.parties("from") or [p for p in involved if p.role == "from"]
    to = cells.parties("to", "cc", "bcc") or [p for p in involved if p.role == "to"]
    owner = next((p.identifier for p in (*involved, *writers, *to) if p.owner), None)
    others = [p for p in involved if not p.role and not p.owner] or _numbered(cells)
    account = cells.text("account") or owner or source.owner
    me = Party(account or OWNER, None, owner=True)
    sender = next(iter(writers), None)
    if sender is None:
        sender = me if direction == "out" or (to and direction != "in") else next(iter(others), me)
    if not to:
        to = [p for p in others if p.known_as != sender.known_as]
        if not sender.owner and sender.known_as != account and (owner or not to):
            to.append(me)
    peers = {p.known_as for p in (sender, *to) if not p.owner and p.known_as not in (None, account)}
    latitude, longitude = cells.place()
    sent_at, zone = cells.moment()
    files = [str(cell) for cell in cells.every("attachment")]
    if len(files) > 1:
        source.leave("further attachment of a message", len(files) - 1)
    return MESSAGE.row(
        app=(cells.text("app") or app).lower(),
        account=account,
        thread_id=cells.text("thread", "chat") or ", ".join(sorted(filter(None, peers))) or None,
        thread_name=cells.text("thread_name"),
        sender_id=sender.identifier or (me.identifier if sender.owner else None),
        sender_name=sender.name or cells.text("sender_name"),
        recipients=[p.known_as or OWNER for p in to] or None,
        sent_at=sent_at,
        zone=zone,
        text=cells.text("text"),
        subject=cells.text("subject"),
        kind=_kind(cells, sender, files, located=latitude is not None),
        forwarded=_forwarded(cells),
        deleted=cells.deleted(),
        attachment_sha256=_hash(source, files),
        ref=cells.text("ref") or ref,
        latitude=latitude,
        longitude=longitude,
    )


def calls(cells: Cells) -> Iterator[Row]:
    """The rows of a call: one for each number called."""
    source = cells.source
    direction = cells.direction()
    involved = cells.parties("parties", "participants")
    callers = cells.parties("from") or [p for p in involved if p.role == "from"]
    callees = cells.parties("to") or [p for p in involved if p.role == "to"]
    others = [p for p in involved if not p.role and not p.owner] or _numbered(cells)
    if not callers and not callees:
        callers, callees = ([], others) if direction == "out" else (others, [])
    me = cells.text("account") or source.owner or OWNER
    started_at, zone = cells.moment()
    duration = next(
        (d for d in map(_seconds_or_none, cells.every("duration")) if d is not None), None
    )
    ref = cells.text("ref")
    for name in ("app", "name", "deleted", "sender_name", "thread", "text"):
        cells.every(name)
    caller = callers[0].known_as if callers else me
    for callee in [p.known_as for p in callees] or [me]:
        yield CALL.row(
            ref=ref,
            caller=caller or me,
            callee=callee or me,
            started_at=started_at,
            zone=zone,
            duration_s=duration,
            kind="voice",
            direction=direction,
        )


def contact(cells: Cells) -> Row:
    """The row of an address book's entry, or of an account of the holder."""
    found = [p for cell in cells.every("entries") for p in _entries(str(cell))]
    own = [str(cell).strip() for cell in cells.every("username", "number", "email")]
    identifiers = [line.strip() for cell in (*own, *found) for line in cell.splitlines()]
    for name in ("app", "deleted", "service"):
        cells.every(name)
    return CONTACT.row(
        ref=cells.text("ref"),
        account=cells.text("account"),
        name=cells.text("name"),
        identifiers=list(dict.fromkeys(filter(None, identifiers))) or None,
    )


def position(cells: Cells, device: str | None) -> Row:
    """The row of a place where the device was; ``ValueError`` where it has no coordinates."""
    latitude, longitude = cells.place()
    if latitude is None:
        raise ValueError("no coordinates")
    at, zone = cells.moment()
    how = " ".join(str(cell) for cell in cells.every("category", "type", "app", "name")).lower()
    kind = "cell" if re.search(r"cell|gsm", how) else "wifi" if re.search(r"wi-?fi", how) else None
    return POSITION.row(
        ref=cells.text("ref"),
        device=device,
        at=at,
        zone=zone,
        latitude=latitude,
        longitude=longitude,
        accuracy_m=cells.number("accuracy"),
        kind=kind or ("gps" if "gps" in how else None),
    )


def seconds(cell: Any) -> float:
    """Seconds of ``hh:mm:ss``, ``mm:ss``, ``12 sec`` or a duration of Excel."""
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second
    text = str(cell).strip()
    if clock := _CLOCK.fullmatch(text):
        days, hours, minutes, rest = clock.groups(default="0")
        return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)
    if units := re.findall(r"(\d+)\s*(h|m|s)", text.lower()):
        return float(sum(int(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in units))
    return _number(text)


def _seconds_or_none(cell: Any) -> float | None:
    try:
        return seconds(cell)
    except ValueError:
        return None


def _numbered(cells: Cells) -> list[Party]:
    """The other side, where it stands in columns of number and name."""
    number, name = cells.text("number"), cells.text("name")
    if number is None and name is None:
        return []
    return [Party(number.strip() if number else None, name)]


def _kind(cells: Cells, sender: Party, files: list[str], *, located: bool) -> str:
    said = folded(" ".join(str(cell) for cell in cells.every("kind")))
    if (sender.known_as or "").casefold().startswith("system message"):
        return "system"
    if located:
        return "location"
    if files:
        return _KINDS.get(files[0].rpartition(".")[2].lower(), "file")
    return next((k for k in ("voice", "image", "video", "location") if k in said), "text")


def _forwarded(cells: Cells) -> bool | None:
    if not cells.columns.headers.get("label"):
        return None
    return "forwarded" in folded(cells.text("label") or "")


def _hash(source: Source, files: list[str]) -> str | None:
    for path in files:
        member = source.attached(path.strip()) if path.strip() else None
        if member is not None:
            return member.sha256()
    return None


def _day_first(cells: list[Any]) -> bool:
    """Whether days come first: as some date shows, else as clocks of twelve hours go with."""
    order = day_first_of(cells)
    if order is not None:
        return order
    return not any(re.search(r"\d\s*[AaPp]\.?[Mm]\b", str(cell)) for cell in cells)


def _entries(cell: str) -> list[str]:
    """``Phone-Mobile: +33611`` on each line: what stands behind the colon, and identifies."""
    found = []
    for line in cell.splitlines():
        label, colon, value = line.partition(":")
        if not colon or value.startswith("//"):
            found.append(line.strip())
        elif (
            not re.search(r"web|address\b(?!.*mail)|url|picture|photo|organi", label.lower())
            or "mail" in label.lower()
        ):
            found.append(value.strip())
    return [value for value in found if value]


def _number(cell: Any) -> float:
    found = _NUMBER.search(str(cell))
    if found is None:
        raise ValueError(cell)
    return float(found[0].replace(",", "."))


def _plain(header: str) -> str:
    """A header without accents, case, spaces and what it says of the zone."""
    return folded(re.sub(r"\(?\s*(?:UTC|GMT)\s*[+-]?\s*\d*(?::\d\d)?\s*\)?", "", header))
