"""What is Spark's own: sessions that see nothing else, servers that do not answer, Splink."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest
from ibis import _

from faisceau.errors import Confined, FaisceauError
from faisceau.mandate.permit import RowRule
from faisceau.tables.correspondence import key_of
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.spark import SparkEngine

from .conftest import PermitFor, write

PEOPLE = [
    {"last_name": "MARTIN", "first_names": "Lea"},
    {"last_name": "MARTIN", "first_names": "Leo"},
    {"last_name": "DURAND", "first_names": "Paul"},
    {"last_name": "DURANT", "first_names": "Paul"},
    {"last_name": "PETIT", "first_names": "Zoe"},
]
MESSAGE = [STORED["message"]["app", "text"]]


@pytest.fixture
def engine(
    sail: str, lake: Lake, listed: list[Segment], permit_for: PermitFor
) -> Iterator[SparkEngine]:
    with SparkEngine(sail, permit_for(), lake, listed, MESSAGE) as opened:
        yield opened


def test_a_session_holds_the_declared_tables_and_nothing_else(engine: SparkEngine) -> None:
    session: Any = engine._spark
    assert [view.name for view in session.catalog.listTables()] == ["message"]
    assert session.table("message").columns == ["row_id", "app", "text"]


def test_two_engines_on_one_server_do_not_see_each_other(
    sail: str, engine: SparkEngine, lake: Lake, permit_for: PermitFor
) -> None:
    with SparkEngine(sail, permit_for(), lake, [], MESSAGE) as other:
        assert list(other.rows(other.tables["message"])) == []
        assert len(list(engine.rows(engine.tables["message"]))) == 5


def test_what_is_sealed_is_no_row_of_spark_either(
    sail: str, lake: Lake, listed: list[Segment], permit_for: PermitFor
) -> None:
    every = [STORED["message"]["exhibit_id", "account", "sender_id", "recipients", "thread_id"]]
    with DuckEngine(permit_for(), lake, listed, every, scratch=lake.case / "s") as engine:
        message = engine.tables["message"].mutate(key=key_of(engine.tables["message"], "message"))
        keys = {row["row_id"]: row["key"] for row in engine.rows(message)}
    first, *others = sorted(keys)
    rule = RowRule(sealed=(keys[first],), sealed_exhibits=("E1", "E2", "E3"))
    permit = permit_for(rows={"message": rule})
    with SparkEngine(sail, permit, lake, listed, every) as engine:
        left = {row["row_id"] for row in engine.rows(engine.tables["message"])}
    assert left == {row for row in others if keys[row] != keys[first]}
    assert left


def test_the_sql_for_spark_is_checked_too(
    engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second check stands when the first one is gone."""
    monkeypatch.setattr("faisceau.tables.spark.check_leaves", lambda expression, tables: [])
    with pytest.raises(Confined, match='reached for "reject"'):
        list(engine.batches(ibis.table({"row_id": "int64"}, name="reject")))


def test_the_leaves_are_checked_too(engine: SparkEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faisceau.tables.spark.check_sql", lambda sql, names, dialect: None)
    with pytest.raises(Confined, match="reached for message"):
        list(engine.batches(ibis.table({"row_id": "int64", "sender_id": "string"}, name="message")))


def test_the_view_alone_holds_back_other_columns(
    engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faisceau.tables.spark.check_leaves", lambda expression, tables: [])
    monkeypatch.setattr("faisceau.tables.spark.check_sql", lambda sql, names, dialect: None)
    forged = ibis.table({"row_id": "int64", "sender_id": "string"}, name="message")
    with pytest.raises(Confined, match="sender_id"):
        list(engine.batches(forged.select("sender_id")))


def test_what_spark_cannot_do_says_so(engine: SparkEngine) -> None:
    message = engine.tables["message"]
    ordered = message.group_by("app").agg(rows=_.row_id.collect(order_by=_.row_id))
    with pytest.raises(Confined, match="order_by"):
        list(engine.batches(ordered))


def test_a_failure_in_a_mapped_function_is_told(engine: SparkEngine) -> None:
    import pyarrow as pa

    def broken(given: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError("no such word")

    with pytest.raises(Confined, match="Python worker"):
        list(engine.map_batches(engine.tables["message"], broken, pa.schema([("n", pa.int64())])))


@pytest.mark.parametrize(
    "url",
    ["sc://127.0.0.1:1", "sc://", "sc://127.0.0.1:x", "sc://127.0.0.1:1/;token=secret"],
)
def test_no_server_is_told_at_once_and_no_token(
    url: str, lake: Lake, permit_for: PermitFor
) -> None:
    with pytest.raises(FaisceauError, match="No Spark Connect server answers") as failed:
        SparkEngine(url, permit_for(), lake, [], MESSAGE)
    assert "use the engine duckdb" in failed.value.hint
    assert "secret" not in str(failed.value)


def test_a_client_that_is_not_installed_names_the_extra(
    lake: Lake, permit_for: PermitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.session", None)
    with pytest.raises(FaisceauError, match="needs a Spark Connect client") as failed:
        SparkEngine("sc://127.0.0.1:1", permit_for(), lake, [], MESSAGE)
    assert failed.value.hint == "Install the extra: faisceau[spark]"


def test_a_file_the_server_cannot_see_is_told(
    sail: str, lake: Lake, listed: list[Segment], permit_for: PermitFor
) -> None:
    [segment] = [s for s in listed if s.table == "message"]
    (lake.case / segment.path).unlink()
    with pytest.raises(Confined, match="The query failed"):
        SparkEngine(sail, permit_for(), lake, listed, MESSAGE)


@pytest.mark.parametrize("kind", ["duckdb", "spark"])
def test_splink_links_the_same_persons_on_both(
    kind: str, sail: str, lake: Lake, permit_for: PermitFor, tmp_path: Path
) -> None:
    splink = pytest.importorskip("splink")
    from splink import comparison_library as compare

    permit = permit_for("run", {"person": None})
    listed = write(lake, permit_for("add"), {"person": PEOPLE}, "0-people")
    chosen = [STORED["person"]["last_name", "first_names"]]
    opened: DuckEngine | SparkEngine = (
        DuckEngine(permit, lake, listed, chosen, scratch=tmp_path / "scratch")
        if kind == "duckdb"
        else SparkEngine(sail, permit, lake, listed, chosen)
    )
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row_id",
        comparisons=[
            compare.LevenshteinAtThresholds("last_name", 1),
            compare.LevenshteinAtThresholds("first_names", 1),
        ],
        blocking_rules_to_generate_predictions=["l.last_name = r.last_name"],
    )
    with opened as engine:
        api = engine.splink()
        linker = splink.Linker(api.register("person"), settings)
        [pair] = linker.inference.predict().as_pandas_dataframe().to_dict("records")
        assert (pair["row_id_l"], pair["row_id_r"]) == (1, 2)
        assert pair["gamma_last_name"] > pair["gamma_first_names"] > 0
