"""Chains of evidence between two subjects, told by examples."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from faisceau.errors import NotFound, Refused, UsageError
from faisceau.findings.model import Finding
from faisceau.testing import Desk


def chain(finding: Finding) -> list[str]:
    first, last, *between = [s.value for s in finding.subjects]
    return [first, *between, last]


def codes(finding: Finding) -> list[str]:
    return [r.code for r in finding.reasons]


def words(findings: Sequence[Finding]) -> str:
    return " / ".join(r.in_words() for f in findings for r in f.reasons)


def test_a_chain_goes_across_tables_and_each_link_points_at_its_rows(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\n+33612345678,s1\ns1,s2\n")
    team.add("book.csv", "account,name,identifiers\ns2,Le grand,+33687654321\n", as_table="contact")
    team.add(
        "persons.csv",
        "last_name,first_names,birth_date,phone,address\n"
        "Durand,Zoé,1990-02-01,06 87 65 43 21,3 rue des Lilas 59000 Lille\n",
        as_table="person",
    )
    [found] = team.run("links.path", first="06 12 34 56 78", last="3 r. des Lilas, 59000 LILLE")
    assert chain(found)[:4] == ["+33612345678", "s1", "s2", "+33687654321"]
    assert codes(found) == ["call", "call", "contact", "row"]
    assert [t for r in found.reasons for t in r.by_table()] == [
        "call",
        "call",
        "contact",
        "person",
    ]
    assert found.subjects[1].type == "place"
    assert "tied by a chain of 4 links, the shortest there is" in found.title


def test_the_strongest_chain_may_be_longer_than_the_shortest(team: Desk) -> None:
    # through the hotline that everybody calls once, or through two who talk every day
    everybody = [f"n{n},3900,1" for n in range(60)]
    lines = ["caller,callee,count", "a,3900,1", "b,3900,1", *everybody]
    lines += ["a,x,40", "x,y,40", "y,b,40"]
    team.add("calls.csv", "\n".join(lines))
    short, strong = sorted(
        team.run("links.path", first="a", last="b", ways=1), key=lambda f: len(f.subjects)
    )
    assert chain(short) == ["a", "3900", "b"]
    assert chain(strong) == ["a", "x", "y", "b"]
    assert strong.score > short.score
    assert "strong by what it rests on" in strong.title


def test_a_message_that_names_a_number_ties_its_sender_to_it(team: Desk) -> None:
    team.add(
        "messages.csv",
        "sender_id,recipients,sent_at,text,app\n"
        "a,b,2026-05-01T10:00:00Z,appelle le 06 12 34 56 78,x\n",
        as_table="message",
    )
    team.add("calls.csv", "caller,callee\n0612345678,z\n")
    [found] = team.run("links.path", first="a", last="z")
    assert chain(found) == ["a", "0612345678", "z"]
    assert codes(found) == ["said", "call"]


def test_two_procedures_are_tied_by_what_both_name(team: Desk) -> None:
    team.add(
        "calls.csv",
        "procedure,caller,callee\n"
        "PV-2026-1,0612345678,0687654321\nPV-2026-2,0611111111,0687654321\n",
    )
    found = team.run("links.path", first="PV-2026-1", last="PV-2026-2")
    assert chain(found[0]) == ["PV-2026-1", "0687654321", "PV-2026-2"]
    assert [s.type for s in found[0].subjects] == ["procedure", "procedure", "phone"]


def test_a_person_of_another_procedure_stands_in_the_chain_under_a_pseudonym(team: Desk) -> None:
    team.add(
        "persons.csv",
        "procedure,last_name,first_names,phone,address\n"
        "PV-2026-1,Durand,Zoé,0687654321,3 rue des Lilas 59000 Lille\n"
        "PV-2026-2,Martin,Léo,0611111111,3 rue des Lilas 59000 Lille\n",
        as_table="person",
    )
    found = team.run("links.path", first="PV-2026-1", last="PV-2026-2")
    first, between, last = chain(found[0])
    assert (first, last) == ("PV-2026-1", "PV-2026-2")
    assert between.startswith("⁂")
    told = str([f.lead for f in found]) + words(found)
    for secret in ("Lilas", "lilas", "Durand", "durand", "687654321", "611111111"):
        assert secret not in told


def test_journeys_and_persons_are_tied_by_their_reference(team: Desk) -> None:
    team.add(
        "persons.csv",
        "ref,last_name,phone\nc1,Durand,0687654321\nc2,Martin,0611111111\n",
        as_table="person",
    )
    team.add("trips.csv", "person_ref,booking_ref\nc1,X7\nc2,X7\n", as_table="trip")
    [found] = team.run("links.path", first="0687654321", last="0611111111")
    assert chain(found) == ["0687654321", "c1", "c2", "0611111111"]
    assert codes(found) == ["row", "trip", "row"]


def test_in_a_real_network_the_leaders_are_one_link_apart(shared: Path, team: Desk) -> None:
    team.add(shared / "networks" / "morselli_caviar.csv", as_table="call", layout="matrix")
    found = team.run("links.path", first="1", last="3")
    assert chain(found[0]) == ["1", "3"]
    cited = {row for r in found[0].reasons for row in r.by_table()["call"]}
    calls = [r for r in team.rows("call") if r["row_id"] in cited]
    assert sum(call["count"] for call in calls) == 489


def test_without_a_chain_there_is_no_finding(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\na,b\nc,d\n")
    assert team.run("links.path", first="a", last="d") == []
    assert team.run("links.path") == []


def test_ends_must_be_two_and_named_somewhere(team: Desk) -> None:
    team.add("calls.csv", "caller,callee\na,b\n")
    with pytest.raises(UsageError, match="two ends"):
        team.run("links.path", first="a")
    with pytest.raises(UsageError, match="one and the same"):
        team.run("links.path", first="a", last="a")
    with pytest.raises(NotFound, match="zoé is named in no row"):
        team.run("links.path", first="a", last="zoé")


def test_it_is_matching_and_needs_its_authorisation(desk: Desk) -> None:
    desk.add("calls.csv", "caller,callee\na,b\n")
    with pytest.raises(Refused, match="230-20"):
        desk.run("links.path", first="a", last="b")
