"""The engine: runs an analysis's expressions over the tables its permit covers (DuckDB).

Each permitted table is a view over its Parquet segments: the declared columns, the rows the
mandate lets through. The connection sees these segments alone, its configuration is locked, and
no analysis ever holds it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import duckdb
import ibis
import pyarrow as pa
import sqlglot
from ibis import Table
from ibis.common.exceptions import IbisError
from ibis.formats.pyarrow import PyArrowSchema
from sqlglot import exp

from faisceau.errors import Confined, Damaged, FaisceauError, UsageError
from faisceau.mandate.permit import Permit
from faisceau.tables.confinement import check_leaves, check_sql
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.rules import visible
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_

BATCH_ROWS = 65_536
READING = (
    "run",
    "match",
    "rows",
    "show",
    "report",
    "findings",
    "search",
    "export",
    "status",
    "add",
    "lexicon",
)
"""The acts that read tables."""


def unbound(selection: Selection) -> Table:
    """The unbound Ibis table of a selection: ``row_id`` and the declared columns."""
    return ibis.table(PyArrowSchema.to_ibis(selection.arrow), name=selection.schema.name)


def absent(selection: Selection) -> Table:
    """An empty table in the place of one that the permit does not cover (``reads_if``)."""
    return ibis.memtable(selection.arrow.empty_table())


class DuckEngine:
    """An engine inside the process. Use it in a ``with`` block."""

    dialect = "duckdb"

    def __init__(
        self,
        permit: Permit,
        lake: Lake,
        segments: Iterable[Segment],
        selections: Iterable[Selection],
        *,
        scratch: Path,
        threads: int = 2,
        memory_gb: int = 8,
    ) -> None:
        permit.require(*READING)
        self._permit = permit
        self._threads = threads
        self._linkers: list[duckdb.DuckDBPyConnection] = []
        selections, listed = list(selections), list(segments)
        self.tables: Mapping[str, Table] = {s.schema.name: unbound(s) for s in selections}
        files = {s.schema.name: covered(permit, lake, s, listed) for s in selections}
        self._db = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        scratch.mkdir(parents=True, exist_ok=True)
        # GLOBAL: what is set for one connection alone does not reach its cursors
        self._db.execute(
            f"SET GLOBAL TimeZone='UTC'; SET threads={threads}; SET memory_limit='{memory_gb}GB';"
            f"SET temp_directory={_quoted(scratch)}; SET preserve_insertion_order=false;"
            "SET parquet_metadata_cache=true;"  # a segment never changes under its name
            f"SET allowed_paths=[{', '.join(_quoted(f) for fs in files.values() for f in fs)}]"
        )
        for selection in selections:
            self._view(selection, files[selection.schema.name])
        self._db.execute(
            "SET enable_external_access=false; SET GLOBAL python_enable_replacements=false;"
            "SET lock_configuration=true"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (*self._linkers, self._db):
            connection.close()

    def _view(self, selection: Selection, files: list[Path]) -> None:
        name = selection.schema.name
        stored = ibis.table(PyArrowSchema.to_ibis(STORED[name].arrow), name=f"stored_{name}")
        if files:
            listed = ", ".join(_quoted(file) for file in files)
            rows = f"(SELECT * FROM read_parquet([{listed}]))"
        else:
            self._db.register("_empty", STORED[name].arrow.empty_table())
            self._db.execute(f"CREATE TABLE empty_{name} AS SELECT * FROM _empty")
            self._db.unregister("_empty")
            rows = f"empty_{name}"
        shown = visible(stored, self._permit.rows.get(name), tuple(selection.arrow.names))
        sql = ibis.to_sql(shown, dialect="duckdb")
        try:
            self._db.execute(f'CREATE VIEW "{name}" AS WITH "stored_{name}" AS (FROM {rows}) {sql}')
        except duckdb.Error as error:
            raise damaged(name, error) from error

    def _sql(self, expression: Table, cursor: duckdb.DuckDBPyConnection) -> str:
        self._permit.require(*READING)
        made = check_leaves(expression, self.tables)
        sql = str(ibis.to_sql(expression, dialect=self.dialect))
        check_sql(sql, {*self.tables, *(table.name for table in made)}, self.dialect)
        for table in made:
            cursor.register(table.name, table.data.to_pyarrow(table.schema))
        return sql

    @property
    def own(self) -> str | None:
        """The case's own procedure, where rows without a procedure are shown as its rows."""
        return next((rule.own for rule in self._permit.rows.values() if rule.own), None)

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        """Run an expression over the declared tables and stream the result."""
        cursor = self._db.cursor()
        try:
            sql = self._sql(expression, cursor)
            schema = expression.schema().to_pyarrow()
            reader = cursor.execute(sql).to_arrow_reader(BATCH_ROWS)
            for batch in reader:
                yield batch.cast(schema) if batch.schema != schema else batch
        except (duckdb.Error, pa.ArrowException, IbisError) as error:
            raise Confined(N_("The query failed: {why}"), why=str(error)[:500]) from error
        finally:
            cursor.close()

    def rows(self, expression: Table) -> Iterator[dict[str, Any]]:
        """The same, row by row, for small results."""
        for batch in self.batches(expression):
            yield from batch.to_pylist()

    def filtered(
        self, table: str, where: str | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of one covered table under a condition a person typed, in ``row_id`` order.

        The condition is checked like any query: one expression over this table's columns.
        Raises ``UsageError`` when it cannot be read.
        """
        self._permit.require(*READING)
        sql = conditioned(table, where, limit, self.tables).sql(self.dialect)
        schema = self.tables[table].schema().to_pyarrow()
        cursor = self._db.cursor()
        try:
            for batch in cursor.execute(sql).to_arrow_reader(BATCH_ROWS):
                yield batch.cast(schema)
        except duckdb.Error as error:
            raise (unusable(where, error) if where else damaged(table, error)) from error
        finally:
            cursor.close()

    def map_batches(
        self,
        expression: Table,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        """Run ``function`` on each batch, on every core, in order; results have ``schema``."""
        waiting: list[Future[pa.RecordBatch]] = []
        with ThreadPoolExecutor(self._threads) as pool:
            for batch in self.batches(expression):
                waiting.append(pool.submit(function, batch))
                if len(waiting) > 2 * self._threads:
                    yield waiting.pop(0).result().cast(schema)
            for future in waiting:
                yield future.result().cast(schema)

    def splink(self) -> Any:
        """A Splink database API over copies of the declared tables, and nothing else.

        Splink writes tables of its own, so it gets a connection of its own.
        """
        try:
            from splink import DuckDBAPI
        except ImportError as error:
            raise FaisceauError(
                N_("This analysis needs Splink"), hint=N_("Install the extra: faisceau[links]")
            ) from error
        self._permit.require(*READING)
        linker = duckdb.connect()
        self._linkers.append(linker)
        for name, table in self.tables.items():
            schema = table.schema().to_pyarrow()
            copied = pa.RecordBatchReader.from_batches(schema, self.batches(table))
            linker.register("_copied", copied)
            linker.execute(f'CREATE TABLE "{name}" AS FROM _copied')
            linker.unregister("_copied")
        linker.execute(
            "SET GLOBAL TimeZone='UTC'; SET GLOBAL python_enable_replacements=false;"
            "SET enable_external_access=false"
        )
        return DuckDBAPI(connection=linker)


def covered(permit: Permit, lake: Lake, selection: Selection, listed: list[Segment]) -> list[Path]:
    """The files of a selection. Raises ``Confined`` unless the permit covers its columns."""
    name = selection.schema.name
    permit.require_table(name, frozenset(selection.names))
    return lake.files(permit, name, listed)


def columns_of(where: str) -> frozenset[str]:
    """The columns that a condition names. Raises ``UsageError`` when it cannot be read."""
    return frozenset(column.name.casefold() for column in _condition(where).find_all(exp.Column))


def conditioned(
    table: str, where: str | None, limit: int | None, tables: Collection[str]
) -> exp.Select:
    """The query for the rows of ``table`` under a typed condition, checked, in DuckDB's SQL.

    Raises ``UsageError`` when the condition cannot be read, ``Confined`` when ``table`` is not
    one of ``tables`` or the condition reaches past it.
    """
    query = exp.select("*").from_(exp.to_table(table, dialect="duckdb")).order_by("row_id")
    if where:
        query = query.where(_condition(where))
    if limit is not None:
        query = query.limit(limit)
    check_sql(query.sql("duckdb"), {table} & set(tables), "duckdb")
    return query


def _condition(where: str) -> exp.Expression:
    try:
        return sqlglot.parse_one(where, read="duckdb", into=exp.Condition)
    except sqlglot.errors.SqlglotError as error:
        raise unusable(where, error) from error


def unusable(where: str | None, error: BaseException) -> UsageError:
    """A condition that cannot be read, or that the engine does not accept."""
    return UsageError(
        N_("The condition {where} cannot be used: {why}"),
        hint=N_("Write it as in SQL: kind = 'voice' AND sent_at >= '2026-01-01'"),
        where=where or "",
        why=next(iter(str(error).splitlines()), ""),
    )


def damaged(table: str, error: BaseException) -> Damaged:
    """A table that cannot be read."""
    return Damaged(
        N_("Table {table} cannot be read: {why}"),
        hint=N_("Run: faisceau ledger verify; it names what was altered"),
        table=table,
        why=next(iter(str(error).splitlines()), ""),
    )


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
