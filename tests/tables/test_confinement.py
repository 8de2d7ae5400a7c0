"""What an analysis cannot reach, and that each of the three layers holds by itself.

The layers: the leaves of the expression, the SQL that came of it, the locked connection. Each test
of a layer takes the others away, so that a layer that is removed breaks a test.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import ibis
import ibis.expr.operations as ops
import pytest
from ibis import Table, _

from faisceau.errors import Confined
from faisceau.mandate.permit import RowRule
from faisceau.tables import engine as engine_module
from faisceau.tables.confinement import check_leaves, check_sql
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import STORED, Lake, Segment

from .conftest import PermitFor

Act = Callable[[], Table]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that no analysis was given."""
    path = tmp_path / "secret.csv"
    path.write_text("word\nsesame\n")
    return path


@pytest.fixture
def engine(
    lake: Lake, listed: list[Segment], permit_for: PermitFor, tmp_path: Path
) -> Iterator[DuckEngine]:
    """``message``: two columns, the rows of E1; other tables of the lake are not declared."""
    permit = permit_for(rows={"message": RowRule(exhibits=("E1",))})
    chosen = [STORED["message"]["app", "text"]]
    with DuckEngine(permit, lake, listed, chosen, scratch=tmp_path / "scratch") as opened:
        yield opened


# ---- in Ibis: the leaves ----


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def current_setting(setting: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def getenv(variable: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.python  # type: ignore[untyped-decorator]
def own(text: str) -> str:
    return Path("/etc/hostname").read_text()


@ibis.udf.scalar.pyarrow  # type: ignore[untyped-decorator]
def own_arrow(text: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def json_execute_serialized_sql(text: str) -> str: ...  # type: ignore[empty-body]


def message(engine: DuckEngine) -> Table:
    return engine.tables["message"]


def forged(**columns: str) -> Table:
    return ibis.table({"row_id": "int64", **columns}, name="message")


def in_words(engine: DuckEngine, query: str) -> Table:
    """What ``Table.sql`` would make; Ibis itself refuses it on tables of no connection."""
    schema = ibis.schema({"row_id": "int64"})
    return ops.SQLStringView(parent=message(engine), query=query, schema=schema).to_expr()


IN_IBIS: dict[str, Callable[[DuckEngine, Path], Table]] = {
    "another table": lambda e, _p: ibis.table({"plate": "string"}, name="plate_read"),
    "another table in a join": lambda e, _p: message(e).join(
        ibis.table({"row_id": "int64"}, name="reject"), "row_id"
    ),
    "another table in a condition": lambda e, _p: message(e).filter(
        _.app.isin(ibis.table({"x": "string"}, name="mention").x)
    ),
    "another table in a column": lambda e, _p: message(e).mutate(
        n=ibis.table({"x": "string"}, name="mention").count().as_scalar()
    ),
    "a forged table with more columns": lambda e, _p: forged(sender_id="string"),
    "a forged table with the same columns and one more": lambda e, _p: forged(
        app="string", text="string", sent_at="timestamp('UTC')"
    ),
    "a forged table in another schema": lambda e, _p: ibis.table(
        message(e).schema(), name="message", database="main"
    ),
    "the view under which rows are hidden": lambda e, _p: ibis.table(
        {"row_id": "int64"}, name="stored_message"
    ),
    "the catalog": lambda e, _p: ibis.table({"sql": "string"}, name="duckdb_views"),
    "the standard catalog": lambda e, _p: ibis.table(
        {"table_name": "string"}, name="tables", database="information_schema"
    ),
    "a file": lambda e, p: ibis.table({"word": "string"}, name=str(p)),
    "a file read by Ibis": lambda e, p: ibis.read_csv(p),
    "a table of another connection": lambda e, p: ibis.duckdb.connect().sql("SELECT 1 AS x"),
    "SQL in a string": lambda e, _p: in_words(e, "SELECT row_id FROM message"),
    "SQL in a string, hidden in a join": lambda e, _p: message(e).join(
        in_words(e, "SELECT 1 AS row_id FROM duckdb_views"), "row_id"
    ),
    "a Python function in the query": lambda e, _p: message(e).select(x=own(_.text)),
    "an Arrow function in the query": lambda e, _p: message(e).select(x=own_arrow(_.text)),
    "the configuration, by a builtin": lambda e, _p: message(e).select(
        x=current_setting(ibis.literal("temp_directory"))
    ),
    "the environment, by a builtin": lambda e, _p: message(e).select(
        x=getenv(ibis.literal("HOME"))
    ),
    "SQL in JSON, by a builtin": lambda e, _p: message(e).agg(
        x=json_execute_serialized_sql(_.text)
    ),
    "a builtin in a condition": lambda e, _p: message(e).filter(getenv(message(e).text) == "x"),
}


@pytest.mark.parametrize("attempt", IN_IBIS)
def test_an_expression_rests_on_the_declared_tables_alone(
    engine: DuckEngine, secret: Path, attempt: str
) -> None:
    with pytest.raises(Confined):
        list(engine.batches(IN_IBIS[attempt](engine, secret)))


def test_what_was_declared_is_there(engine: DuckEngine) -> None:
    rows = list(engine.rows(message(engine).order_by("row_id")))
    assert rows == [
        {"row_id": 1, "app": "sms", "text": "Été à Lille"},
        {"row_id": 2, "app": "sms", "text": "10 g 50€"},
    ]


def test_an_undeclared_column_does_not_exist(engine: DuckEngine) -> None:
    with pytest.raises(AttributeError):
        message(engine).sender_id  # noqa: B018


def test_a_table_of_ones_own_may_not_take_a_declared_name(engine: DuckEngine) -> None:
    """It would stand in the place of the rows of the case."""
    made = ibis.memtable({"row_id": [9]})
    named = made.op().copy(name="message").to_expr()
    with pytest.raises(Confined, match="reached for message"):
        list(engine.batches(named))


def test_harmless_builtins_work(engine: DuckEngine) -> None:
    @ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
    def jaccard(a: str, b: str) -> float: ...  # type: ignore[empty-body]

    [row] = engine.rows(message(engine).filter(_.row_id == 1).select(x=jaccard(_.app, _.app)))
    assert row == {"x": 1.0}


# ---- in SQL: the statement ----

IN_SQL = """
SELECT * FROM plate_read
SELECT * FROM stored_message
SELECT * FROM main.message
SELECT * FROM memory.main.message
SELECT * FROM sqlite_master
SELECT * FROM duckdb_tables
SELECT * FROM duckdb_tables()
SELECT * FROM main.duckdb_tables()
SELECT * FROM pragma_table_info('message')
SELECT * FROM information_schema.tables
SELECT * FROM '/etc/hostname'
SELECT * FROM read_parquet('x')
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/hostname')
SELECT * FROM parquet_metadata('x')
SELECT * FROM sniff_csv('x')
SELECT * FROM glob('*')
SELECT * FROM message, glob('*')
SELECT * FROM message, LATERAL glob('*') AS g
SELECT * FROM message CROSS JOIN LATERAL read_text('x')
SELECT * FROM message, LATERAL (SELECT * FROM glob('*'))
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('message')
SELECT * FROM seq_scan('message')
SELECT * FROM message POSITIONAL JOIN sqlite_master
SELECT * FROM message UNION ALL SELECT * FROM plate_read
SELECT * FROM (plate_read)
SELECT * FROM (SELECT * FROM (SELECT * FROM plate_read))
SELECT (SELECT count(*) FROM plate_read) FROM message
SELECT [x FOR x IN (SELECT list(sql) FROM duckdb_views)] FROM message
SELECT * REPLACE ((SELECT 1 FROM plate_read) AS app) FROM message
SELECT * FROM message WHERE EXISTS (FROM plate_read)
SELECT * FROM message WHERE row_id IN (SELECT row_id FROM plate_read)
SELECT * FROM message ORDER BY (SELECT 1 FROM plate_read)
SELECT * FROM message LIMIT (SELECT 1 FROM plate_read)
SELECT * FROM message QUALIFY (SELECT true FROM plate_read)
WITH x AS (SELECT * FROM plate_read) SELECT * FROM x
WITH plate_read AS (SELECT * FROM plate_read) SELECT * FROM plate_read
WITH RECURSIVE plate_read AS (SELECT * FROM plate_read) SELECT * FROM plate_read
WITH a AS (SELECT * FROM plate_read), plate_read AS (SELECT 1) SELECT * FROM a
SELECT * FROM (WITH plate_read AS (SELECT 1) SELECT * FROM plate_read) AS a, plate_read
SELECT * FROM message WHERE 1 IN (WITH call AS (SELECT 1) FROM call) UNION FROM call
SELECT current_setting('temp_directory')
SELECT "current_setting"('temp_directory')
SELECT Current_Setting('temp_directory')
SELECT main.current_setting('temp_directory')
SELECT system.main."getenv"('HOME')
SELECT getvariable('x')
SELECT nextval('x')
SELECT pg_get_viewdef('x')
SELECT write_log('x')
ATTACH 'x.db'
COPY message TO 'x.csv'
COPY (SELECT * FROM message) TO 'x.csv'
EXPORT DATABASE 'x'
SET threads = 1
SET VARIABLE x = 1
PRAGMA database_list
INSTALL httpfs
LOAD httpfs
CALL duckdb_tables()
CREATE TABLE x AS SELECT * FROM message
CREATE MACRO f() AS 1
DROP VIEW message
INSERT INTO message SELECT * FROM message
WITH x AS (DELETE FROM message RETURNING *) SELECT * FROM x
DESCRIBE message
SUMMARIZE message
SHOW TABLES
EXPLAIN SELECT * FROM message
PIVOT message ON app USING count(*)
SELECT 1; SELECT 2
SELECT 1 FROM
""".strip().splitlines()


@pytest.mark.parametrize("sql", IN_SQL)
def test_a_statement_is_one_query_over_the_declared_tables(sql: str) -> None:
    with pytest.raises(Confined):
        check_sql(sql, {"message"}, "duckdb")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM plate_read",
        "SELECT * FROM default.message",
        "SELECT * FROM parquet.`/etc/passwd`",
        "SELECT * FROM message LATERAL VIEW java_method('a', 'b') AS x",
        "SELECT java_method('java.lang.System', 'getenv', 'HOME')",
        "SELECT reflect('java.lang.System', 'getenv', 'HOME')",
        "SELECT try_reflect('java.lang.System', 'getenv', 'HOME')",
        "SELECT input_file_name() FROM message",
        "SELECT * FROM read_files('/')",
        "INSERT OVERWRITE DIRECTORY '/x' SELECT * FROM message",
        "CACHE TABLE message",
        "ADD JAR 'x'",
        "SHOW TABLES",
    ],
)
def test_a_statement_for_spark_likewise(sql: str) -> None:
    with pytest.raises(Confined):
        check_sql(sql, {"message"}, "spark")


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("WITH a AS (SELECT * FROM message), b AS (SELECT * FROM a) SELECT * FROM a, b", "duckdb"),
        ("SELECT * FROM (WITH a AS (FROM message) SELECT * FROM a)", "duckdb"),
        ("SELECT unnest([1, 2]), m.app FROM message AS m, unnest([1]), range(3)", "duckdb"),
        (
            "SELECT EXPLODE(ARRAY(1)) FROM message LATERAL VIEW POSEXPLODE(ARRAY(1)) AS p, x",
            "spark",
        ),
    ],
)
def test_a_query_over_the_declared_tables_passes(sql: str, dialect: str) -> None:
    check_sql(sql, {"message"}, dialect)


# ---- each layer alone ----


def without_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(expression: Table, tables: object) -> list[object]:
        return []

    monkeypatch.setattr(engine_module, "check_leaves", blind)


def without_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "check_sql", lambda sql, names, dialect: None)


@pytest.mark.parametrize(
    "attempt",
    [
        "a forged table with more columns",
        "a Python function in the query",
        "a table of another connection",
        "SQL in a string",
    ],
)
def test_the_leaves_hold_alone(
    engine: DuckEngine, secret: Path, monkeypatch: pytest.MonkeyPatch, attempt: str
) -> None:
    without_sql(monkeypatch)
    with pytest.raises(Confined, match=r"reached for|its own Python function"):
        list(engine.batches(IN_IBIS[attempt](engine, secret)))
    assert check_leaves(message(engine), engine.tables) == []


@pytest.mark.parametrize(
    "attempt",
    [
        "another table",
        "another table in a column",
        "the view under which rows are hidden",
        "the catalog",
        "the standard catalog",
        "a file",
        "SQL in a string, hidden in a join",
        "the configuration, by a builtin",
        "the environment, by a builtin",
    ],
)
def test_the_sql_holds_alone(
    engine: DuckEngine, secret: Path, monkeypatch: pytest.MonkeyPatch, attempt: str
) -> None:
    without_leaves(monkeypatch)
    with pytest.raises(Confined, match=r"reached for|which is not allowed"):
        list(engine.batches(IN_IBIS[attempt](engine, secret)))


def test_the_views_hold_alone_other_columns_and_other_rows(
    engine: DuckEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_leaves(monkeypatch)
    without_sql(monkeypatch)
    with pytest.raises(Confined, match='column named "sender_id"'):
        list(engine.batches(forged(sender_id="string").select("sender_id")))
    assert len(list(engine.rows(forged(app="string").select("app")))) == 2  # of five stored
    with pytest.raises(Confined, match="stored_message"):
        list(engine.batches(ibis.table({"row_id": "int64"}, name="stored_message")))
    with pytest.raises(Confined, match="plate_read"):
        list(engine.batches(ibis.table({"plate": "string"}, name="plate_read")))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM read_parquet('{other}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "COPY message TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.parquet'",
        "ATTACH '{folder}/out.db'",
        "EXPORT DATABASE '{folder}/out'",
        "IMPORT DATABASE '{folder}'",
        "INSTALL httpfs",
        "LOAD '{folder}/x.duckdb_extension'",
        "CREATE SECRET (TYPE s3)",
        "SET enable_external_access=true",
        "SET allowed_paths=['{secret}']",
        "SET python_enable_replacements=true",
        "SET lock_configuration=false",
        "SET temp_directory='{folder}'",
        "RESET allowed_paths",
        "SELECT * FROM secret_frame",
    ],
)
def test_the_locked_connection_holds_alone(
    engine: DuckEngine, lake: Lake, listed: list[Segment], secret: Path, statement: str
) -> None:
    """As if an analysis held it: files, extensions, Python's variables and settings stay shut."""
    secret_frame = ibis.memtable({"x": [1]}).to_pyarrow()  # a name the statement may try
    assert secret_frame.num_rows == 1
    [other] = [lake.case / s.path for s in listed if s.table == "plate_read"]
    sql = statement.format(secret=secret, folder=secret.parent, other=other)
    before = sorted(secret.parent.rglob("*"))
    with pytest.raises(duckdb.Error):
        engine._db.cursor().execute(sql).fetchall()
    assert sorted(secret.parent.rglob("*")) == before


def test_the_connection_is_set_as_it_should_be(engine: DuckEngine) -> None:
    """Some settings stand for each other: each is looked at."""
    wanted = {
        "enable_external_access": False,
        "python_enable_replacements": False,
        "lock_configuration": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "TimeZone": "UTC",
    }
    cursor = engine._db.cursor()
    for name, value in wanted.items():
        assert cursor.execute(f"SELECT current_setting('{name}')").fetchall() == [(value,)], name


def test_the_linker_gets_no_files_either(engine: DuckEngine, secret: Path) -> None:
    pytest.importorskip("splink")
    linker = engine.splink()._con
    assert linker.execute("SELECT * FROM message ORDER BY row_id").fetchall() == [
        (1, "sms", "Été à Lille"),
        (2, "sms", "10 g 50€"),
    ]
    for sql in (f"FROM read_csv('{secret}')", "SET enable_external_access=true"):
        with pytest.raises(duckdb.Error):
            linker.execute(sql)
