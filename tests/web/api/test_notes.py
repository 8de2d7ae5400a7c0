"""Notes, tags and saved searches over HTTP."""

from pathlib import Path

import pytest

from faisceau.case.workspace import Workspace
from faisceau.client import RemoteCase
from faisceau.web.api import PREFIX

from .conftest import Running
from .test_work import MESSAGES

NOTES = f"{PREFIX}/cases/lille/notes"
SEARCHES = f"{PREFIX}/cases/lille/searches"


@pytest.fixture
def noted(case: Path, running: Running, tmp_path: Path) -> Running:
    """A server of a case with two messages."""
    (tmp_path / "m.csv").write_text(MESSAGES)
    list(Workspace.open(case, agent="A1").add([tmp_path / "m.csv"], as_table="message"))
    return running


def test_notes_are_put_edited_found_and_removed(noted: Running, case: Path) -> None:
    http = noted.raw()
    http.post(f"{PREFIX}/cases/lille/open", json={"reason": "requisition 12"})
    on = {"subject": "row", "table": "message", "row_id": 2**32}
    talk = {"subject": "conversation", "row_id": 2**32 + 1}
    first = http.post(NOTES, json={"on": on, "text": "<b>Zoé</b> again"}).json()
    http.post(NOTES, json={"on": talk, "text": "To check", "tag": True})
    assert (first["note_id"], first["on"], first["about"]) == ("N1", on, "on se voit demain")
    assert http.get(NOTES, params={"limit": 1}).json()["total"] == 2
    assert http.get(f"{NOTES}/tags").json() == {"to check": 1}
    found = http.post(f"{NOTES}/find", json={"on": talk}).json()["notes"]
    assert [n["text"] for n in found] == ["to check"]
    assert http.put(f"{NOTES}/N1", json={"text": "two"}).json()["version"] == 2
    assert http.delete(f"{NOTES}/N1").json()["removed"]
    assert [n["text"] for n in http.get(f"{NOTES}/N1").json()] == ["<b>Zoé</b> again", "two", "two"]
    assert http.put(f"{NOTES}/N1", json={"text": "three"}).status_code == 404
    assert http.post(NOTES, json={"on": {"subject": "row"}, "text": "x"}).status_code == 400
    entries = Workspace.open(case, agent="A1").ledger_entries()
    assert not any("Zoé" in str(e.data) or "check" in str(e.data) for e in entries)
    assert {e.reason for e in entries if e.act == "note"} == {"requisition 12"}


def test_searches_are_saved_and_an_auditor_sees_none(noted: Running) -> None:
    http = noted.raw()
    http.post(f"{PREFIX}/cases/lille/open", json={"reason": "requisition 12"})
    kept = http.post(SEARCHES, json={"name": "soon", "query": "demain"}).json()
    assert (kept["search_id"], kept["query"]) == ("Q1", "demain")
    assert http.post(SEARCHES, json={"name": "soon", "query": "(demain"}).status_code == 400
    assert [s["name"] for s in http.get(SEARCHES).json()] == ["soon"]
    assert http.delete(f"{SEARCHES}/Q1").json() == {"removed": "Q1"}
    assert http.delete(f"{SEARCHES}/Q1").status_code == 404
    auditor = noted.raw("A2")
    auditor.post(f"{PREFIX}/cases/lille/open", json={"reason": "audit"})
    for path in (NOTES, SEARCHES):
        assert auditor.get(path).status_code == 403


def test_a_program_notes_and_saves_by_the_client(noted: Running, remote: RemoteCase) -> None:
    exhibit = {"subject": "exhibit", "exhibit_id": "E1"}
    for n in range(3):
        remote.note(exhibit, f"note {n}")
    remote.note(exhibit, "seen", tag=True)
    assert [n["text"] for n in remote.notes(page=2, tags=False)] == ["note 2", "note 1", "note 0"]
    assert [n["on"] for n in remote.notes(tag="seen")] == [exhibit]
    remote.save_search("soon", "demain")
    assert [s["query"] for s in remote.saved_searches()] == ["demain"]
