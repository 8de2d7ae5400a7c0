"""One expression, one answer: on DuckDB and on a real Spark Connect server (Sail)."""

import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from ibis import Table, _

from faisceau.errors import Confined, UsageError
from faisceau.mandate.permit import RowRule
from faisceau.tables.engines import LakeEngine, open_engine
from faisceau.tables.lake import STORED, Lake, Segment

from .conftest import EMPTY, FILLED, MESSAGES, PermitFor, at, batch, end, write

SELECTIONS = [STORED[name][tuple(STORED[name].columns)] for name in (*FILLED, EMPTY)]
Tables = dict[str, Table]
Asked = Callable[[Tables], Table]
Opened = Callable[..., LakeEngine]


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in another zone: the answers are in UTC all the same."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(params=["duckdb", "spark"])
def name(request: pytest.FixtureRequest) -> str:
    """The engine's name, for ``open_engine``."""
    return "duckdb" if request.param == "duckdb" else request.getfixturevalue("sail")


@pytest.fixture
def opened(
    name: str, lake: Lake, listed: list[Segment], permit_for: PermitFor, tmp_path: Path
) -> Iterator[Opened]:
    """Opens engines over the small lake, with the row rules given."""
    engines: list[LakeEngine] = []

    def open_(rows: dict[str, RowRule] | None = None) -> LakeEngine:
        permit = permit_for(rows=rows)
        engines.append(
            open_engine(name, permit, lake, listed, SELECTIONS, scratch=tmp_path / "scratch")
        )
        return engines[-1]

    yield open_
    for engine in engines:
        engine.__exit__()


def names(t: Tables) -> Table:
    made = pa.table(
        {"sender_id": ["+33601", "l'ami", None], "weight": pa.array([1, 2, 3], "int32")}
    )
    return t["message"].left_join(ibis.memtable(made), "sender_id").select("row_id", "weight")


def convoys(t: Tables) -> Table:
    second = _.read_at.epoch_seconds()
    a = t["plate_read"].mutate(at=second, slot=second // 120, all=_.count().over(group_by=_.plate))
    b = a.mutate(slot=ibis.array([_.slot - 1, _.slot, _.slot + 1]).unnest())
    near = [a.camera_id == b.camera_id, a.slot == b.slot, (a.at - b.at).abs() <= 120]
    met = a.join(b, [*near, a.plate < b.plate], rname="{name}2").group_by("plate", "plate2", "all")
    return met.agg(n=_.camera_id.nunique(), rows=_.row_id.collect().sort())


def in_plates(**columns: Any) -> Asked:
    return lambda t: t["plate_read"].select("row_id", **columns)


BY_PLATE = {"group_by": "plate", "order_by": "read_at"}
FIVE_MINUTES = ibis.window(
    group_by="camera_id", order_by="read_at", preceding=ibis.interval(minutes=5), following=0
)
ANSWERS: dict[str, tuple[Asked, list[tuple[Any, ...]]]] = {
    "a filter, null and not null": (
        lambda t: t["message"].filter(_.text.notnull(), _.deleted.isnull()).select("row_id"),
        [(1,), (4,), (5,)],
    ),
    "a quote in a value": (
        lambda t: t["message"].filter(_.sender_id == "l'ami").select(x=ibis.literal("a\\'b\n")),
        [("a\\'b\n",)],
    ),
    "null is filled, made and chosen": (
        lambda t: t["message"].select(
            "row_id", a=_.text.fill_null("?"), b=_.text.nullif(""),
            c=ibis.coalesce(_.sender_id, _.app),
        ),
        [
            (1, "Été à Lille", "Été à Lille", "+33601"),
            (2, "10 g 50€", "10 g 50€", "+33602"),
            (3, "?", None, "+33603"),
            (4, "", None, "whatsapp"),
            (5, "a\nb", "a\nb", "l'ami"),
        ],
    ),
    "text in letters, not bytes": (
        lambda t: t["message"].filter(_.row_id <= 2).select(
            n=_.text.length(), up=_.text.upper(), part=_.text.substr(0, 3),
            euro=_.text.contains("€"), g=_.text.re_extract(r"(\d+) g", 1),
            both=_.app + ":" + _.kind,
        ),
        [
            (8, "10 G 50€", "10 ", True, "10", "sms:text"),
            (11, "ÉTÉ À LILLE", "Été", False, "", "sms:text"),
        ],
    ),
    "times are UTC": (
        lambda t: t["message"].filter(_.row_id <= 2).select(
            day=_.sent_at.truncate("D").strftime("%Y-%m-%d %H:%M"),
            week=_.sent_at.truncate("W").strftime("%Y-%m-%d"),
            hour=_.sent_at.hour(),
            weekday=_.sent_at.day_of_week.index(),
            since=_.sent_at.epoch_seconds(),
        ),
        [
            ("2026-03-01 00:00", "2026-02-23", 23, 6, 1772407800),
            ("2026-03-02 00:00", "2026-03-02", 0, 0, 1772411400),
        ],
    ),
    "times are compared, moved and subtracted": (
        lambda t: t["message"].filter(
            _.sent_at >= "2026-03-02", _.sent_at < ibis.timestamp("2026-12-31", timezone="UTC")
        ).select("row_id", later=(_.sent_at + ibis.interval(hours=3)).hour(),
                 apart=_.sent_at.delta(_.sent_at.truncate("D"), unit="second")),
        [(2, 3, 1800), (3, 15, 43200)],
    ),
    "a list is unnested": (
        lambda t: t["message"].select("row_id", to=_.recipients.unnest()),
        [(1, "+33602"), (1, "+33603"), (2, "+33601"), (5, "+33601"), (5, None)],
    ),
    "a list is asked": (
        lambda t: t["message"].select(
            "row_id", n=_.recipients.length(), has=_.recipients.contains("+33601"),
            first=_.recipients[0], joined=_.recipients.join(","),
        ),
        [
            (1, 2, False, "+33602", "+33602,+33603"),
            (2, 1, True, "+33601", "+33601"),
            (3, 0, False, None, ""),
            (4, None, None, None, None),
            (5, 2, True, "+33601", "+33601"),
        ],
    ),
    "a list of structs is unnested": (
        lambda t: t["coin_transfer"].select(out=_.outputs.unnest()).select(
            a=_.out.address, v=_.out.value
        ),
        [("b", 0.4), ("c", 0.5)],
    ),
    "groups are counted and collected": (
        lambda t: t["message"].group_by("app").agg(
            n=_.count(), texts=_.count(where=_.kind == "text"), senders=_.sender_id.nunique(),
            rows=_.row_id.collect().sort(), last=_.sent_at.max().month(),
        ),
        [
            ("sms", 2, 2, 2, [1, 2], 3),
            ("telegram", 1, 1, 1, [5], 12),
            ("whatsapp", 2, 0, 1, [3, 4], 7),
        ],
    ),
    "a group collects no null": (
        lambda t: t["message"].group_by("app").agg(who=_.sender_id.collect().sort()),
        [("sms", ["+33601", "+33602"]), ("telegram", ["l'ami"]), ("whatsapp", ["+33603"])],
    ),
    "numbers": (
        lambda t: t["payment"].agg(
            s=_.amount.sum(), mean=_.amount.mean(), n=_.amount.count(), any=(_.amount > 12).any(),
            half=(_.row_id // 2).sum(), rest=(_.row_id % 2).sum(), most=_.holder.argmax(_.amount),
        ),
        [(5.5, 2.75, 2, True, 2, 2, "X")],
    ),
    "a window looks back": (
        in_plates(
            k=ibis.row_number().over(**BY_PLATE), before=_.camera_id.lag().over(**BY_PLATE),
            after=_.camera_id.lead().over(**BY_PLATE), of=_.count().over(group_by="plate"),
        ),
        [
            (1, 0, None, "A7", 2), (2, 0, None, "A7", 2), (3, 1, "A6", None, 2),
            (4, 1, "A6", None, 2), (5, 0, None, None, 1),
        ],
    ),
    "a window of five minutes": (
        in_plates(n=_.count().over(FIVE_MINUTES)),
        [(1, 1), (2, 2), (3, 1), (4, 2), (5, 1)],
    ),
    "a table of the analysis is joined": (
        names,
        [(1, 1), (2, None), (3, None), (4, None), (5, 2)],
    ),
    "times of the analysis's own table are UTC": (
        lambda t: t["message"].join(
            ibis.memtable(pa.table({"sent_at": [at("03-02", "00:30:00")]})), "sent_at"
        ).select("row_id", hour=_.sent_at.hour(), day=_.sent_at.date().strftime("%d")),
        [(2, 0, "02")],
    ),
    "semi and anti joins": (
        lambda t: t["plate_read"].semi_join(
            t["mention"].filter(_.kind == "plate"), [("plate", "value")]
        ).anti_join(t["message"], "row_id").select("plate"),
        [],
    ),
    "a union keeps one of each": (
        lambda t: t["message"].select(v="app").union(t["mention"].select(v="kind"), distinct=True),
        [("phone",), ("plate",), ("sms",), ("telegram",), ("whatsapp",)],
    ),
    "the first rows in an order": (
        lambda t: t["message"].order_by(ibis.desc("sender_id"), "row_id").limit(2).select("row_id"),
        [(3,), (5,)],
    ),
    "a value of another query": (
        lambda t: t["payment"].filter(_.amount > t["payment"].amount.mean()).select("row_id"),
        [(1,)],
    ),
    "a covered table without rows": (lambda t: t["call"].select("caller"), []),
    "a convoy": (convoys, [("AB-123-CD", "EF-456-GH", 2, 2, [1, 3])]),
}  # fmt: skip


@pytest.mark.parametrize("told", ANSWERS)
def test_both_engines_give_the_same_answer(opened: Opened, told: str) -> None:
    asked, wanted = ANSWERS[told]
    engine = opened()
    expression = asked(dict(engine.tables))
    got = [tuple(row.values()) for row in engine.rows(expression)]
    assert sorted(got, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize("table", FILLED)
def test_what_comes_back_is_what_was_stored_with_its_types(opened: Opened, table: str) -> None:
    engine = opened()
    schema = STORED[table].arrow
    batches = list(engine.batches(engine.tables[table].order_by("row_id")))
    assert pa.Table.from_batches(batches).schema == schema
    assert pa.Table.from_batches(batches).equals(
        pa.Table.from_batches([batch(STORED[table], FILLED[table])])
    )


RULES: dict[str, tuple[str, RowRule, list[int]]] = {
    "exhibits": ("message", RowRule(exhibits=("E1", "E3")), [1, 2, 5]),
    "no exhibit": ("message", RowRule(exhibits=()), []),
    "dates are half open": (
        "message",
        RowRule(time_column="sent_at", since="2026-03-02", until="2026-07-01T12:00:00"),
        [2],
    ),
    "from a moment": (
        "message",
        RowRule(time_column="sent_at", since="2026-03-01T23:30:00"),
        [1, 2, 3, 5],
    ),
    "participants, in a list too": (
        "message",
        RowRule(participants=("+33601",), participant_columns=("sender_id", "recipients")),
        [1, 2, 5],
    ),
    "no participant": ("message", RowRule(participants=(), participant_columns=("sender_id",)), []),
    "procedures by their beginning": ("message", RowRule(procedures=("PV-2026-*",)), [1, 2, 3]),
    "one procedure": ("message", RowRule(procedures=("PR/2026/0417",)), [1, 2, 5]),
    "a percent sign is no wildcard": ("message", RowRule(procedures=("PV%", "PV_*")), [1, 2]),
    "holders": ("payment", RowRule(holders=("X", "FR2")), [1, 2]),
    "what is derived follows its table": ("mention", RowRule(tables=("message",)), [1]),
    "all at once": (
        "message",
        RowRule(exhibits=("E1", "E2"), procedures=("PV-2027-0001",), participants=("+33601",),
                participant_columns=("recipients",)),
        [2],
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_rows_that_the_mandate_hides_do_not_exist(opened: Opened, rule: str) -> None:
    table, limits, wanted = RULES[rule]
    engine = opened({table: limits})
    shown = engine.rows(engine.tables[table].select("row_id"))
    assert sorted(row["row_id"] for row in shown) == wanted
    assert [b["row_id"].to_pylist() for b in engine.filtered(table, "1 = 1")] == (
        [wanted] if wanted else []
    )


def lengths(given: pa.RecordBatch) -> pa.RecordBatch:
    """What an analysis runs on each batch."""
    return pa.RecordBatch.from_arrays(
        [given["row_id"], pc.utf8_length(given["text"])], names=["row_id", "n"]
    )


def test_map_batches_runs_a_function_where_the_data_are(opened: Opened) -> None:
    engine = opened()
    schema = pa.schema([("row_id", pa.int64()), ("n", pa.int64())])

    def counted(given: pa.RecordBatch) -> pa.RecordBatch:  # pickled by value, this module is not
        return pa.RecordBatch.from_arrays(
            [given["row_id"], pa.compute.utf8_length(given["text"])], names=["row_id", "n"]
        )

    message = engine.tables["message"].select("row_id", "text")
    got = pa.Table.from_batches(engine.map_batches(message, counted, schema))
    assert got.schema == schema
    assert sorted(map(tuple, (row.values() for row in got.to_pylist())), key=repr) == [
        (1, 11),
        (2, 8),
        (3, None),
        (4, 0),
        (5, 3),
    ]


def test_map_batches_is_checked_like_any_query(opened: Opened) -> None:
    engine = opened()
    other = ibis.table({"row_id": "int64"}, name="reject")
    with pytest.raises(Confined, match="reject"):
        list(engine.map_batches(other, lengths, pa.schema([("row_id", pa.int64())])))


def test_rows_that_a_person_asks_for_come_in_order(opened: Opened) -> None:
    engine = opened()
    found = pa.Table.from_batches(
        engine.filtered("message", "kind = 'text' AND sent_at >= '2026-03-02'", limit=1)
    )
    assert found["row_id"].to_pylist() == [2]
    assert found.schema == STORED["message"].arrow
    quoted = engine.filtered("message", """ "sender_id" = 'l''ami' -- a remark """)
    assert [b["row_id"].to_pylist() for b in quoted] == [[5]]


@pytest.mark.parametrize(
    "where",
    [
        "1 = 1; DROP VIEW message",
        "1 = 1) UNION SELECT * FROM (SELECT * FROM message",
        "1 = 1 UNION SELECT * FROM mention",
        "1 = 1 ORDER BY text",
        "kind = 'text",
        "kind = ",
        "no_such_column = 1",
        "SELECT 1",
        "DROP TABLE message",
    ],
)
def test_a_condition_that_is_none_is_bad_usage(opened: Opened, where: str) -> None:
    with pytest.raises((UsageError, Confined)) as refused:
        list(opened().filtered("message", where))
    assert refused.value.exit_code == 2 or "only query" in str(refused.value)


@pytest.mark.parametrize(
    "where",
    [
        "row_id IN (SELECT row_id FROM mention)",
        "EXISTS (FROM read_text('/etc/hostname'))",
        "text = (SELECT content FROM read_text('/etc/hostname'))",
        "(WITH x AS (SELECT * FROM duckdb_views()) SELECT count(*) FROM x) > 0",
        "current_setting('temp_directory') <> ''",
        "getenv('HOME') = 'x'",
        "java_method('java.lang.System', 'getenv', 'HOME') IS NULL",
    ],
)
def test_a_condition_that_reaches_past_its_table_is_confined(opened: Opened, where: str) -> None:
    with pytest.raises(Confined):
        list(opened().filtered("message", where))


def test_no_other_table_is_filtered(opened: Opened) -> None:
    with pytest.raises(Confined, match="reject"):
        list(opened().filtered("reject"))


def test_a_dead_permit_runs_nothing(
    name: str, lake: Lake, listed: list[Segment], permit_for: PermitFor, tmp_path: Path
) -> None:
    permit = permit_for()
    with open_engine(name, permit, lake, listed, SELECTIONS, scratch=tmp_path / "s") as engine:
        end(permit)
        message = engine.tables["message"]
        for ask in (
            lambda: list(engine.batches(message)),
            lambda: list(engine.filtered("message")),
            lambda: list(engine.map_batches(message, lengths, pa.schema([("n", pa.int64())]))),
            engine.splink,
        ):
            with pytest.raises(Confined, match="No permit is in force"):
                ask()


@pytest.mark.parametrize(
    ("operation", "columns", "why"),
    [
        ("add_nothing", None, "does not cover run"),
        ("run", {"call": None}, "does not cover table message"),
        ("run", {"message": frozenset({"app"})}, "column text of table message"),
    ],
)
def test_an_engine_opens_only_what_its_permit_covers(
    name: str,
    lake: Lake,
    permit_for: PermitFor,
    tmp_path: Path,
    *,
    operation: str,
    columns: Any,
    why: str,
) -> None:
    permit = permit_for(operation, columns)
    with pytest.raises(Confined, match=why):
        open_engine(name, permit, lake, [], [STORED["message"]["app", "text"]], scratch=tmp_path)


def test_an_engine_shows_the_declared_columns_alone(
    name: str, lake: Lake, listed: list[Segment], permit_for: PermitFor, tmp_path: Path
) -> None:
    permit = permit_for("run", {"message": frozenset({"app"})})
    chosen = [STORED["message"]["app"]]
    with open_engine(name, permit, lake, listed, chosen, scratch=tmp_path / "s") as engine:
        assert list(engine.tables) == ["message"]
        assert next(engine.rows(engine.tables["message"])).keys() == {"row_id", "app"}
        with pytest.raises((Confined, UsageError)):
            list(engine.filtered("message", "text IS NOT NULL"))


def test_several_segments_are_one_table(
    name: str, lake: Lake, listed: list[Segment], permit_for: PermitFor, tmp_path: Path
) -> None:
    more = write(lake, permit_for("add"), {"message": MESSAGES[:1]}, "1-more")
    permit, chosen = permit_for(), [STORED["message"]["app"]]
    both = [*listed, *more]
    with open_engine(name, permit, lake, both, chosen, scratch=tmp_path / "s") as engine:
        [row] = engine.rows(engine.tables["message"].agg(n=_.count()))
    assert row["n"] == len(MESSAGES) + 1


def test_a_result_larger_than_memory_comes_batch_by_batch(opened: Opened) -> None:
    engine = opened()
    made = ibis.memtable(pa.table({"x": range(1_000_000)}))
    endless = engine.batches(made.cross_join(made.view().rename(y="x")))  # 16 terabytes
    before, rows = peak_memory(), 0
    while rows < 2_000_000:  # 32 MB
        batch = next(endless)
        assert 0 < batch.num_rows <= 65_536
        rows += batch.num_rows
    del endless  # a reader may stop early; the engine goes on
    assert next(engine.rows(made.agg(n=_.count())))["n"] == 1_000_000
    assert peak_memory() - before < 256e6


def peak_memory() -> int:
    """The most this process held, in bytes; Sail runs in it too."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_an_expression_an_engine_cannot_run_is_an_error_of_the_house(opened: Opened) -> None:
    engine = opened()
    bad = engine.tables["message"].select(x=_.text.cast("int64"))
    with pytest.raises(Confined, match="The query failed"):
        list(engine.batches(bad))


def test_an_engine_has_a_name(lake: Lake, permit_for: PermitFor, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no engine postgres"):
        open_engine("postgres", permit_for(), lake, [], [], scratch=tmp_path)
