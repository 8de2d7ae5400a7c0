"""The lake: observation tables as Parquet segments, written whole or not at all.

A segment is one file of one table; exhibits added together share it, so that 60,000 small
exhibits do not become as many files. A segment exists once the catalog lists it; a file that the
catalog does not list is what a killed process left, and is swept by the next writer.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from faisceau.disk import sync
from faisceau.mandate.permit import Permit
from faisceau.tables.schemas import MENTION, MESSAGE, REJECT, TABLES, Schema

ROW_GROUP = 122_880
"""Rows in a group: DuckDB's own unit of parallel work."""
SORTED: Mapping[str, str] = {"plate_read": "plate"}
"""Tables sorted by a column, ``RUN`` rows at a time. One plate's reads then stand in one group of
each run, and statistics dismiss the others; runs follow the file, by time as files mostly are, so
that a span of time dismisses most runs. (Measured on 6.6 M reads: 6 ms for one plate instead of 57,
scans as fast, files a third larger.)"""
SORTED_GROUP, RUN = 61_440, 61_440 * 32
PAGE = 1_024
"""Rows in a page of a table whose rows are read one by one: what is read for a single row."""
DICTIONARY = 64 << 10
"""Bytes of a dictionary of such a table, at most: it is read with any page that uses it."""
PART = ".part-"
_BY_PAGES: Mapping[str, Any] = {
    "max_rows_per_page": PAGE,
    "dictionary_pagesize_limit": DICTIONARY,
    "write_page_index": True,
}
WRITING = ("add", "withdraw", "purge", "replace", "lift_seal")
"""The acts that write segments."""
STORED: Mapping[str, Schema] = {**TABLES, MENTION.name: MENTION, REJECT.name: REJECT}

_metadata = sa.MetaData()
_segments = sa.Table(
    "segment",
    _metadata,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("table", sa.String, nullable=False, index=True),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("first_exhibit", sa.Integer, nullable=False),
    sa.Column("last_exhibit", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One Parquet file: ``path`` is relative to the case, exhibits are numbers, both included."""

    path: str
    table: str
    sha256: str
    size: int
    rows: int
    first_exhibit: int
    last_exhibit: int

    def fixity(self) -> dict[str, Any]:
        """What the ledger records of it."""
        return {"path": self.path, "sha256": self.sha256, "size": self.size}


def create(connection: sa.Connection) -> None:
    """Create the lake's part of a catalog."""
    _metadata.create_all(connection)


def segments(connection: sa.Connection, table: str | None = None) -> list[Segment]:
    """The segments of a table (all tables when None), oldest first."""
    query = sa.select(_segments).order_by(_segments.c.path)
    if table is not None:
        query = query.where(_segments.c.table == table)
    return [Segment(**row._mapping) for row in connection.execute(query)]


def register(connection: sa.Connection, added: Iterable[Segment]) -> None:
    """List new segments in the catalog: from the commit on, they exist."""
    rows = [
        {name: getattr(segment, name) for name in Segment.__dataclass_fields__} for segment in added
    ]
    if rows:
        connection.execute(sa.insert(_segments), rows)


def unregister(connection: sa.Connection, paths: Iterable[str]) -> None:
    """Take segments off the catalog: from the commit on, they are gone."""
    connection.execute(sa.delete(_segments).where(_segments.c.path.in_(list(paths))))


class _HashingFile(io.RawIOBase):
    """A file that hashes what is written to it, so that a segment is read no second time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._stream.write(data)


class _SegmentWriter:
    def __init__(self, part: Path, schema: Schema) -> None:
        self._stream = part.open("xb")
        self.sink = _HashingFile(self._stream)
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self.sink, mode="w"),
            schema.arrow,
            compression="zstd",
            compression_level=1,
            use_dictionary=[c.name for c in schema if c.type == pa.string() and c.name != "text"],
            write_statistics=True,
            **(_BY_PAGES if schema is MESSAGE else {}),
        )
        self.part = part
        self.rows = 0
        self._by = SORTED.get(schema.name)
        self._group = SORTED_GROUP if self._by else ROW_GROUP
        self._enough = RUN if self._by else ROW_GROUP
        self._waiting: list[pa.RecordBatch] = []
        self._held = 0

    def append(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._held += batch.num_rows
        self.rows += batch.num_rows
        if self._held >= self._enough:
            self._flush(self._held - self._held % self._enough)

    def _flush(self, rows: int) -> None:
        """Write the first ``rows`` of those that wait: full groups, until the end."""
        if rows:
            waiting = pa.Table.from_batches(self._waiting)
            for first in range(0, rows, self._enough if self._by else rows):
                run = waiting.slice(first, min(rows - first, self._enough) if self._by else rows)
                if self._by:
                    run = run.take(_order(run[self._by].combine_chunks()))
                self._writer.write_table(run, row_group_size=self._group)
            self._waiting = waiting.slice(rows).to_batches()
            self._held -= rows

    def close(self) -> None:
        self._flush(self._held)
        self._writer.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._writer.close()  # else it would write its footer when it is collected
        self._stream.close()
        self.part.unlink(missing_ok=True)


def _order(texts: pa.StringArray) -> pa.Array:
    """An order by the first eight bytes: a tenth of the time of a full one, as good for bounds."""
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    eights = np.lib.stride_tricks.sliding_window_view(np.r_[held, np.zeros(8, np.uint8)], 8)
    length = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    key = eights[begins].view(">u8").ravel().astype(np.uint64)
    key &= _FIRST[np.minimum(length, 8)]
    return pa.array(np.argsort(key, kind="stable"))


_FIRST = np.array([2**64 - 2 ** (64 - 8 * n) for n in range(9)], np.uint64)
"""Masks of the first so many bytes of eight."""


class LakeWriter:
    """Writes one segment per table for the exhibits of one act."""

    def __init__(self, folder: Path, token: str) -> None:
        self._folder = folder
        self._token = token
        self._writers: dict[str, _SegmentWriter] = {}
        self._exhibits: list[int] = []
        self._named: list[Path] = []

    def exhibit(self, number: int) -> None:
        """Rows that follow are of exhibit ``number``."""
        self._exhibits.append(number)

    def append(self, schema: Schema, batch: pa.RecordBatch) -> None:
        """Add stored rows (all columns of the table, in order)."""
        if not batch.num_rows:
            return
        writer = self._writers.get(schema.name)
        if writer is None:
            self._folder.joinpath(schema.name).mkdir(parents=True, exist_ok=True)
            part = self._folder / schema.name / f"{PART}{self._token}.parquet"
            writer = self._writers[schema.name] = _SegmentWriter(part, schema)
        writer.append(batch)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return sum(writer.rows for writer in self._writers.values())

    def finish(self) -> list[Segment]:
        """Make the segments durable under their final names; they exist once registered."""
        done = []
        for name, writer in self._writers.items():
            writer.close()
            final = writer.part.with_name(f"{self._token}.parquet")
            writer.part.rename(final)
            self._named.append(final)
            sync(final.parent)
            done.append(
                Segment(
                    path=f"tables/{name}/{final.name}",
                    table=name,
                    sha256=writer.sink.digest.hexdigest(),
                    size=writer.sink.size,
                    rows=writer.rows,
                    first_exhibit=min(self._exhibits),
                    last_exhibit=max(self._exhibits),
                )
            )
        if done:
            sync(self._folder)
        return done

    def abandon(self) -> None:
        """Leave nothing behind, finished segments included."""
        self.drop_parts()
        while self._named:
            self._named.pop().unlink(missing_ok=True)

    def drop_parts(self) -> None:
        """Leave finished segments alone behind."""
        for writer in self._writers.values():
            writer.abandon()


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Segments that take the place of others (paths), and how many rows went."""

    added: list[Segment]
    replaced: list[str]
    dropped: int


Keep = Callable[[pa.RecordBatch], pa.Array]
"""Says, as a boolean array, which rows of a batch stay."""


def not_of(exhibit: int) -> Keep:
    """Keeps the rows of every other exhibit."""
    return lambda batch: pc.not_equal(batch["exhibit_id"], f"E{exhibit}")


def holding(listed: Iterable[Segment], exhibit: int) -> list[Segment]:
    """The segments that may hold rows of an exhibit."""
    return [s for s in listed if s.first_exhibit <= exhibit <= s.last_exhibit]


class Lake:
    """The folder ``tables/`` of a case."""

    def __init__(self, case: Path) -> None:
        self.case = case
        self._folder = case / "tables"

    @contextmanager
    def writing(self, permit: Permit, token: str) -> Iterator[LakeWriter]:
        """A writer whose segments are named after ``token``; on failure nothing is left."""
        permit.require(*WRITING)
        writer = LakeWriter(self._folder, token)
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        else:
            writer.drop_parts()

    def files(self, permit: Permit, table: str, listed: Iterable[Segment]) -> list[Path]:
        """The Parquet files of one table, for the engine."""
        permit.require_table(table, frozenset())
        return [self.case / segment.path for segment in listed if segment.table == table]

    def rewritten(
        self, permit: Permit, chosen: Iterable[Segment], keep: Keep, token: str
    ) -> "Rewritten":
        """Write the chosen segments anew without the rows that ``keep`` says no to.

        A segment that loses nothing stays as it is. Register ``added``, unregister ``replaced``,
        commit, then ``discard`` the latter.
        """
        permit.require(*WRITING)
        added: list[Segment] = []
        replaced: list[str] = []
        dropped = 0
        try:
            for n, segment in enumerate(chosen):
                with self.writing(permit, f"{token}-{n}") as writer:
                    writer.exhibit(segment.first_exhibit)
                    writer.exhibit(segment.last_exhibit)
                    schema = STORED[segment.table]
                    with pq.ParquetFile(self.case / segment.path) as file:
                        for batch in file.iter_batches(ROW_GROUP):
                            writer.append(schema, batch.filter(keep(batch)).cast(schema.arrow))
                    if writer.rows == segment.rows:
                        writer.abandon()
                        continue
                    dropped += segment.rows - writer.rows
                    added += writer.finish()
                replaced.append(segment.path)
        except BaseException:
            self.discard(permit, [segment.path for segment in added])
            raise
        return Rewritten(added, replaced, dropped)

    def merged(self, permit: Permit, chosen: Sequence[Segment], token: str) -> "Rewritten":
        """Write segments of one table as one, rows unchanged: live appends leave many small ones.

        Register ``added``, unregister ``replaced``, commit, then ``discard`` the latter.
        """
        permit.require("add", "purge")
        [name] = {segment.table for segment in chosen}
        with self.writing(permit, token) as writer:
            for segment in chosen:
                writer.exhibit(segment.first_exhibit)
                writer.exhibit(segment.last_exhibit)
                with pq.ParquetFile(self.case / segment.path) as file:
                    for batch in file.iter_batches(ROW_GROUP):
                        writer.append(STORED[name], batch.cast(STORED[name].arrow))
            return Rewritten(writer.finish(), [segment.path for segment in chosen], 0)

    def discard(self, permit: Permit, paths: Iterable[str]) -> None:
        """Delete segment files that the catalog no longer lists."""
        permit.require(*WRITING)
        for path in paths:
            (self.case / path).unlink(missing_ok=True)


def sweep(case: Path, listed: Iterable[Segment]) -> list[str]:
    """Delete files under ``tables/`` that no segment names: what a killed writer left.

    Only for recovery, while nobody else writes. Returns the paths deleted.
    """
    known = {segment.path for segment in listed}
    gone = []
    for file in sorted((case / "tables").rglob("*")):
        path = file.relative_to(case).as_posix()
        if file.is_file() and path not in known:
            file.unlink()
            gone.append(path)
    return gone
