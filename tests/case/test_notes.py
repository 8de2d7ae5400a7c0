"""Notes and tags: work product that follows what it is on, and never reaches the ledger."""

from datetime import date
from pathlib import Path

import pytest

from faisceau.case.notes import Asked, On
from faisceau.errors import NotFound, Refused, UsageError
from faisceau.testing import Desk, Register, mandate

from .conftest import MESSAGES, word

SAID = "il garde le magot pour son frere"
LAWYER = """
[[protected]]
name = "Me X"
quality = "lawyer"
identifiers = ["+33639980001"]
"""
ROLES = {"A1": ["investigator", "lead"], "A2": ["auditor"], "A3": ["analyst"]}
READS = """\
plate,camera_id,read_at,procedure
AA-123-AA,C1,2026-09-25T10:00:00Z,
BB-123-BB,C1,2026-09-25T10:00:00Z,PR/2026/0417
"""


def row(desk: Desk, text: str = "ok", table: str = "message") -> On:
    [found] = desk.rows(table, f"text = '{text}'")
    return On("row", table, found["row_id"])


def test_a_note_is_on_a_row_a_finding_an_exhibit_or_a_conversation(
    desk: Desk, registering: Register
) -> None:
    registering(word)
    desk.add("messages.csv", MESSAGES)
    [finding] = desk.run("case.word")
    notes = desk.workspace().notes
    message = row(desk)
    talk = On("conversation", row_id=message.row_id)
    for on in (message, talk, On("exhibit", "messages.csv"), On("finding", finding.finding_id)):
        notes.add(on, f" {SAID} ")
    total, found = notes.listed()
    assert total == 4
    assert [n.on.subject for n in found] == ["finding", "exhibit", "conversation", "row"]
    assert [n.about for n in found] == [finding.title, "messages.csv", "E1 · T1", "ok"]
    assert {(n.text, n.agent, n.version) for n in found} == {(SAID, "A1", 1)}
    assert [n.note_id for n in notes.listed(Asked(on=[message]))[1]] == ["N1"]
    assert [n.note_id for n in notes.listed(offset=1, limit=2)[1]] == ["N3", "N2"]


def test_a_conversation_is_the_same_by_any_of_its_messages(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    first, other = row(desk, "garde le sac chez toi"), row(desk, "bonjour maman")
    notes = desk.workspace().notes
    notes.add(On("conversation", row_id=row(desk).row_id), SAID)
    assert notes.listed(Asked(on=[On("conversation", row_id=first.row_id)]))[0] == 1
    assert notes.listed(Asked(on=[On("conversation", row_id=other.row_id)]))[0] == 0
    assert notes.listed(Asked(on=[first]))[0] == 0, "a conversation is not one of its messages"


def test_the_ledger_holds_references_and_never_the_text(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    notes, on = desk.workspace().notes, row(desk)
    notes.add(on, SAID)
    notes.add(on, "guetteur", tag=True)
    notes.listed(Asked(words="magot", tag=""))
    notes.edit("N1", f"{SAID}, dit-on")
    closing = [e for e in desk.ledger if e.act == "note" and e.phase == "close"]
    assert [e.operation for e in closing] == ["review"] * 3
    assert closing[0].data == {
        "subject": "row",
        "key": f"message {on.row_id}",
        "note": "N1",
        "notes": 1,
    }
    assert not any(w in str(e) for e in desk.ledger for w in ("magot", "guetteur"))
    assert desk.verify().ok


def test_an_edit_is_a_further_version_and_a_removal_is_marked(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES)
    notes = desk.workspace().notes
    notes.add(row(desk), "one")
    notes.edit("N1", "two")
    desk.workspace("A3").notes.remove("N1")
    assert notes.listed() == (0, [])
    told = [(n.version, n.text, n.agent, n.removed) for n in notes.versions("N1")]
    assert told == [(1, "one", "A1", False), (2, "two", "A1", False), (3, "two", "A3", True)]
    for gone in ("N1", "N2", "?", "N²"):
        with pytest.raises(NotFound):
            notes.edit(gone, "three")


def test_a_tag_is_one_line_in_small_letters_and_put_once(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    notes, on = desk.workspace().notes, row(desk)
    notes.add(on, "  À   REVOIR ", tag=True)
    again = notes.add(on, "à revoir", tag=True)
    notes.add(On("exhibit", "E1"), "à revoir", tag=True)
    notes.add(on, "payé", tag=True)
    notes.add(on, "à revoir avec le juge")
    assert again.note_id == "N1"
    assert notes.tags() == {"à revoir": 2, "payé": 1}
    assert notes.listed(Asked(tag="À revoir"))[0] == 2
    assert notes.listed(Asked(tags=False))[0] == 1
    assert notes.listed(Asked(words="REVOIR juge"))[0] == 1
    assert notes.listed(Asked(agent="A9"))[0] == 0
    for text in ("", " \0 ", "x" * 41):
        with pytest.raises(UsageError):
            notes.add(on, text, tag=True)


def test_nothing_can_be_noted_that_is_not_to_be_seen(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    notes = desk.workspace().notes
    for on in (
        On("row", "message", 7),
        On("row", "call", row(desk).row_id),
        On("conversation", row_id=7),
        On("exhibit", "E9"),
        On("finding", "00"),
    ):
        with pytest.raises(NotFound):
            notes.add(on, SAID)
    with pytest.raises(UsageError):
        notes.add(On("row", "mention", 7), SAID)
    assert desk.verify().ok


def test_who_may_not_read_or_judge_neither_reads_nor_writes_notes(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES)
    desk.workspace().notes.add(row(desk), SAID)
    auditor = desk.workspace("A2").notes
    with pytest.raises(Refused):
        auditor.listed()
    with pytest.raises(Refused):
        auditor.add(On("exhibit", "E1"), SAID)


def test_notes_on_what_is_sealed_or_out_of_scope_do_not_show(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    desk.add("more.csv", MESSAGES.replace("ok", "vu").replace("T1", "T9"))
    notes = desk.workspace().notes
    hidden = row(desk)
    notes.add(hidden, SAID)
    notes.add(On("conversation", row_id=hidden.row_id), SAID)
    notes.add(On("exhibit", "E2"), SAID)
    desk.workspace().replace_mandate(mandate(more=LAWYER))
    assert [n.on.subject for n in desk.workspace().notes.listed()[1]] == ["exhibit"]
    with pytest.raises(NotFound):
        desk.workspace().notes.edit("N1", "two")
    with pytest.raises(NotFound):
        desk.workspace().notes.versions("N1")
    desk.workspace().replace_mandate(mandate(more='[scope]\nexhibits = ["E1"]'))
    assert desk.workspace().notes.listed() == (0, [])


def test_a_table_that_the_mandate_no_longer_covers_hides_its_notes_alone(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    notes = desk.workspace().notes
    notes.add(row(desk), SAID)
    notes.add(On("exhibit", "E1"), SAID)
    desk.workspace().replace_mandate(mandate(data=["plate_read"]))
    left = desk.workspace().notes
    assert [n.on.subject for n in left.listed()[1]] == ["exhibit"]
    with pytest.raises(Refused):
        left.add(On("row", "message", 2**32), SAID)


def test_notes_go_with_a_withdrawn_exhibit(desk: Desk, registering: Register) -> None:
    registering(word)
    desk.add("messages.csv", MESSAGES)
    desk.add("more.csv", MESSAGES.replace("sac", "colis"))
    [finding] = desk.run("case.word")
    notes = desk.workspace().notes
    [kept] = desk.rows("message", "text LIKE '%colis%'")
    message = row(desk, "garde le sac chez toi")
    for on in (message, On("conversation", row_id=message.row_id), On("exhibit", "E1")):
        notes.add(on, SAID)
    notes.add(On("finding", finding.finding_id), SAID)
    notes.edit("N1", f"{SAID} encore")
    notes.add(On("row", "message", kept["row_id"]), "reste")
    desk.workspace().withdraw("E1", "Crim. 12 octobre 2026")
    assert [n.text for n in notes.listed()[1]] == ["reste"]
    closing = next(e for e in desk.ledger if e.act == "withdraw" and e.phase == "close")
    assert closing.data["notes"] == ["N1", "N2", "N3", "N4"]
    left = b"".join(p.read_bytes() for p in desk.case.glob("catalog.sqlite*"))
    assert b"magot" not in left
    assert notes.add(On("exhibit", "E2"), SAID).note_id not in closing.data["notes"]


def test_notes_go_with_plate_reads_that_are_due(desk: Desk) -> None:
    desk.add("plates.csv", READS)
    rows = desk.rows("plate_read", "plate <> '' AND camera_id = 'C1' AND read_at > '2026-01-01'")
    notes = desk.workspace().notes
    for read in rows:
        notes.add(On("row", "plate_read", read["row_id"]), f"vu: {read['plate']}")
    assert notes.listed()[0] == 2
    desk.clock.forward(days=20)
    assert [n.text for n in desk.workspace().notes.listed()[1]] == ["vu: BB-123-BB"]
    desk.workspace().purge()
    assert b"vu: AA-123-AA" not in (desk.case / "catalog.sqlite").read_bytes()
    closing = next(e for e in desk.ledger if e.act == "purge" and e.phase == "close")
    assert closing.data["notes"] == ["N1"]


def test_no_report_holds_a_note(desk: Desk, registering: Register) -> None:
    registering(word)
    desk.add("messages.csv", MESSAGES)
    [finding] = desk.run("case.word")
    desk.workspace().notes.add(On("finding", finding.finding_id), SAID)
    desk.workspace().report(desk.folder / "report.html")
    assert "magot" not in (desk.folder / "report.html").read_text()


# ---- saved searches ----


def test_a_search_is_saved_by_name_and_asked_anew(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    saved = desk.workspace().saved_searches
    saved.save("  le  sac ", "sac")
    saved.save("maman", "bonjour")
    kept = saved.save("le sac", "sac OR sacs")
    assert [(s.name, s.question) for s in saved.listed()] == [
        ("le sac", "sac OR sacs"),
        ("maman", "bonjour"),
    ]
    assert desk.workspace().search(kept.question).total == 1
    saved.remove(kept.search_id)
    assert [s.name for s in saved.listed()] == ["maman"]
    with pytest.raises(NotFound):
        saved.remove(kept.search_id)
    for name, question in (("", "sac"), ("x" * 81, "sac"), ("le sac", " "), ("le sac", "(sac")):
        with pytest.raises(UsageError):
            saved.save(name, question)
    kept_acts = [e for e in desk.ledger if e.act == "note"]
    assert not any("maman" in str(e.data) or "bonjour" in str(e.data) for e in kept_acts)


def test_saved_searches_are_for_those_who_work_on_the_case(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(roles=ROLES), agent="A1")
    with pytest.raises(Refused):
        desk.workspace("A2").saved_searches.save("x", "sac")
    desk = Desk(tmp_path / "over", mandate(expires_on=date(2026, 12, 1)))
    desk.clock.forward(days=400)
    with pytest.raises(Refused):
        desk.workspace().saved_searches.save("x", "sac")
