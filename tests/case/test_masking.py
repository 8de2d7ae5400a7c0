"""Identities of other procedures show as pseudonyms; the case's own are read as they are."""

from faisceau.testing import Desk

PERSONS = """\
procedure;role;nom;prénoms;date de naissance;téléphone;ref
PV-2026-1;courier;Durand;Zoé;12/03/1999;06 39 98 00 01;a
PV-2026-2;courier;Durand;Zoé;12/03/1999;06 39 98 00 01;b
;courier;Durand;Zoé;12/03/1999;06 39 98 00 01;c
"""


def test_one_sees_that_two_rows_name_the_same_person_without_knowing_whom(desk: Desk) -> None:
    desk.add("persons.csv", PERSONS, as_table="person")
    first, second, own = sorted(desk.rows("person"), key=lambda row: row["ref"])
    assert (own["last_name"], own["first_names"]) == ("Durand", "Zoé")
    assert first["last_name"] == second["last_name"] != "Durand"
    assert "Durand" not in str(first)
    assert "1999" not in str(first)
    assert (first["procedure"], first["role"]) == ("PV-2026-1", "courier")


def test_the_case_s_own_reference_is_no_other_procedure(desk: Desk) -> None:
    desk.add("persons.csv", PERSONS, as_table="person", procedure="PR/2026/0417")
    shown = {row["ref"]: row["last_name"] for row in desk.rows("person")}
    assert shown["c"] == "Durand"
    assert shown["a"].startswith("⁂")
