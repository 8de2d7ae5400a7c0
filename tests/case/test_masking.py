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


def test_a_mention_hides_what_its_own_row_hides(desk: Desk) -> None:
    desk.add("persons.csv", PERSONS, as_table="person")
    desk.add("calls.csv", "procedure,caller,callee\nPV-2026-1,+33639980009,+33639980008\n")
    shown = {(m["procedure"], m["table"], m["kind"]): m["value"] for m in desk.rows("mention")}
    assert shown["PV-2026-1", "person", "phone"] == shown["PV-2026-2", "person", "phone"]
    assert shown["PV-2026-1", "person", "phone"].startswith("⁂")
    assert shown["PV-2026-1", "person", "person"].startswith("⁂")
    assert shown[None, "person", "phone"].endswith("639980001")
    assert "63998000" in shown["PV-2026-1", "call", "phone"]  # a call's ends name nobody


def test_a_rejected_record_of_another_procedure_does_not_show_its_cells(desk: Desk) -> None:
    goods = "product,quantity_g,marking\n,,Durand Zoé\n"
    desk.add("goods.csv", goods, as_table="seizure", procedure="PV-2026-9")
    assert "Durand" not in str([r for r in desk.rows("reject") if r["procedure"] == "PV-2026-9"])
