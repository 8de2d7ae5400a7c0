"""Rows picked by their ids, as their permit shows them: what a search's hits are shown from.

The engine would read whole groups of rows; here single pages are read, without an engine. The
rules of the permit are the engine's own, applied to the few rows that were picked.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.formats.pyarrow import PyArrowSchema

from faisceau.mandate.permit import Permit, RowRule
from faisceau.tables.engine import READING, covered, damaged
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.pages import PagedFile
from faisceau.tables.rules import visible
from faisceau.tables.schemas import Schema
from faisceau.tables.schemas.schema import Selection

KEY = "row_id"
EXHIBIT_BITS = 32
"""A row's id is its exhibit's number x 2^32 + a position."""


class Picker:
    """Picks rows out of the segments of a lake; keeps what it learnt of where pages stand."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._files: dict[str, PagedFile | None] = {}

    def pick(
        self,
        permit: Permit,
        segments: Iterable[Segment],
        selection: Selection,
        ids: Sequence[int],
    ) -> list[dict[str, Any]]:
        """The rows of ``ids`` that the permit lets be seen: ``row_id`` and the columns selected.

        In no order. Raises ``Confined`` when the permit covers less, ``Damaged``.
        """
        permit.require(*READING)
        name, wanted = selection.schema.name, np.unique(np.array(ids, np.int64))
        listed = [segment for segment in segments if segment.table == name]
        there = {segment.path for segment in listed}
        known = {path: file for path, file in [*self._files.items()] if path in there}
        self._files = known  # pages of one agent ask at once: each goes on with its own
        chosen = [segment for segment in listed if _may_hold(segment, wanted >> EXHIBIT_BITS)]
        files = covered(permit, self._lake, selection, chosen)
        try:
            found = [
                _taken(known, segment.path, file, STORED[name], wanted)
                for segment, file in zip(chosen, files, strict=True)
            ]
        except (OSError, ValueError, KeyError, IndexError, pa.ArrowException) as error:
            raise damaged(name, error) from error
        if not found:
            return []
        return shown(pa.concat_tables(found), selection, permit.rows.get(name))


def _taken(
    known: dict[str, PagedFile | None],
    path: str,
    file: Path,
    schema: Schema,
    ids: npt.NDArray[np.int64],
) -> pa.Table:
    """The rows of one file; what is learnt of its pages goes into ``known``."""
    if path not in known:
        known[path] = _paged(file)
    paged, names = known[path], schema.arrow.names
    if paged is not None and paged.columns.issuperset(names):
        table = paged.take(ids, [name for name in names if name != KEY])
    else:
        table = _searched(file, ids)
    return table.select(names).cast(schema.arrow)


def _may_hold(segment: Segment, exhibits: npt.NDArray[np.int64]) -> bool:
    return bool(((exhibits >= segment.first_exhibit) & (exhibits <= segment.last_exhibit)).any())


def _paged(file: Path) -> PagedFile | None:
    """The file by its pages; None for one without an index of its pages."""
    try:
        return PagedFile(file, KEY)
    except ValueError:  # what may be wrong with it, the slower way tells
        return None


def _searched(file: Path, ids: npt.NDArray[np.int64]) -> pa.Table:
    """The rows of ``ids``, from the groups that may hold them: for a file without page index."""
    wanted = pa.array(ids)
    with pq.ParquetFile(file) as parquet:
        found = [parquet.schema_arrow.empty_table()]
        at = parquet.schema_arrow.names.index(KEY)
        for group in range(parquet.num_row_groups):
            told = parquet.metadata.row_group(group).column(at).statistics
            if ((ids >= told.min) & (ids <= told.max)).any():
                rows = parquet.read_row_group(group)
                found.append(rows.filter(pc.is_in(rows[KEY], value_set=wanted)))
    return pa.concat_tables(found)


def shown(rows: pa.Table, selection: Selection, rule: RowRule | None) -> list[dict[str, Any]]:
    """Stored rows as a permit shows them: those its rule lets through, the columns selected."""
    columns = selection.arrow.names
    if rule is None or rule == RowRule():
        return list(rows.select(columns).to_pylist())
    stored = ibis.table(PyArrowSchema.to_ibis(rows.schema), name="stored")
    sql = ibis.to_sql(visible(stored, rule, tuple(columns)), dialect="duckdb")
    with duckdb.connect() as database:
        database.execute("SET GLOBAL TimeZone='UTC'; SET enable_external_access=false")
        database.register("stored", rows)
        found = database.execute(sql).to_arrow_table().cast(selection.arrow)
    return list(found.to_pylist())
