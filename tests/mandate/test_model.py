"""What the clauses of a mandate answer by themselves."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from faisceau.mandate.model import (
    ExhibitAccess,
    Mandate,
    Protected,
    Scope,
    Series,
    today,
    unenforced,
    widens_scope,
)


def test_a_day_is_that_of_paris() -> None:
    assert today(datetime(2027, 3, 1, 22, 59, tzinfo=UTC)) == date(2027, 3, 1)
    assert today(datetime(2027, 3, 1, 23, tzinfo=UTC)) == date(2027, 3, 2)
    assert today(datetime(2026, 8, 31, 22, tzinfo=UTC)) == date(2026, 9, 1)


def test_the_last_day_is_included(mandate: Mandate) -> None:
    assert not mandate.ended(date(2027, 3, 1))
    assert mandate.ended(date(2027, 3, 2))


def test_a_series_runs_from_its_date_until_its_last_day() -> None:
    series = Series(("PV-1",), "ORD/1", date(2026, 9, 2), date(2026, 9, 4))
    running = [day for day in range(1, 7) if series.in_force(date(2026, 9, day))]
    assert running == [2, 3, 4]


@pytest.mark.parametrize(
    ("procedure", "covered"),
    [
        ("", True),
        ("PR/2026/0417", True),
        ("PV-2026-00012", True),
        ("PV-2026-000123", False),
        ("PV-2026-01", True),
        ("PV-2026-0199", True),
        ("PV-2026-02", False),
    ],
)
def test_matching_covers_the_own_procedure_and_the_series(
    mandate: Mandate, procedure: str, covered: bool
) -> None:
    assert mandate.covers_procedure(procedure, date(2026, 11, 24)) is covered


def test_once_the_series_ends_only_the_own_procedure_remains(mandate: Mandate) -> None:
    assert mandate.procedures(date(2027, 2, 2)) == ("PR/2026/0417",)
    assert not mandate.covers_procedure("PV-2026-00012", date(2027, 2, 2))


def test_an_exhibit_is_opened_by_its_id_or_its_label_from_the_date_of_the_act() -> None:
    access = ExhibitAccess(("phone of X",), "ORD/8", "Procureur", date(2026, 9, 2))
    mandate = Mandate(
        "R", "customs", "A", date(2026, 9, 1), date(2027, 3, 1), (), frozenset(), (),
        exhibit_access=(access,),
    )  # fmt: skip
    assert mandate.opened(["E1", "phone of X"], date(2026, 9, 2))
    assert not mandate.opened(["E1"], date(2026, 9, 2))
    assert not mandate.opened(["phone of X"], date(2026, 9, 1))


def test_a_protocol_is_found_by_the_case_it_is_with(mandate: Mandate) -> None:
    assert mandate.protocol("PR/2026/0533") == mandate.interconnections[0]
    assert mandate.protocol("PR/1") is None


def test_a_clause_that_is_not_enforced_counts_where_it_is_written(
    mandate: Mandate, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = replace(mandate, protected=(Protected("lawyer", ("+33612345678",)),))
    assert unenforced(written) == []
    monkeypatch.setattr("faisceau.mandate.model.UNENFORCED", ("protected",))
    assert unenforced(mandate) == []
    assert unenforced(written) == ["protected"]


NARROW = Scope(("E1",), ("+33612345678",), date(2026, 1, 1), date(2026, 9, 1))


@pytest.mark.parametrize(
    ("after", "wider"),
    [
        (NARROW, False),
        (None, True),
        (replace(NARROW, exhibits=("E1", "E2")), True),
        (replace(NARROW, exhibits=()), True),
        (replace(NARROW, participants=()), True),
        (replace(NARROW, since=None), True),
        (replace(NARROW, since=date(2025, 12, 31)), True),
        (replace(NARROW, since=date(2026, 2, 1)), False),
        (replace(NARROW, until=None), True),
        (replace(NARROW, until=date(2026, 9, 2)), True),
        (replace(NARROW, until=date(2026, 8, 1)), False),
    ],
)
def test_a_scope_widens_when_it_lets_more_be_seen(
    mandate: Mandate, after: Scope | None, wider: bool
) -> None:
    old, new = replace(mandate, scope=NARROW), replace(mandate, scope=after)
    assert widens_scope(old, new) is wider


def test_giving_a_first_scope_narrows(mandate: Mandate) -> None:
    assert not widens_scope(replace(mandate, scope=None), mandate)
