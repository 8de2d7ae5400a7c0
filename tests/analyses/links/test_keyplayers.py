"""Key players, told by examples; leaders of real networks; measures on graphs known by heart."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from faisceau.analyses.links._contacts import Key, Person, Ties
from faisceau.analyses.links._standing import brokerage, communities, network, standing
from faisceau.errors import Refused, UsageError
from faisceau.findings.model import Finding, Reason
from faisceau.testing import Desk, mandate

from .conftest import THIS_YEAR


def who(findings: Sequence[Finding]) -> list[str]:
    return [finding.subjects[0].value for finding in findings]


def reason(finding: Finding, code: str) -> Reason:
    [found] = [r for r in finding.reasons if r.code == code]
    return found


# ---- real networks ----


@pytest.mark.parametrize(
    ("name", "first"),
    [("morselli_caviar.csv", ["1", "3", "12"]), ("luciaetal_montagna.csv", ["N47", "N18", "N61"])],
)
def test_the_leaders_of_a_real_network_come_first(
    name: str, first: list[str], shared: Path, team: Desk
) -> None:
    team.add(shared / "networks" / name, as_table="call", layout="matrix")
    found = team.run("links.keyplayers")
    assert who(found)[:3] == first
    scores = [finding.score for finding in found]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] > scores[2]
    cited = {row for r in found[1].reasons for row in r.by_table()["call"]}
    calls = {row["row_id"]: row for row in team.rows("call")}
    assert all(first[1] in {calls[row]["caller"], calls[row]["callee"]} for row in cited)


def test_of_two_leaders_the_second_is_not_the_one_with_most_contacts(
    shared: Path, team: Desk
) -> None:
    team.add(shared / "networks" / "morselli_caviar.csv", as_table="call", layout="matrix")
    [_first, second, third] = team.run("links.keyplayers", most=3)
    volume = reason(second, "volume")
    assert (volume.facts["weight"], volume.facts["contacts"]) == (754, 27)
    assert reason(third, "volume").facts["contacts"] == 28
    assert "754 exchanges with 27 persons, most with 1, 85, 12, 87, 76" in volume.in_words()


# ---- what is a tie ----


def test_numbers_spelt_two_ways_are_one_person(team: Desk) -> None:
    calls = "caller,callee\n+33 6 12 34 56 78,a\n0612345678,b\n06.12.34.56.78,c\n0612345678,b\n"
    team.add("calls.csv", calls)
    first = team.run("links.keyplayers")[0]
    assert (first.subjects[0].type, first.subjects[0].value) == ("phone", "0612345678")
    assert reason(first, "volume").facts["contacts"] == 3
    assert team.cited(first) == calls.splitlines()[1:]


def test_messages_calls_and_address_books_make_one_network(team: Desk) -> None:
    team.add("calls.csv", "caller,callee,started_at\nchief,a,2026-05-01T10:00:00Z\n")
    team.add(
        "messages.csv",
        "sender_id,recipients,sent_at,app\nchief,b;c,2026-05-01T10:00:00Z,x\n",
        as_table="message",
    )
    team.add("book.csv", "account,name,identifiers\nchief,Dédé,d\n", as_table="contact")
    first = team.run("links.keyplayers")[0]
    assert first.subjects[0].value == "chief"
    volume = reason(first, "volume")
    assert (volume.facts["weight"], volume.facts["contacts"]) == (3, 4)  # one message, two shares
    assert set(volume.by_table()) == {"call", "message", "contact"}


def test_nobody_and_groups_are_no_persons(team: Desk) -> None:
    team.add("c.csv", "caller,callee\na,unknown\nb,unknown\nb,120363@g.us\na,b\nb,c\n")
    assert sorted(who(team.run("links.keyplayers"))) == ["a", "b", "c"]


def test_owners_of_two_handsets_are_two_persons(team: Desk) -> None:
    for name, other in (("one.csv", "a"), ("two.csv", "b")):
        team.add(name, f"caller,callee\nowner,{other}\nowner,c\n")
    owners = [f.subjects[0] for f in team.run("links.keyplayers") if f.subjects[0].value == "owner"]
    assert sorted(s.label for s in owners) == ["E1", "E2"]


def test_persons_on_one_booking_have_met(team: Desk) -> None:
    team.add(
        "trips.csv",
        "person_ref,booking_ref,departed_at\na,X1,2026-05-01T10:00:00Z\nb,X1,2026-05-01T10:00:00Z\n"
        "b,X2,2026-06-01T10:00:00Z\nc,X2,2026-06-01T10:00:00Z\nd,X3,2026-06-01T10:00:00Z\n",
        as_table="trip",
    )
    found = team.run("links.keyplayers", window_days=0)
    assert who(found)[0] == "b"
    assert len(found) == 3


def test_whoever_is_left_out_is_not_there(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\na,3900\nb,3900\nc,3900\na,b\nb,c\n")
    assert who(team.run("links.keyplayers", without="3900"))[0] == "b"


# ---- over time ----


def calls(*told: tuple[str, str, int, int]) -> str:
    """Calls of two persons, one a day from one day to another."""
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    lines = [
        f"{a},{b},{start + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
        for a, b, first, last in told
        for day in range(first, last)
    ]
    return "\n".join(["caller,callee,started_at", *lines, ""])


SELLERS = ("s1", "s2", "s3", "s4")
ARREST = calls(
    *[("chief", seller, 0, 60) for seller in SELLERS],
    *[("deputy", seller, 60, 120) for seller in SELLERS[:3]],
    ("chief", "deputy", 0, 60),
    ("s1", "s2", 0, 120),
)


def test_one_sees_who_takes_over_after_an_arrest(team: Desk) -> None:
    team.add("calls.csv", ARREST)
    found = {f.subjects[0].value: f for f in team.run("links.keyplayers", arrests="2026-03-06")}
    why = reason(found["deputy"], "takes_over")
    assert (why.facts["contacts"], why.facts["of"], why.facts["gone"]) == (3, 5, "chief")
    assert "Takes over from chief, nearly silent from 2026-03-06 on" in why.in_words()
    lines = ARREST.splitlines()
    cited = [row["source"] for row in team.rows("call") if row["row_id"] in why.by_table()["call"]]
    assert {lines[int(s.split(" ")[-1]) - 1].split(",")[0] for s in cited} == {"deputy"}
    assert reason(found["chief"], "silent").facts["heir"] == "deputy"
    assert "takes_over" not in [r.code for r in found["s1"].reasons]


def test_without_an_arrest_periods_of_thirty_days_tell_it(team: Desk) -> None:
    team.add("calls.csv", ARREST)
    found = {f.subjects[0].value: f for f in team.run("links.keyplayers")}
    assert reason(found["deputy"], "takes_over").facts["day"] == "2026-03-06"
    assert reason(found["chief"], "periods").facts["places"] == [
        "2026-01-05: 1/6",
        "2026-02-04: 1/6",
        "2026-03-06: -",
        "2026-04-05: -",
    ]


def test_a_day_that_is_none_is_refused(team: Desk) -> None:
    team.add("calls.csv", ARREST)
    with pytest.raises(UsageError, match="arrests"):
        team.run("links.keyplayers", arrests="6 March")


# ---- the law ----


def test_it_is_matching_and_needs_its_authorisation(desk: Desk) -> None:
    desk.add("calls.csv", ARREST)
    with pytest.raises(Refused, match="230-20"):
        desk.run("links.keyplayers")


def test_a_person_of_another_procedure_s_address_book_is_not_named(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\na,b\nb,c\nb,d\n")
    team.add(
        "book.csv",
        "procedure,account,name,identifiers\nPV-2026-7,b,Zoé,0698765432\nPV-2026-7,b,Léa,c\n",
        as_table="contact",
    )
    found = team.run("links.keyplayers")
    values = who(found)
    assert "0698765432" not in str([f.lead for f in found])
    assert {"a", "b", "c", "d"} < set(values)
    [hidden] = [v for v in values if v.startswith("⁂")]
    assert int(hidden[1:]) in {row["row_id"] for row in team.rows("contact")}


def test_rows_outside_the_series_are_not_read(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\na,b\nb,c\n")
    team.add("other.csv", "caller,callee\nd,b\nd,c\nd,a\n", procedure="PV-2019-1")
    assert set(who(team.run("links.keyplayers"))) == {"a", "b", "c"}


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    lines = ARREST.splitlines()
    shuffled = lines[1:]
    random.Random(3).shuffle(shuffled)
    told = []
    for name, text in (("one", lines[1:]), ("two", shuffled)):
        desk = Desk(tmp_path / name, mandate(more=THIS_YEAR))
        desk.add("calls.csv", "\n".join([lines[0], *text]))
        found = desk.run("links.keyplayers")
        told.append(sorted((f.title, f.score, [r.in_words() for r in f.reasons]) for f in found))
    assert told[0] == told[1]


# ---- the measures, on graphs known by heart ----


def ties(*pairs: tuple[int, int, float]) -> Ties:
    count = 1 + max(max(a, b) for a, b, _ in pairs)
    persons = [Person(Key("label", str(n)), (str(n),), str(n), "", True) for n in range(count)]
    a, b, w = (np.array(column) for column in zip(*pairs, strict=True))
    return Ties(persons, a, b, np.zeros(len(a), np.int64), w.astype(float))


def test_the_middle_of_a_star_is_on_every_chain_and_all_hangs_on_it() -> None:
    star = network(ties((0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1)))
    found = standing(star, 5)
    assert found.values["between"].tolist() == [1, 0, 0, 0, 0]
    assert found.values["fragments"][0] == 1
    assert found.mean.tolist() == [1, 3.5, 3.5, 3.5, 3.5]


def test_a_bridge_matters_by_what_it_carries() -> None:
    # two ways from 0 to 3: by 1, who carries much, and by 2, who carries little
    square = network(ties((0, 1, 10), (1, 3, 10), (0, 2, 1), (2, 3, 1)))
    found = standing(square, 4)
    assert found.values["between"][1] > found.values["between"][2] == 0


def test_brokerage_knows_its_five_roles() -> None:
    # 0 and 1 in group A, 2 in group B, 3 in group C; all go through 0
    told = ties((1, 0, 1), (0, 1, 1), (2, 0, 1), (0, 2, 1), (0, 3, 1), (4, 0, 1), (0, 5, 1))
    net = network(told)
    groups = np.array([0, 0, 1, 2, 1, 0])
    assert brokerage(told, net, groups, 0) == {
        "coordinator": 1,  # 1 to 5
        "representative": 2,  # 1 to 2, 1 to 3
        "gatekeeper": 4,  # 2 and 4, each to 1 and to 5
        "itinerant": 1,  # 4 to 2
        "liaison": 2,  # 2 and 4, each to 3
    }


def test_two_who_are_in_contact_need_no_broker() -> None:
    told = ties((1, 0, 1), (0, 2, 1), (1, 2, 1))
    assert brokerage(told, network(told), np.zeros(3, np.int64), 0) == {}


def test_two_cliques_are_two_communities() -> None:
    one = [(a, b, 1.0) for a in range(4) for b in range(a)]
    two = [(a, b, 1.0) for a in range(4, 9) for b in range(4, a)]
    found = communities(network(ties(*one, *two, (0, 4, 1.0))))
    assert found.tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
