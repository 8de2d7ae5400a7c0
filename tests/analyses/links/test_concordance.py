"""What concords, told by examples; and how well, on procedures whose networks are hidden."""

import re
from pathlib import Path

import pytest

from faisceau.demo.couriers import Plan
from faisceau.errors import Refused
from faisceau.findings.model import Finding
from faisceau.testing import Desk, mandate

from .conftest import SERIES, Filled, pairs, same_network

PLAN = Plan(procedures=800, seed=11)


@pytest.fixture
def found(filled: Filled) -> list[Finding]:
    return filled(PLAN)[1].run("links.concordance")


def test_links_are_right_and_say_how_often_they_are_wrong(
    filled: Filled, found: list[Finding]
) -> None:
    truth = filled(PLAN)[0].truth
    right = [same_network(truth, pair) for pair in pairs(found)]
    stated = sum(1 - f.score for f in found) / len(found)
    wrong = 1 - sum(right) / len(found)
    print(f"links {len(found)}, precision {1 - wrong:.4f}, false: stated {stated:.4f}")
    assert len(found) > 350
    assert 1 - wrong >= 0.97
    assert wrong <= 2 * stated + 0.01  # few are false: a handful of chance is allowed


def test_a_finding_is_a_pair_with_one_weight_and_two_rows_a_trait(found: list[Finding]) -> None:
    for finding in found[:50]:
        assert [s.type for s in finding.subjects] == ["procedure", "procedure"]
        [whole] = [r for r in finding.reasons if r.code == "in_all"]
        total = sum(r.weight for r in finding.reasons)
        assert whole.facts["weight"] == pytest.approx(total, abs=0.1)
        for reason in finding.reasons:
            if "procedures bear" in reason.in_words():
                assert sum(map(len, reason.by_table().values())) == 2


def test_no_identity_stands_in_the_words(filled: Filled, found: list[Finding]) -> None:
    rows = filled(PLAN)[0].tables
    payers = {str(row["payer"]).casefold() for row in rows["trip"] if row["payer"]}
    for finding in found:
        told = " ".join([finding.title, *(r.in_words() for r in finding.reasons)])
        assert not re.search(r"\+?\d{8,}", told)
        assert not any(payer in told.casefold() for payer in payers)


def test_a_taxi_and_a_hotel_weigh_nothing(filled: Filled, found: list[Finding]) -> None:
    borne = [
        (r.facts["borne"], r.weight)
        for f in found
        for r in f.reasons
        if "borne" in r.facts and int(r.facts["borne"]) > 30
    ]
    assert all(weight < 1 for _, weight in borne)


def test_procedures_outside_the_series_are_not_read(linking: Desk) -> None:
    numbers = "+33612345678;+33687654321"
    books = [f"{ref},Boss,{numbers}" for ref in ("PV-2024-1", "PV-2025-2", "PV-2019-3")]
    linking.add("contact.csv", "procedure,name,identifiers\n" + "\n".join(books) + "\n")
    said = {s.value for f in linking.run("links.concordance", rate=0.9) for s in f.subjects}
    assert "PV-2019-3" not in said


def test_running_again_gives_the_same_findings(filled: Filled, found: list[Finding]) -> None:
    again = filled(PLAN)[1].run("links.concordance")
    assert [f.finding_id for f in again] == [f.finding_id for f in found]


def test_rows_of_no_procedure_are_the_case_s_own(linking: Desk) -> None:
    numbers = "+33612345678;+33687654321"
    books = [f"{ref},Boss,{numbers}" for ref in ("PV-2024-1", "")]
    linking.add("contact.csv", "procedure,name,identifiers\n" + "\n".join(books) + "\n")
    [finding] = linking.run("links.concordance", rate=0.9)
    assert {s.value for s in finding.subjects} == {"PR/2026/0417", "PV-2024-1"}


BOOKS = """\
procedure,name,identifiers
PV-2024-1,Tonton,+33612345678
PV-2024-1,Maman,+33612340001
PV-2025-2,Boss,+33612345678
"""


def test_identities_show_once_the_mask_is_lifted_from_the_rows_that_concord(
    tmp_path: Path,
) -> None:
    roles = {"A1": ["investigator", "analyst"], "P1": ["authority"]}
    desk = Desk(tmp_path / "desk", mandate(more=SERIES, roles=roles), agent="A1")
    desk.add("contact.csv", BOOKS)
    [finding] = desk.run("links.concordance", rate=0.9)
    assert "+33612345678" not in str(desk.rows("contact"))
    assert "+33612345678" not in str(desk.rows("mention"))
    with pytest.raises(Refused):
        desk.workspace().unmask(finding.finding_id)
    _, rows = desk.workspace("P1").unmask(finding.finding_id)
    assert rows == 2
    shown = {(row["procedure"], row["name"]) for row in desk.rows("contact")}
    assert shown >= {("PV-2024-1", "Tonton"), ("PV-2025-2", "Boss")}
    assert "Maman" not in str(shown)
    assert "+33612345678" in str(desk.rows("mention"))
    assert "+33612340001" not in str(desk.rows("mention"))
    assert [e.act for e in desk.ledger].count("unmask") == 3  # a refusal; an opening and a closing
    desk.workspace().review(finding.finding_id, "dismissed")
    assert "+33612345678" not in str(desk.rows("contact"))
