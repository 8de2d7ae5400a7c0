"""What the catalog lists is read again when someone changed it, and only then."""

import sqlalchemy as sa

from faisceau.testing import Desk

from .conftest import MESSAGES


def test_a_change_by_another_is_seen_and_nothing_else_is_read_again(desk: Desk) -> None:
    desk.add("a.csv", MESSAGES)
    mine = desk.workspace()
    first = mine._door.listing()
    assert mine._door.listing() is first
    assert mine.search("bonjour").total == 1
    assert mine._door.listing() is first  # a search changes the ledger, not the catalog
    desk.add("b.csv", MESSAGES.replace("maman", "papa"))
    assert [e.exhibit_id for e in mine._door.listing().exhibits] == ["E1", "E2"]
    assert mine.search("bonjour").total == 2
    desk.workspace().withdraw("E1", "annulment")
    assert [e.exhibit_id for e in mine._door.listing().exhibits] == ["E2"]
    assert mine.search("bonjour").total == 1


def test_one_s_own_change_is_seen_too(desk: Desk) -> None:
    mine = desk.workspace()
    assert mine._door.listing().exhibits == []
    list(mine.add([desk.file("a.csv", MESSAGES)]))
    assert len(mine._door.listing().exhibits) == 1


def test_the_procedures_met_are_those_of_the_tables_asked_for(desk: Desk) -> None:
    desk.add("a.csv", MESSAGES, procedure="PV-1")
    listed = desk.workspace()._door.listing()
    assert listed.procedures({"message"}) == {"PV-1"}
    assert listed.procedures({"call"}) == frozenset()


def test_a_database_that_does_not_tell_is_read_each_time(desk: Desk) -> None:
    from faisceau.case.listing import Listing

    database = sa.create_engine("sqlite://")  # no file: another connection is another database
    assert Listing(database)._version() is None
