"""WhatsApp's exported chats (``WhatsApp Chat with X.txt``, ``_chat.txt``), in every date form.

The app writes dates as the phone's language and region do, and publishes no description; the forms
are known from exports and from the tools that read them (whatstk). Two layouts, one a file:
``dd/mm/yyyy, hh:mm - Name: text`` (Android) and ``[dd/mm/yyyy, hh:mm:ss] Name: text`` (iOS; old
ones without brackets). Whether day or month comes first is told by the whole file: by a number
above 12, else by the order in which the days run forward.

- An export names people as the phone's address book does: that name is ``sender_id``.
- A line without a name is a notice of the app (``system``). So is the encryption notice, under
  whatever name it stands, and on iOS what begins with the app's own mark (U+200E); the name it
  stands under stays ``sender_name``.
- The chat's name is the file's or the archive's, else the name under which the encryption notice
  stands: on iOS it is the chat's.
- ``text`` stays as exported, ``IMG-….jpg (file attached)`` included; when that file lies beside
  the export, ``attachment_sha256`` is its hash.
- Local times are of ``--timezone``, which ``zone`` keeps; in the hour that autumn repeats, the
  first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from faisceau.evidence.reading import Head, Source
from faisceau.evidence.whatsapp.export_dates import HEADER, MARKS, Stamps, dates_of, layout
from faisceau.evidence.whatsapp.export_words import (
    APP_MARK,
    said,
    split,
    tells_of_encryption,
    thread_of,
)
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import BOOLEAN, NUMBER, STRING, TIME, Batch
from faisceau.words import N_

FILLS = [MESSAGE]
ROWS = 20_000
LONGEST_TEXT = 1 << 20
"""Characters; WhatsApp cuts a message far below. Further lines of one are rejected."""

NOT_DATED = N_("stands before the first dated line")
TOO_LONG = N_("continues a message longer than any")

_LOG_LEVEL = re.compile(r"(?i)(?:^|[\W_])(?:debug|info|notice|warn(?:ing)?|error|critical|trace)$")


def detect(head: Head) -> bool:
    """True when the first lines are dated as WhatsApp dates them, with names or notices after."""
    if "<" in head.text[:1] or (head.is_json and head.text.lstrip()[:1] == "{"):
        return False
    lines = [line for line in head.lines if line.strip(MARKS + " ")][:20]
    found = [(m, line[m.end() :]) for line in lines if (m := HEADER.match(line))]
    if not found or (len(found) == 1 and not HEADER.match(lines[0])):
        return False
    senders = [who for _, rest in found if (who := split(rest)[0])]
    if any(_LOG_LEVEL.search(who) for who in senders):
        return False
    first = found[0][0]
    if layout(first) == ":" or (first["bracket"] and len(first["a"]) > 2):
        # Logs look like these, but for the comma or the app's mark, and for who speaks.
        return bool(senders) and (first["comma"] is not None or APP_MARK in head.text)
    return True


def read(source: Source) -> Iterator[Batch]:
    """Messages in the order of the file. Lines before the first dated one are rejected."""
    first_pass = Source(source.member, source.wishes)  # its rejects are counted later
    dates = dates_of(line for _, line in first_pass.lines())
    if not dates.certain:
        source.leave("order of day and month, which nothing in the file tells")
    name, thread = thread_of(source.place)
    stamps = Stamps(dates.order, source.timezone)
    rows = _Rows(source, name, thread, dates.layout == "[")
    started = False
    match = HEADER.match
    for number, line in source.lines():
        found = match(line)
        if found is not None and layout(found) == dates.layout:
            if len(rows.at) >= ROWS:
                rows.close()
                yield rows.batch()
                rows = _Rows(source, rows.name, thread, dates.layout == "[")
            rows.open(number, *stamps.at(found), line[found.end() :])
            started = True
        elif started:
            rows.carry_on(number, line)
        elif line.strip(MARKS + " \t"):
            source.reject(f"line {number}", NOT_DATED, schema=MESSAGE, raw=line)
    rows.close()
    if rows.at:
        yield rows.batch()


@dataclass
class _Rows:
    """The columns of a batch being filled, and the message whose lines still come."""

    source: Source
    name: str | None
    thread: str
    ios: bool
    at: list[str] = field(default_factory=list)
    sent_at: list[int | None] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    sender_id: list[str | None] = field(default_factory=list)
    sender_name: list[str | None] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)
    sha256: dict[int, str] = field(default_factory=dict)
    """By the position of the message; so are the places."""
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _length: int = 0
    _sender: str | None = None

    def open(self, number: int, sent_at: int | None, reason: str | None, rest: str) -> None:
        """A dated line: the message before it is complete."""
        self.close()
        self.at.append(f"line {number}")
        self.sent_at.append(sent_at)
        self.reasons.append(reason)
        self._sender, words = split(rest)
        self._lines, self._length = [words], len(words)

    def carry_on(self, number: int, line: str) -> None:
        """A line without a date belongs to the message before it."""
        self._length += len(line) + 1
        if self._length > LONGEST_TEXT:
            self.source.reject(f"line {number}", TOO_LONG, schema=MESSAGE, raw=line)
        else:
            self._lines.append(line)

    def close(self) -> None:
        """Put the message whose lines are complete into the columns."""
        if not self._lines:
            return
        text = "\n".join(self._lines).rstrip("\n") if len(self._lines) > 1 else self._lines[0]
        self._lines = []
        what = said(text, named=self._sender is not None, ios=self.ios)
        if what.file is not None and (beside := self.source.sibling(what.file)):
            self.sha256[len(self.kind)] = beside.member.sha256()
        if what.place is not None:
            self.places[len(self.kind)] = what.place
        if self.name is None and what.kind == "system" and tells_of_encryption(text):
            self.name = self._sender
        self.text.append(text)
        self.kind.append(what.kind)
        self.sender_id.append(None if what.kind == "system" else self._sender)
        self.sender_name.append(self._sender)
        self.deleted.append(what.deleted)

    def batch(self) -> Batch:
        """The columns so far."""
        n = len(self.at)
        places = [self.places.get(i, (None, None)) for i in range(n)]
        self.source.tally.assumed[self.source.timezone.key] += n - self.sent_at.count(None)
        columns = {
            "app": pa.repeat("whatsapp", n),
            "thread_id": pa.repeat(self.thread, n),
            "thread_name": pa.repeat(pa.scalar(self.name, STRING), n),
            "sender_id": pa.array(self.sender_id, STRING),
            "sender_name": pa.array(self.sender_name, STRING),
            "sent_at": pa.array(self.sent_at, pa.int64()).cast(TIME),
            "text": pa.array(self.text, STRING),
            "kind": pa.array(self.kind, STRING),
            "deleted": pa.array(self.deleted, BOOLEAN),
            "attachment_sha256": pa.array([self.sha256.get(i) for i in range(n)], STRING),
            "latitude": pa.array([place[0] for place in places], NUMBER),
            "longitude": pa.array([place[1] for place in places], NUMBER),
            "zone": pa.repeat(self.source.timezone.key, n),
        }
        reasons = pa.array(self.reasons, STRING) if any(self.reasons) else None
        return Batch(
            MESSAGE, pa.RecordBatch.from_pydict(columns), pa.array(self.at, STRING), reasons
        )
