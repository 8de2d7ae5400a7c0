"""The engine past one machine: the same expressions over Spark Connect (Sail or Apache Spark).

Spark only projects: each engine opens a session of its own, whose views are the permitted tables
(the rows the mandate lets through, the declared columns) over the same Parquet segments, found by
the server at the same paths. Expressions and SQL are checked as for DuckDB, but no locked
connection stands behind these checks: let the server see the case's tables and nothing else.

Traps, met on Sail 0.7.2 with the client 4.2, settled here:

* Ibis compiles for Spark with options that only its Spark backend sets, and to import that backend
  without a whole Spark (a JVM) ends the process: the options are set here, the backend stays out.
* An index past the end of a list is an error, joining an empty list gives null: ``_Compiler``.
* A table without rows has no type the client can infer: ``_given`` states it.
* The client asks an absent server again for ten minutes: the port is tried first, retries are few.

What remains and fails with a message: ``order_by`` inside ``collect`` and ``group_concat``,
``asof_join``, ``bucket``, division by zero, one condition both counted and summed in an ``agg``
(Sail). What remains and differs: a time cast to text lacks ``+00``; Levenshtein counts characters
(DuckDB: bytes); ``map_batches`` promises no order.
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
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.common.exceptions import IbisError
from ibis.config import Config
from ibis.formats.pyarrow import PyArrowSchema

from faisceau.errors import Confined, FaisceauError
from faisceau.mandate.permit import Permit
from faisceau.tables.confinement import check_leaves, check_sql
from faisceau.tables.engine import READING, conditioned, covered, unbound, unusable
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.rules import visible
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_

PORT = 15002
"""Where a Spark Connect server listens when its address names no port."""
RETRIES = 5
"""How often the client asks a server that does not answer, over some 15 seconds in all."""
SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
"""Times are UTC; an overflow or a value that cannot be cast is an error, as on DuckDB."""


class SparkEngine:
    """An engine on a Spark Connect server, ``sc://host:port``. Use it in a ``with`` block.

    Raises ``FaisceauError`` when the client is not installed or no server answers.
    """

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
        self._files = [(s, covered(permit, lake, s, listed)) for s in selections]
        self._sessions: list[Any] = []
        self._spark = self._session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._sessions:
            self._sessions.pop().stop()

    def _session(self) -> Any:
        """A session that sees the permitted tables, and no other engine's."""
        session = _connected(self._url)
        self._sessions.append(session)
        try:
            with _asking():
                for selection, files in self._files:
                    _view(session, selection, files, self._permit)
        except BaseException:
            self.__exit__()
            raise
        return session

    def _frame(self, expression: Table) -> Any:
        self._permit.require(*READING)
        made = check_leaves(expression, self.tables)
        sql = _compiled(expression)
        check_sql(sql, {*self.tables, *(table.name for table in made)}, "spark")
        for table in made:
            data = table.data.to_pyarrow(table.schema)
            _given(self._spark, data).createOrReplaceTempView(table.name)
        return self._spark.sql(sql)

    @property
    def own(self) -> str | None:
        """The case's own procedure, where rows without a procedure are shown as its rows."""
        return next((rule.own for rule in self._permit.rows.values() if rule.own), None)

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        """Run an expression over the declared tables and stream the result."""
        with _asking():
            yield from _streamed(self._frame(expression), expression.schema().to_pyarrow())

    def rows(self, expression: Table) -> Iterator[dict[str, Any]]:
        """The same, row by row, for small results."""
        for batch in self.batches(expression):
            yield from batch.to_pylist()

    def filtered(
        self, table: str, where: str | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of one covered table under a condition a person typed, in ``row_id`` order.

        The condition is written as for DuckDB. Raises ``UsageError`` when it cannot be used.
        """
        self._permit.require(*READING)
        sql = conditioned(table, where, limit, self.tables).sql("spark")
        check_sql(sql, {table}, "spark")
        try:
            with _asking():
                yield from _streamed(self._spark.sql(sql), self.tables[table].schema().to_pyarrow())
        except Confined as error:
            raise unusable(where, error.__cause__ or error) from error

    def map_batches(
        self,
        expression: Table,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        """Run ``function`` on each batch where the data are; results have ``schema``.

        The function is pickled: a module it comes from must be installed on the server too, under
        the same version of Python.
        """
        from pyspark.sql.pandas.types import from_arrow_schema

        given = expression.schema().to_pyarrow()

        def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield function(batch.cast(given)).cast(schema)

        with _asking():
            frame = self._frame(expression).mapInArrow(each, from_arrow_schema(schema))
            yield from _streamed(frame, schema)

    def splink(self) -> Any:
        """A Splink database API over the declared tables, in a session of its own.

        Jaro-Winkler is not among its comparisons: it would need a jar on the server, and Sail has
        none; Levenshtein is.
        """
        self._permit.require(*READING)
        try:
            from splink import SparkAPI
        except ImportError as error:
            raise FaisceauError(
                N_("This analysis needs Splink"), hint=N_("Install the extra: faisceau[links]")
            ) from error
        return SparkAPI(
            spark_session=self._session(),
            register_udfs_automatically=False,
            break_lineage_method="persist",
        )


class _Options(Config):  # type: ignore[misc]
    treat_nan_as_null: bool = False


class _Compiler(PySparkCompiler):  # type: ignore[misc]
    """Where Spark's functions answer otherwise than DuckDB's, the one that answers alike."""

    __slots__ = ()

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: N802
        return self.f.try_element_at(arg, index + 1)

    def visit_ArrayStringJoin(self, op: Any, *, arg: Any, sep: Any) -> Any:  # noqa: N802
        return self.if_(arg.is_(None), None, self.f.concat_ws(sep, arg))


_compiler = _Compiler()


def _compiled(expression: Table) -> str:
    if ibis.options.pyspark is None:
        ibis.options.pyspark = _Options()
    return str(_compiler.to_sqlglot(expression.unbind()).sql("spark"))


def _streamed(frame: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batches of a result as the server sends them; ``toArrow`` would gather them first."""
    client = frame.sparkSession.client
    for answer in client.to_table_as_iterator(frame._plan.to_proto(client), {}):
        if isinstance(answer, pa.Table):  # the first answer is the schema
            yield from answer.cast(schema).to_batches()


def _view(session: Any, selection: Selection, files: list[Path], permit: Permit) -> None:
    name = selection.schema.name
    stored = ibis.table(PyArrowSchema.to_ibis(STORED[name].arrow), name=f"stored_{name}")
    if files:
        frame = session.read.parquet(*map(str, files))
    else:
        frame = _given(session, STORED[name].arrow.empty_table())
    frame.createOrReplaceTempView(f"stored_{name}")
    shown = visible(stored, permit.rows.get(name), tuple(selection.arrow.names))
    session.sql(_compiled(shown)).createOrReplaceTempView(name)
    session.catalog.dropTempView(f"stored_{name}")  # the view that is left was resolved over it


def _given(session: Any, table: pa.Table) -> Any:
    """A small table of ours as a data frame."""
    from pyspark.sql.pandas.types import from_arrow_schema

    if table.num_rows:
        return session.createDataFrame(table)
    return session.createDataFrame([], from_arrow_schema(table.schema))


def _connected(url: str) -> Any:
    """A session of its own on the server at ``url``."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise FaisceauError(
            N_("The engine {url} needs a Spark Connect client"),
            hint=N_("Install the extra: faisceau[spark]"),
            url=url.partition(";")[0],
        ) from error
    try:
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or PORT)
        socket.create_connection(address, timeout=5).close()
        session = SparkSession(url)
        session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
    except (OSError, ValueError, PySparkException) as error:
        raise FaisceauError(
            N_("No Spark Connect server answers at {url}: {why}"),
            hint=N_("Start one there, or use the engine duckdb"),
            url=url.partition(";")[0],  # what follows may hold a token
            why=str(error).strip()[:500],
        ) from error
    return session


@contextmanager
def _asking() -> Iterator[None]:
    """What Ibis, the client or the server cannot do becomes an error of the house."""
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, IbisError, pa.ArrowException) as error:
        raise Confined(N_("The query failed: {why}"), why=str(error)[:500]) from error
