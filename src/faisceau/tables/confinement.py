"""What an analysis may ask: expressions over its own tables, and nothing else.

Two checks stand before the locked connection: the leaves of the Ibis expression, then the SQL
that came of it (an expression can carry SQL text or a function that reads files). They stop
mistakes in Ibis and SQL, not malicious Python (design, section 4).
"""

from collections.abc import Collection, Iterator, Mapping

import ibis.expr.operations as ops
import sqlglot
from ibis import Table
from sqlglot import exp

from faisceau.errors import Confined
from faisceau.words import N_

TABLE_FUNCTIONS = frozenset({"unnest", "generate_series", "range", "explode", "posexplode"})
"""Functions that may stand where a table stands: they make rows out of values."""
FORBIDDEN_FUNCTIONS = frozenset(
    {
        "current_setting",
        "getenv",
        "getvariable",
        "query",
        "query_table",
        "json_execute_serialized_sql",
        "nextval",
        "currval",
        "write_log",
        "java_method",
        "reflect",
        "try_reflect",
        "input_file_name",
        "input_file_block_start",
        "input_file_block_length",
    }
)
"""Functions that reach outside the rows: the configuration, the environment, SQL in a string."""
FORBIDDEN_FAMILIES = ("duckdb_", "pragma_", "read_", "pg_")
"""How the names of further such functions begin: the catalog and files."""


def check_leaves(expression: Table, tables: Mapping[str, Table]) -> list[ops.InMemoryTable]:
    """Raise ``Confined`` unless the expression rests on ``tables`` alone.

    Small tables that the analysis itself made (``ibis.memtable``) are allowed and returned: the
    engine has to hand them to the database.
    """
    own = {table.op() for table in tables.values()}
    made: list[ops.InMemoryTable] = []
    for leaf in expression.op().find((ops.PhysicalTable, ops.SQLQueryResult, ops.SQLStringView)):
        if isinstance(leaf, ops.InMemoryTable) and leaf.name not in tables:
            made.append(leaf)
        elif leaf not in own:
            name = getattr(leaf, "name", type(leaf).__name__)
            raise Confined(
                N_("The analysis reached for {name}, which it did not declare"),
                hint=N_("Declare the table and its columns in reads=[…]"),
                name=name,
            )
    for function in expression.op().find((ops.ScalarUDF, ops.AggUDF)):
        if function.__input_type__.name != "BUILTIN":
            raise Confined(
                N_("The analysis runs its own Python function {name} inside a query"),
                hint=N_("Use engine.map_batches"),
                name=function.__func_name__,
            )
    return made


def check_sql(sql: str, names: Collection[str], dialect: str) -> None:
    """Raise ``Confined`` unless the statement is one query over ``names`` alone."""
    try:
        statements = sqlglot.parse(sql, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        raise Confined(N_("The query cannot be read: {why}"), why=str(error)[:500]) from error
    tree = statements[0] if len(statements) == 1 else None
    if not isinstance(tree, exp.Query) or tree.find(exp.DML, exp.DDL, exp.Command):
        raise Confined(N_("The analysis may only query its tables"))
    for table in _reached(tree, frozenset(names)):
        raise Confined(
            N_("The analysis reached for {name}, which it did not declare"),
            hint=N_("Declare the table and its columns in reads=[…]"),
            name=table.sql(),
        )
    for rows in tree.find_all(exp.Table, exp.Lateral):
        if isinstance(rows.this, exp.Func):
            _check_table_function(rows.this)
    for function in tree.find_all(exp.Func):
        name = _name(function)
        if name in FORBIDDEN_FUNCTIONS or name.startswith(FORBIDDEN_FAMILIES):
            raise Confined(N_("The analysis called {name}, which is not allowed"), name=name)


def _reached(node: exp.Expression, names: frozenset[str]) -> Iterator[exp.Table]:
    """The tables read under ``node`` that are neither in ``names`` nor a CTE in scope.

    A CTE is known to the CTEs after it and to its own query, nowhere else: not to itself, or
    ``WITH duckdb_tables AS (FROM duckdb_tables)`` would read the catalog.
    """
    first = node.args.get("with_")
    for cte in first.expressions if first else ():
        yield from _reached(cte.this, names)
        names |= {cte.alias}
    known = node.name in names and not (node.args.get("db") or node.args.get("catalog"))
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func) and not known:
        yield node
    for child in node.iter_expressions():
        if child is not first:
            yield from _reached(child, names)


def _check_table_function(function: exp.Func) -> None:
    name = _name(function)
    if name not in TABLE_FUNCTIONS:
        raise Confined(N_("The analysis called {name}, which is not allowed"), name=name)


def _name(function: exp.Func) -> str:
    if isinstance(function, exp.Anonymous):
        return function.name.casefold()  # without the quotes it may stand in
    return str(type(function).sql_names()[0]).casefold()  # type: ignore[no-untyped-call]
