"""Small engines in DuckDB: over Arrow tables, or one Parquet file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa

from faisceau.analyses import Analysis
from faisceau.findings.model import Lead
from faisceau.tables.engine import unbound
from faisceau.tables.schemas.schema import Selection


class SmallEngine:
    """Runs expressions over what is in a DuckDB, as the engine does, and nothing else."""

    own: str | None = None

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.sql("set timezone = 'UTC'")

    def batches(self, expression: ibis.Table) -> Iterator[pa.RecordBatch]:
        """Stream the result of an expression, with the types it promises."""
        cursor = self.connection.cursor()
        for made in expression.op().find(ops.InMemoryTable):
            cursor.register(made.name, made.data.to_pyarrow(made.schema))
        schema = expression.schema().to_pyarrow()
        sql = str(ibis.to_sql(expression, dialect="duckdb"))
        for batch in cursor.execute(sql).to_arrow_reader(1000):
            yield batch.cast(schema)

    def rows(self, expression: ibis.Table) -> Iterator[dict[str, Any]]:
        """The same, row by row."""
        for batch in self.batches(expression):
            yield from batch.to_pylist()

    def map_batches(
        self,
        expression: ibis.Table,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        """Run a function on each batch."""
        for batch in self.batches(expression):
            yield function(batch).cast(schema)

    def splink(self) -> Any:
        """Not needed here."""
        raise NotImplementedError


class TablesEngine(SmallEngine):
    """Over Arrow tables."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        super().__init__()
        for name, table in tables.items():
            self.connection.register("given", table)
            self.connection.execute(f'CREATE TABLE "{name}" AS FROM given')
            self.connection.unregister("given")


class ParquetEngine(SmallEngine):
    """Over one Parquet file of messages."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.connection.sql(f"create view message as select * from read_parquet('{path}')")


Rows = Sequence[Mapping[str, Any]]


def run(function: Any, rows: Mapping[str, Rows], **params: Any) -> list[Lead]:
    """The leads of an analysis over rows by table; a table without rows is empty."""
    analysis: Analysis = function.__faisceau__
    selections: tuple[Selection, ...] = (*analysis.reads, *analysis.reads_if)
    tables = {
        s.schema.name: pa.Table.from_pylist(
            [dict.fromkeys(s.arrow.names) | dict(row) for row in rows.get(s.schema.name, ())],
            schema=s.arrow,
        )
        for s in selections
    }
    inputs = [unbound(selection) for selection in selections]
    return list(function(*inputs, analysis.params(**params), TablesEngine(tables)))
