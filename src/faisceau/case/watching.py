"""Watching: wanted plates against reads as they arrive; each alert is in the ledger once told.

Reads come from a file, a folder that fills, or a pipe, through the readers of native tables. Those
that raise no alert are stored nowhere; those that do become an exhibit of the case.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, Self, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from faisceau.analyses.plates.watch import Alert, NextCameras, WantedIndex, Watcher
from faisceau.case.adding import Added
from faisceau.case.arriving import alone, coming
from faisceau.case.door import Door
from faisceau.case.examining import FAILURES, Note, Orders
from faisceau.case.gate import Gate
from faisceau.case.orders import orders_of
from faisceau.case.plugins import plugins
from faisceau.case.sight import row_rules
from faisceau.errors import BadInput, FaisceauError, NotFound, UsageError
from faisceau.evidence.containers import part_folder
from faisceau.evidence.encoding import encoding_of
from faisceau.evidence.folding import folded
from faisceau.evidence.reading import Head, Member, Reader, Reject, Source, read_rows
from faisceau.findings.model import Kind
from faisceau.ledger.entry import Draft
from faisceau.mandate.act import Act
from faisceau.mandate.model import today
from faisceau.mandate.permit import Permit, RowRule
from faisceau.tables.schemas import PLATE_READ, Batch
from faisceau.tables.schemas.schema import TIME
from faisceau.words import N_

READERS = ("native_csv", "native_jsonl")
KEPT_AT = 500
"""Alerts after which their reads are added to the case, without waiting for the end."""
LEARNT = 5_000_000
"""Reads of the case that likely next cameras are learnt from, about: those of its last days."""
LONGEST = 32
"""Letters and digits of the longest plate, or of what a source writes in its place."""
SHOWN = 5
PLATE_HEADERS = frozenset(map(folded, ("plate", *PLATE_READ.columns["plate"].headers)))
REASON_HEADERS = frozenset(map(folded, ("reason", "motif", "raison")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list of wanted plates: by plate as written, its first line and why it is wanted."""

    plates: Mapping[str, tuple[int, str]]
    bad: tuple[int, ...]
    """Lines that are no plate."""
    sha256: str


def read_wanted(path: Path) -> Wanted:
    """A list of plates, one a line, or a CSV file with a column ``plate`` (and ``reason``).

    Raises ``NotFound``, and ``BadInput`` for a file without a plate.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = N_("The list {path} cannot be read: {why}")
        raise NotFound(message, path=path, why=error.strerror) from error
    encoding = encoding_of(data) if data else None
    if encoding is None:
        raise BadInput(N_("The list {path} is empty or no text"), path=path)
    lines = data.decode(encoding, "replace").removeprefix("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = next((d for d in ";\t|," if d in first), ",")
    headers = [folded(cell) for cell in next(csv.reader([first], delimiter=delimiter), [])]
    at = next((n for n, header in enumerate(headers) if header in PLATE_HEADERS), None)
    if at is None and len(headers) > 1:
        raise BadInput(
            N_("The list {path} has several columns, and none is called plate"),
            hint=N_("Name the columns plate and reason, or write one plate a line"),
            path=path,
        )
    why = next((n for n, header in enumerate(headers) if header in REASON_HEADERS), None)
    plates: dict[str, tuple[int, str]] = {}
    bad = []
    rows = csv.reader(lines, delimiter=delimiter)
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if at is not None and list(map(folded, row)) == headers:
            continue
        plate = row[at or 0].strip() if len(row) > (at or 0) else ""
        signs = sum(map(str.isalnum, plate))
        if not 0 < signs <= LONGEST or (at is None and len(row) > 1):
            bad.append(rows.line_num)
            continue
        reason = row[why].strip() if why is not None and len(row) > why else ""
        plates.setdefault(plate, (rows.line_num, reason))
    if not plates:
        raise BadInput(N_("The list {path} holds no plate"), path=path)
    return Wanted(plates, tuple(bad), sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Told:
    """One alert with where it comes from: a line of the list, a record, an entry of the ledger."""

    alert: Alert
    line: int
    reason: str
    source: str
    entry: int


@dataclass(slots=True)
class Counted:
    """What a watch did: every read is looked at, bad, past its period, or out of scope."""

    reads: int = 0
    alerts: int = 0
    bad: int = 0
    expired: int = 0
    outside: int = 0
    changed: int = 0
    """Files of the folder that changed after they were read; what was added is not read."""
    kept: int = 0
    unkept: int = 0
    examples: list[tuple[str, Reject]] = field(default_factory=list)
    failed: list[tuple[str, FaisceauError]] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    assumed: Counter[str] = field(default_factory=Counter)

    def in_ledger(self) -> dict[str, int]:
        """The counts that the closing entry bears."""
        names = ("reads", "alerts", "bad", "expired", "outside", "changed", "kept", "unkept")
        return {name: getattr(self, name) for name in names} | {"failed": len(self.failed)}


@dataclass
class Watch:
    """One call of ``watch``: iterate over :meth:`alerts`, then read ``counted`` and ``notes``."""

    wanted: Wanted
    arriving: Path | BinaryIO
    orders: Orders
    gate: Gate
    readers: Mapping[str, Reader]
    known: frozenset[str]
    """The procedures of the plate reads that the case holds; empty when it holds none."""
    reading: Callable[..., AbstractContextManager[Any]]
    add: Callable[..., Iterator[Added]]
    scratch: Path
    exact: bool = False
    once: bool = False
    stop: Event = field(default_factory=Event)
    """Set from outside: the watch ends in order within a moment."""
    counted: Counted = field(default_factory=Counted)
    notes: list[Note] = field(default_factory=list)
    _hits: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        door: Door,
        listed: Path,
        arriving: Path | BinaryIO,
        add: Callable[..., Iterator[Added]],
        options: Mapping[str, Any],
    ) -> Self:
        """Watch for the plates of a list; see ``Workspace.watch`` for the options."""
        own = {name: options[name] for name in ("exact", "once", "stop") if name in options}
        orders = {name: value for name, value in options.items() if name not in own}
        readers = plugins().readers
        return cls(
            read_wanted(listed),
            arriving,
            orders_of(readers, as_table=PLATE_READ.name, **orders),
            gate=door.gate,
            readers=readers,
            known=door.listing().procedures({PLATE_READ.name}),
            reading=door.reading,
            add=add,
            scratch=door.case.scratch,
            **own,
        )

    def __post_init__(self) -> None:
        if isinstance(self.arriving, Path) and not self.arriving.exists():
            raise NotFound(N_("There is no {path}"), path=self.arriving)
        scope = self.gate.mandate.scope
        if scope is not None and scope.exhibits:
            raise UsageError(
                N_("The mandate's scope is limited to exhibits, and arriving reads are of none"),
                hint=N_("Only the authority widens the scope: faisceau mandate replace"),
            )

    def alerts(self) -> Iterator[Told]:
        """Every alert, once the ledger has it. Raises ``Refused``, ``BadInput``."""
        ours = frozenset({self.orders.procedure or ""})
        tables = frozenset({PLATE_READ.name})
        act = Act("watch", tables=tables, question=frozenset({"plate"}), procedures=ours)
        plates = {"sha256": self.wanted.sha256, "plates": len(self.wanted.plates)}
        data = {"list": plates, "tolerant": not self.exact}
        with self.gate.passing(act, data=data) as (permit, closing):
            try:
                index = WantedIndex(list(self.wanted.plates), tolerant=not self.exact)
                yield from self._told(act, permit, Watcher(index, self._learnt()))
            finally:
                try:
                    self._keep(permit)
                finally:
                    closing.data.update(self.counted.in_ledger())

    def _told(self, act: Act, permit: Permit, watcher: Watcher) -> Iterator[Told]:
        day = None
        for name, batch in self._batches():
            if day != (day := today(self.gate.clock())):  # a watch may outlast its mandate
                decision = self.gate.judge(act)
                if not decision.allowed:
                    self.gate.refuse(act, decision)
            now = self.gate.clock()
            rule = row_rules(self.gate.mandate, Kind.QUERY, [PLATE_READ.name], [], now)
            columns, locators = self._visible(batch, rule[PLATE_READ.name])
            first, self.counted.reads = self.counted.reads, self.counted.reads + columns.num_rows
            found = list(watcher.look(columns))
            if not found:
                continue
            sources = [f"{name}#{locators[alert.row - first].as_py()}" for alert in found]
            drafts = list(map(self._draft, [permit] * len(found), found, sources))
            entries = self.gate.ledger.append(*drafts)
            self.counted.alerts += len(found)
            for alert, source in zip(found, sources, strict=True):
                [row] = columns.slice(alert.row - first, 1).to_pylist()
                self._hits[alert.row] = {**row, "ref": row.get("ref") or source}
            for alert, source, entry in zip(found, sources, entries, strict=True):
                line, reason = self.wanted.plates[alert.wanted]
                yield Told(alert, line, reason, source, entry.number)
            if len(self._hits) >= KEPT_AT:
                self._keep(permit)

    def _draft(self, permit: Permit, alert: Alert, source: str) -> Draft:
        line, _reason = self.wanted.plates[alert.wanted]
        return Draft(
            operation="combination",
            phase="only",
            act="watch alert",
            agent=permit.agent,
            reason=permit.reason,
            policies=tuple(rule.id for rule in permit.decision.rules),
            data={"watch": permit.number, "line": line, "exact": alert.exact, "read": source},
        )

    # ---- reads ----

    def _visible(self, batch: Batch, rule: RowRule) -> tuple[pa.RecordBatch, pa.Array]:
        """The reads that may be looked at; the others are counted."""
        columns = batch.columns
        at = columns["read_at"].cast(TIME)
        seen = pa.repeat(True, len(at))
        if rule.since is not None:
            since = pa.scalar(datetime.fromisoformat(rule.since), TIME)
            seen = pc.and_(seen, pc.greater_equal(at, since))
        if rule.until is not None:
            until = pa.scalar(datetime.fromisoformat(rule.until), TIME)
            seen = pc.and_(seen, pc.less(at, until))
        self.counted.outside += seen.false_count
        if self.orders.procedure is None and rule.recent is not None:
            over = pa.scalar(datetime.fromisoformat(rule.recent), TIME)
            recent = pc.greater_equal(at, over)
            if "procedure" in columns.schema.names:
                recent = pc.or_(recent, pc.is_valid(columns["procedure"]))
            self.counted.expired += pc.and_(seen, pc.invert(recent)).true_count
            seen = pc.and_(seen, recent)
        return columns.filter(seen), batch.locators.filter(seen)

    def _batches(self) -> Iterator[tuple[str, Batch]]:
        """What arrives, with the name of its file. A bad file of a folder is told at the end."""
        for member in self._members():
            try:
                for batch in self._read(member):
                    if self.stop.is_set():
                        return
                    yield member.name, batch
            except (BadInput, *FAILURES) as error:
                ours = error if isinstance(error, BadInput) else _damaged(member.name, error)
                if not (isinstance(self.arriving, Path) and self.arriving.is_dir()):
                    raise ours from error
                self.counted.failed.append((member.name, ours))

    def _read(self, member: Member) -> Iterator[Batch]:
        head = Head.of(member, self.orders.wishes)
        if not head.start:
            return
        claims = [n for n in READERS if self.readers[n].detect(head)]
        if not claims:
            raise BadInput(N_("{name} is neither CSV nor JSON Lines"), name=member.name)
        source = Source(member, self.orders.wishes)
        try:
            for batch, _locator in read_rows(self.readers[claims[0]], source):
                self._drain(source)
                yield cast("Batch", batch)
        finally:
            self._drain(source)
            for name in ("unread", "unknown", "assumed"):
                getattr(self.counted, name).update(getattr(source.tally, name))

    def _drain(self, source: Source) -> None:
        """Count what could not be read; a watch of days keeps a few examples alone."""
        rejects = source.tally.rejects
        self.counted.bad += len(rejects)
        room = SHOWN - len(self.counted.examples)
        self.counted.examples += [(source.name, reject) for reject in rejects[:room]]
        rejects.clear()

    def _members(self) -> Iterator[Member]:
        if isinstance(self.arriving, Path) and self.arriving.is_dir():
            return coming(self.arriving, self.stop, self._changed, once=self.once)
        return alone(self.arriving, self.stop)

    def _changed(self, files: int) -> None:
        self.counted.changed += files

    # ---- the case ----

    def _learnt(self) -> NextCameras | None:
        """Where vehicles went next, by the reads of the case, if they may be read for it."""
        if not self.known:
            return None
        tables, dates = frozenset({PLATE_READ.name}), frozenset({"dates"})
        act = Act("rows", tables=tables, question=dates, procedures=self.known)
        decision = self.gate.judge(act)
        if not decision.allowed:
            text = N_("Likely next cameras are not told: {why}")
            self.notes.append((text, {"why": decision}))
            return None
        chosen = PLATE_READ["plate", "camera_id", "read_at"]
        with self.reading(act, [chosen]) as (_permit, closing, engine):
            reads = engine.tables[PLATE_READ.name]
            days = reads.group_by(day=reads.read_at.truncate("D")).agg(n=_.count())
            total, since = 0, None
            for row in sorted(engine.rows(days), key=lambda row: row["day"], reverse=True):
                total += row["n"]
                if since is not None and total > LEARNT:
                    break
                since = row["day"]
            if since is None:
                return None
            recent = reads.filter(reads.read_at >= since)
            batches = list(engine.batches(recent.select("plate", "camera_id", "read_at")))
            closing.data["rows"] = sum(batch.num_rows for batch in batches)
        return NextCameras(batches) if batches else None

    def _keep(self, permit: Permit) -> None:
        """Add the reads that raised an alert to the case, as an exhibit of their own."""
        hits, self._hits = self._hits, {}
        if not hits:
            return
        record, tables = self.orders.procedure, frozenset({PLATE_READ.name})
        decision = self.gate.judge(Act("add", tables=tables, record=record or ""))
        if not decision.allowed:
            self.counted.unkept += len(hits)
            self.notes.append((N_("Hits are not kept: {why}"), {"why": decision}))
            return
        with part_folder(self.scratch) as folder:
            path = folder / f"watch-{permit.number}-{self.counted.kept}.jsonl"
            path.write_bytes(b"".join(_line(row) for row in hits.values()))
            for added in self.add([path], as_table=PLATE_READ.name, procedure=record, hits=True):
                if added.error is not None:
                    self.counted.unkept += len(hits)
                    self.notes.append((N_("Hits are not kept: {why}"), {"why": added.error}))
                else:
                    self.counted.kept += len(hits)


def _line(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps({name: v for name, v in row.items() if v is not None}) + b"\n"


def _damaged(name: str, error: Exception) -> BadInput:
    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return BadInput(N_("{name} is damaged: {why}"), name=name, why=why)
