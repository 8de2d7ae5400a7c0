"""What a row rule lets through, told by a rule written again in plain Python."""

import duckdb
import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.formats.pyarrow import PyArrowSchema

from faisceau.mandate.permit import RowRule
from faisceau.tables.lake import STORED
from faisceau.tables.rules import visible

from .conftest import MESSAGES, Rows, at, batch

MESSAGE = STORED["message"]
NUMBERS = ["+33601", "+33602", "+33603", "l'ami", "%"]
PROCEDURES = ["PV-2026-0001", "PV-2026-0002", "PV-2027-0001", "PV", "%", ""]
DAYS = ["03-01", "03-02", "07-01", "12-31"]


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


rows = st.lists(
    st.fixed_dictionaries(
        {
            "exhibit_id": st.sampled_from(["E1", "E2", "E11"]),
            "sent_at": maybe(st.sampled_from(DAYS).map(lambda day: at(day, "00:00:00"))),
            "sender_id": maybe(st.sampled_from(NUMBERS)),
            "recipients": maybe(st.lists(maybe(st.sampled_from(NUMBERS)), max_size=3)),
            "procedure": maybe(st.sampled_from(PROCEDURES)),
        }
    ),
    max_size=8,
)


def few(values: list[str]) -> st.SearchStrategy[object]:
    return maybe(st.lists(st.sampled_from(values), max_size=2).map(tuple))


rules = st.builds(
    RowRule,
    exhibits=few(["E1", "E2"]),
    since=maybe(st.sampled_from([f"2026-{day}" for day in DAYS])),
    until=maybe(st.sampled_from([f"2026-{day}" for day in DAYS])),
    time_column=st.just("sent_at"),
    participants=few(NUMBERS),
    participant_columns=st.just(("sender_id", "recipients")),
    procedures=few(["PV-2026-*", "PV-2027-0001", "*", "%*", "%"]),
)


def seen(stored: Rows, rule: RowRule) -> list[int]:
    """Numbers of the rows that the rule lets through, as DuckDB runs it."""
    table = ibis.table(PyArrowSchema.to_ibis(MESSAGE.arrow), name="stored")
    sql = ibis.to_sql(visible(table, rule, ("row_id",)), dialect="duckdb")
    with duckdb.connect() as database:
        database.execute("SET TimeZone='UTC'")
        database.register("stored", pa.Table.from_batches([batch(MESSAGE, stored)]))
        return sorted(n for (n,) in database.execute(str(sql)).fetchall())


def wanted(stored: Rows, rule: RowRule) -> list[int]:
    """The same in Python, row by row."""
    numbers = []
    for n, row in enumerate(stored, 1):
        day = row["sent_at"] and row["sent_at"].date().isoformat()
        there = {row["sender_id"], *(row["recipients"] or [])} - {None}
        of = row["procedure"]
        holds = [
            rule.exhibits is None or row["exhibit_id"] in rule.exhibits,
            rule.since is None or (day is not None and day >= rule.since),
            rule.until is None or (day is not None and day < rule.until),
            rule.participants is None or bool(there & set(rule.participants)),
            rule.procedures is None
            or of is None
            or any(of.startswith(p[:-1]) if p.endswith("*") else of == p for p in rule.procedures),
        ]
        if all(holds):
            numbers.append(n)
    return numbers


@settings(max_examples=60, deadline=None)
@given(stored=rows, rule=rules)
def test_any_rule_lets_through_what_it_says(stored: Rows, rule: RowRule) -> None:
    assert seen(stored, rule) == wanted(stored, rule)


def test_without_a_rule_every_row_is_seen_and_only_the_columns_asked_for() -> None:
    table = ibis.table(PyArrowSchema.to_ibis(MESSAGE.arrow), name="stored")
    assert visible(table, None, ("row_id", "text")).columns == ("row_id", "text")
    assert seen(MESSAGES, RowRule()) == [1, 2, 3, 4, 5]


def test_a_row_without_a_time_is_outside_every_period() -> None:
    for rule in (
        RowRule(time_column="sent_at", since="1970-01-01"),
        RowRule(time_column="sent_at", until="2100-01-01"),
    ):
        assert seen(MESSAGES, rule) == [1, 2, 3, 5]  # the fourth has no time


@settings(max_examples=60, deadline=None)
@given(stored=rows, sealed=st.sets(st.integers(0, 7)))
def test_what_is_sealed_is_not_let_through_and_nothing_else(stored: Rows, sealed: set[int]) -> None:
    """Without thread and account, a conversation is who talks."""
    keys = [
        f"{row['exhibit_id']}\x1f\x1f"
        + ", ".join(sorted({row["sender_id"] or "", *(row["recipients"] or [])} - {None}))
        for row in stored
    ]
    closed = {key for n, key in enumerate(keys) if n in sealed}
    exhibits = {key.split("\x1f")[0] for key in closed}
    rule = RowRule(sealed=tuple(sorted(closed)), sealed_exhibits=tuple(sorted(exhibits)))
    assert seen(stored, rule) == [n for n, key in enumerate(keys, 1) if key not in closed]


def test_a_rule_reads_columns_that_the_permit_does_not_show() -> None:
    """The sender decides, and stays hidden: ``seen`` asks for ``row_id`` alone."""
    rule = RowRule(participants=("l'ami",), participant_columns=("sender_id",))
    assert seen(MESSAGES, rule) == [5]
