"""The engine past one machine: the same expressions over Spark Connect (Sail or Apache Spark).

Spark only projects: each engine opens a session of its own, whose views are the permitted tables
(the rows the mandate lets through, the declared columns) over the same Parquet segments, at the
same paths for the server. The checks of expressions and SQL are those of DuckDB; what they alone
hold back, a Spark server would not: give it a network and a user that see the case, nothing else.

Traps, met on Sail 0.7.2 with the client 4.2 and settled here:

* Ibis compiles for Spark with options that only its Spark backend sets, and that backend ends the
  process without a whole Spark (a JVM): the options are set here, the backend stays out.
* A client tries an absent server again for ten minutes: the port is tried first.
"""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import ibis
import pyarrow as pa
from ibis import Table
from ibis.config import Config
from ibis.formats.pyarrow import PyArrowSchema

from faisceau.errors import Confined, FaisceauError, UsageError
from faisceau.mandate.permit import Permit
from faisceau.tables.confinement import check_leaves, check_sql
from faisceau.tables.engine import READING, covered, unbound
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.rules import visible
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_



class _Options(Config):  # type: ignore[misc]
    treat_nan_as_null: bool = False


if ibis.options.pyspark is None:
    ibis.options.pyspark = _Options()

PORT = 15002
"""Where a Spark Connect server listens when its address names no port."""


class SparkEngine:
    """An engine on a Spark Connect server. Use it in a ``with`` block."""

    dialect = "pyspark"

    def __init__(
        self,
        url: str,
        permit: Permit,
        lake: Lake,
        segments: Iterable[Segment],
        selections: Iterable[Selection],
    ) -> None:
        permit.require(*READING)
        self._permit = permit
        self._url = url
        selections, listed = list(selections), list(segments)
        self.tables: Mapping[str, Table] = {s.schema.name: unbound(s) for s in selections}
        self._views = [(s, covered(permit, lake, s, listed)) for s in selections]
        self._sessions: list[Any] = []
        self._spark = self._session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._sessions:
            self._sessions.pop().stop()

    def _session(self) -> Any:
        """A session that sees the permitted tables."""
        session = _connected(self._url)
        self._sessions.append(session)
        try:
            with _asking():
                session.conf.set("spark.sql.session.timeZone", "UTC")
                session.conf.set("spark.sql.ansi.enabled", "false")
                for selection, files in self._views:
                    _view(session, selection, files, self._permit)
        except BaseException:
            self.__exit__()
            raise
        return session

    def _frame(self, expression: Table) -> Any:
        self._permit.require(*READING)
        made = check_leaves(expression, self.tables)
        sql = str(ibis.to_sql(expression, dialect=self.dialect))
        check_sql(sql, {*self.tables, *(table.name for table in made)}, "spark")
        for table in made:
            data = table.data.to_pyarrow(table.schema)
            _given(self._spark, data).createOrReplaceTempView(table.name)
        return self._spark.sql(sql)

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        """Run an expression over the declared tables and stream the result."""
        with _asking():
            yield from _streamed(self._frame(expression), expression.schema().to_pyarrow())

    def rows(self, expression: Table) -> Iterator[dict[str, Any]]:
        """The same, row by row, for small results."""
        for batch in self.batches(expression):
            yield from batch.to_pylist()

    def map_batches(
        self,
        expression: Table,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        """Run ``function`` on each batch where the data are; results have ``schema``."""
        from pyspark.sql.pandas.types import from_arrow_schema

        given = expression.schema().to_pyarrow()

        def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield function(batch.cast(given)).cast(schema)

        with _asking():
            frame = self._frame(expression).mapInArrow(each, from_arrow_schema(schema))
            yield from _streamed(frame, schema)


def _streamed(frame: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    client = frame.sparkSession.client
    for answer in client.to_table_as_iterator(frame._plan.to_proto(client), {}):
        if isinstance(answer, pa.Table):
            yield from answer.cast(schema).to_batches()


def _view(session: Any, selection: Selection, files: list[Path], permit: Permit) -> None:
    name = selection.schema.name
    stored = ibis.table(PyArrowSchema.to_ibis(STORED[name].arrow), name=f"stored_{name}")
    if files:
        frame = session.read.parquet(*(str(file) for file in files))
    else:
        frame = _given(session, STORED[name].arrow.empty_table())
    frame.createOrReplaceTempView(f"stored_{name}")
    shown = visible(stored, permit.rows.get(name), tuple(selection.arrow.names))
    session.sql(ibis.to_sql(shown, dialect="pyspark")).createOrReplaceTempView(name)
    session.catalog.dropTempView(f"stored_{name}")


def _given(session: Any, table: pa.Table) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    if table.num_rows:
        return session.createDataFrame(table)
    return session.createDataFrame([], from_arrow_schema(table.schema))


def _connected(url: str) -> Any:
    """A session of its own on the server at ``url``."""
    try:
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise FaisceauError(
            N_("This engine needs a Spark Connect client"),
            hint=N_("Install the extra: faisceau[spark]"),
        ) from error
    parts = urlsplit(url)
    try:
        address = (parts.hostname or "", parts.port or PORT)
        socket.create_connection(address, timeout=5).close()
    except (OSError, ValueError) as error:
        raise FaisceauError(
            N_("No Spark Connect server answers at {url}: {why}"),
            hint=N_("Start it, or leave --engine out to use DuckDB"),
            url=url,
            why=str(error),
        ) from error
    with _asking():
        return SparkSession.builder.remote(url).create()


@contextmanager
def _asking() -> Iterator[None]:
    """What the server or its client refuses becomes an error of the house."""
    from grpc import RpcError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, RpcError, pa.ArrowInvalid) as error:
        raise Confined(N_("The query failed: {why}"), why=str(error)[:500]) from error
