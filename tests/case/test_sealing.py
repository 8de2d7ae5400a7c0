"""Correspondence with a lawyer: sealed when it comes in, out of sight on every way, lifted by a
judge."""

import json
import re
from pathlib import Path

import pytest

from faisceau.errors import FaisceauError, NotFound, Refused, UsageError
from faisceau.testing import Desk, mandate

from .held import everything

LAWYER = """
[[protected]]
name = "Me X"
quality = "lawyer"
identifiers = ["+33 6 39 98 00 09", "maitre@cabinet.fr"]
"""
ROLES = {"A1": ["investigator", "analyst", "lead"], "J1": ["authority"]}

MESSAGES = """\
app,account,thread_id,sender_id,recipients,sent_at,text
sms,+33639980001,t1,+33639980001,0639980009,2026-03-01T10:00:00Z,maitre 200g de coke au 0612345677
sms,+33639980001,t1,06 39 98 00 09,+33639980001,2026-03-01T10:01:00Z,ne dites rien de la coke
sms,+33639980001,t1,+33639980001,,2026-03-01T10:02:00Z,d'accord pour la coke
sms,+33639980001,t2,+33639980001,+33639980002,2026-03-01T10:03:00Z,200g de coke ce soir a 60e le g
sms,+33639980001,t2,+33639980002,+33639980001,2026-03-01T10:04:00Z,ok je passe au 0639980088
whatsapp,,,33639980009@s.whatsapp.net,+33639980001,2026-03-01T10:05:00Z,coke sans fil
mail,x@y.fr,f1,x@y.fr,Maitre@Cabinet.FR;z@y.fr,2026-03-01T10:06:00Z,coke par courrier
"""
SECRET = ("maitre", "ne dites rien", "d'accord", "sans fil", "par courrier", "0612345677")


@pytest.fixture
def sealed(tmp_path: Path) -> Desk:
    """A case whose mandate protects a lawyer, with messages added."""
    desk = Desk(tmp_path / "desk", mandate(more=LAWYER, roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES)
    return desk


def texts(desk: Desk) -> list[str]:
    return [str(row["text"]) for row in desk.rows("message")]


def test_the_conversations_of_a_lawyer_are_sealed_in_whatever_spelling(sealed: Desk) -> None:
    assert texts(sealed) == ["200g de coke ce soir a 60e le g", "ok je passe au 0639980088"]
    assert sealed.workspace().status().sealed.counts == (("message", "lawyer", 3),)
    [entry] = [e for e in sealed.ledger if e.act == "add" and e.phase == "close"]
    assert entry.data["sealed"] == {"lawyer": 3}
    assert sealed.verify().ok


def test_adding_says_what_was_sealed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(more=LAWYER, roles=ROLES), agent="A1")
    added = desk.add("messages.csv", MESSAGES)
    assert ("{n} conversations sealed: {quality}", {"n": 3, "quality": "lawyer"}) in added.notes


def test_a_lifting_that_fails_leaves_the_case_as_it_was(
    sealed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("faisceau.case.sealing.lift", fail)
    with pytest.raises(OSError, match="full"):
        sealed.workspace("J1").lift_seal("t1", "ordonnance")
    assert len(texts(sealed)) == 2
    assert sealed.verify().ok


def test_no_search_finds_what_is_sealed(sealed: Desk) -> None:
    desk = sealed.workspace()
    for question in ("maitre", "/ma.tre/", "sender:+33639980009", "thread:t1", "ditez~", "couri*"):
        assert desk.search(question).total == 0, question
    found = desk.search("coke")
    assert (found.total, found.sealed.counts) == (1, (("message", "lawyer", 3),))


def test_no_analysis_sees_what_is_sealed(sealed: Desk) -> None:
    for analysis in ("messages.triage", "messages.digest", "messages.templates"):
        found = json.dumps([f.lead.facts for f in sealed.run(analysis)], default=str)
        assert not any(secret in found for secret in SECRET)
    [finding] = sealed.run("messages.triage")
    assert finding.subjects[0].value == "t2"
    assert "Sealed correspondence was not read" in finding.limits


def test_identifiers_written_in_sealed_correspondence_are_no_mentions(sealed: Desk) -> None:
    """Mentions are what links, comparisons between cases and first looks rest on."""
    held = {row["value"].lstrip("?") for row in sealed.rows("mention")}
    assert not held & {"0639980009", "+33639980009", "maitre@cabinet.fr", "z@y.fr", "+33612345677"}
    counted = {(m["value"], m["role"]): m["n"] for m in sealed.rows("mention")}
    assert counted["?+33639980001", "sender_id"] == 1


def test_neither_report_nor_exports_quote_it(sealed: Desk, tmp_path: Path) -> None:
    sealed.run("messages.triage")
    desk = sealed.workspace()
    page = tmp_path / "report.html"
    desk.report(page, lang="en")
    html = page.read_text()
    assert not any(secret in html for secret in SECRET)
    assert "3 conversations sealed: lawyer" in re.sub("<[^>]+>", "", html)
    for to in ("csv", "case", "ftm", "graphml"):
        path = tmp_path / f"out.{to}"
        desk.export(path, to)
        content = everything(path)
        assert not any(secret.encode() in content for secret in SECRET), to


def test_a_finding_made_before_the_seal_is_withheld_until_it_is_lifted(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(roles=ROLES), agent="A1")
    desk.add("messages.csv", MESSAGES)
    [before] = [f for f in desk.run("messages.triage") if f.subjects[0].value == "t1"]
    assert desk.workspace().search("maitre").total == 1
    desk.workspace().review(before.finding_id, "confirmed")
    desk.workspace().replace_mandate(mandate(more=LAWYER, roles=ROLES))

    now = desk.workspace()
    assert before.finding_id not in {f.finding_id for f in now.findings()}
    assert now.status().withheld >= 1
    with pytest.raises(FaisceauError, match="rests on sealed correspondence"):
        now.show(before.finding_id)
    assert now.search("maitre").total == 0
    assert not any(s.encode() in everything(desk.case / "index") for s in ("maitre", "dites"))
    assert len(texts(desk)) == 2
    assert desk.verify().ok

    desk.workspace("J1").lift_seal("t1", "ordonnance du 2 octobre")
    assert desk.workspace().show(before.finding_id).finding.status == "confirmed"
    assert desk.workspace().search("maitre").total == 1


def test_the_authority_lifts_thread_by_thread(sealed: Desk) -> None:
    with pytest.raises(Refused):
        sealed.workspace().lift_seal("t1", "ordonnance")
    judge = sealed.workspace("J1")
    with pytest.raises(NotFound):
        judge.lift_seal("t2", "ordonnance")
    lifted = judge.lift_seal("t1", "ordonnance")
    assert (lifted.rows, lifted.lifted_under) == (3, "ordonnance")
    assert len(texts(sealed)) == 5  # the mail and the other stay sealed
    assert "+33612345677" in {row["value"] for row in sealed.rows("mention")}
    acts = [e for e in sealed.ledger if e.act == "lift_seal" and e.operation == "alteration"]
    entry = next(e for e in acts if e.outcome == "done")
    assert entry.agent == "J1"
    assert entry.data["seal"] == lifted.seal_id
    assert sealed.verify().ok
    sealed.workspace().replace_mandate(mandate(more=LAWYER, roles=ROLES))
    assert len(texts(sealed)) == 5  # lifted stays lifted for the same person


def test_a_seal_outlives_the_mandate_that_asked_for_it(sealed: Desk) -> None:
    sealed.workspace().replace_mandate(mandate(roles=ROLES))
    assert len(texts(sealed)) == 2


def test_reading_an_exhibit_again_breaks_no_seal(sealed: Desk) -> None:
    sealed.workspace().replace_mandate(mandate(roles=ROLES))
    sealed.add(sealed.files / "messages.csv", again=True)
    assert len(texts(sealed)) == 2
    assert len(sealed.workspace().seals()) == 3
    assert "maitre@cabinet.fr" not in {row["value"] for row in sealed.rows("mention")}
    assert sealed.verify().ok


def test_calls_with_a_protected_person_are_sealed_and_a_card_is_not(sealed: Desk) -> None:
    sealed.add(
        "calls.csv",
        "caller,callee,started_at\n"
        "+33639980001,0639980009,2026-03-01T10:00:00Z\n"
        "+33639980001,0639980002,2026-03-01T11:00:00Z\n",
        as_table="call",
    )
    sealed.add("contacts.csv", "name,identifiers\nMe X,0639980009\n", as_table="contact")
    assert [row["callee"] for row in sealed.rows("call")] == ["0639980002"]
    assert [row["name"] for row in sealed.rows("contact")] == ["Me X"]
    assert ("call", "lawyer", 1) in sealed.workspace().status().sealed.counts


def test_files_sent_to_a_lawyer_are_sealed_with_the_conversation(sealed: Desk) -> None:
    folder = sealed.files / "phone"
    folder.mkdir()
    sha = "ab" * 32
    (folder / "m.csv").write_text(
        "app,thread_id,sender_id,sent_at,attachment_sha256\n"
        f"sms,t9,0639980009,2026-03-01T10:00:00Z,{sha}\n"
    )
    (folder / "media.jsonl").write_text(
        f'{{"kind": "audio", "path": "a.opus", "sha256": "{sha}"}}\n'
        f'{{"kind": "audio", "path": "b.opus", "sha256": "{"cd" * 32}"}}\n'
    )
    sealed.add(folder)
    assert [row["path"] for row in sealed.rows("media") if row["path"].endswith("opus")] == [
        "b.opus"
    ]


def test_a_rejected_record_is_not_quoted_where_somebody_is_protected(sealed: Desk) -> None:
    sealed.add("lame.csv", "app,sender_id,sent_at,text\nsms,0639980009,never,secret\n")
    [reject] = sealed.rows("reject")
    assert reject["raw"] is None
    assert reject["reason"]


def test_many_exhibits_added_at_once_are_sealed_alike(sealed: Desk) -> None:
    """From eight paths on, several processes write the segments."""
    paths = [sealed.file(f"m{n}.csv", MESSAGES.replace("coke", f"coke{n}")) for n in range(9)]
    for added in sealed.workspace().add(paths):
        assert added.error is None
    assert len(texts(sealed)) == 20
    assert sealed.workspace().status().sealed.counts == (("message", "lawyer", 30),)
    held = [row for row in sealed.rows("mention") if "612345677" in row["value"]]
    assert held == []
    assert sealed.verify().ok


def test_one_name_for_several_seals_is_told(sealed: Desk) -> None:
    sealed.add("other.csv", MESSAGES.replace("coke", "beuh"))
    with pytest.raises(UsageError, match="Several seals") as error:
        sealed.workspace("J1").lift_seal("t1", "ordonnance")
    assert error.value.hint is not None
    assert "S1" in error.value.hint


def test_an_exhibit_that_is_withdrawn_takes_its_seals_along(sealed: Desk) -> None:
    sealed.workspace().withdraw("E1", "arrêt")
    assert sealed.workspace().seals() == []


def test_the_scope_s_participants_are_met_in_whatever_spelling(tmp_path: Path) -> None:
    more = '\n[scope]\nparticipants = ["+33 6 39 98 00 02"]\n'
    desk = Desk(tmp_path / "desk", mandate(more=more))
    odd = MESSAGES.replace("t2,+33639980002", "t2,(06) 39.98-00 02")
    desk.add("messages.csv", odd)
    assert texts(desk) == ["200g de coke ce soir a 60e le g", "ok je passe au 0639980088"]


def test_a_case_that_protects_nobody_has_no_rule_more(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    assert len(texts(desk)) == 7
    assert not desk.workspace().sealed
    assert "sealed" not in desk.ledger[-3].data
