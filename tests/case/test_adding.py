"""What adding does with a path, told by examples."""

import hashlib
import json
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import pyzipper

from faisceau.errors import AmbiguousInput, BadInput, Damaged, NotFound, Refused, UsageError
from faisceau.evidence.hash_lists import HashList, Purpose, read_hash_list
from faisceau.testing import Desk, mandate
from faisceau.words import say

from .conftest import MESSAGES


def test_the_same_bytes_again_add_nothing_and_say_so(desk: Desk) -> None:
    first = desk.add("messages.csv", MESSAGES)
    before = sorted(desk.case.rglob("*.parquet"))
    again = desk.add("copy.csv", MESSAGES)
    assert again.already
    assert again.exhibit is not None
    assert first.exhibit is not None
    assert again.exhibit.exhibit_id == first.exhibit.exhibit_id
    assert sorted(desk.case.rglob("*.parquet")) == before


def test_again_reads_anew_under_the_same_number(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    desk.add(desk.files / "messages.csv", again=True, procedure="PV-1")
    rows = desk.rows("message")
    assert [row["exhibit_id"] for row in rows] == ["E1"] * 3
    assert {row["procedure"] for row in rows} == {"PV-1"}
    assert desk.verify().ok


def test_a_folder_is_one_exhibit_and_each_file_is_read_or_named(desk: Desk) -> None:
    desk.file("tel/messages.csv", MESSAGES)
    desk.file("tel/notes.xyz", bytes(range(256)))
    desk.file("tel/photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(64) + b"\xff\xd9")
    added = desk.add(desk.files / "tel")
    assert added.exhibit is not None
    assert added.exhibit.files == {"read": 1, "unknown": 1, "media": 1}
    assert [row["path"] for row in desk.rows("media")] == ["photo.jpg"]
    assert {row["source"].partition("#")[0] for row in desk.rows("message")} == {"messages.csv"}


def test_an_unknown_file_is_kept_without_rows(desk: Desk) -> None:
    added = desk.add("what.bin", bytes(range(256)))
    assert added.exhibit is not None
    assert (added.exhibit.tables, added.exhibit.reader) == ({}, "")
    assert desk.verify().ok


def test_a_card_file_is_no_handset_and_what_to_do_if_it_came_from_one_is_said(desk: Desk) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Momo\r\nTEL:+33612345678\r\nEND:VCARD\r\n"
    added = desk.add("momo.vcf", card)
    assert added.exhibit is not None
    assert not added.exhibit.handset
    [(text, facts)] = added.notes
    assert "if it does, name {exhibit}" in text
    assert facts == {"exhibit": "E1"}
    backup = (
        f'<smses count="1"><sms address="+33612345678" date="{10**12}" type="1" body="a"/></smses>'
    )
    added = desk.add("sms.xml", backup)
    assert added.exhibit is not None
    assert added.exhibit.handset
    assert "handset-access" in str(added.notes)


def test_paths_stand_alone(desk: Desk) -> None:
    good, empty = desk.file("a.csv", MESSAGES), desk.file("empty.csv", "")
    missing = desk.files / "missing.csv"
    also = desk.file("b.csv", MESSAGES + "\n")
    results = list(desk.workspace().add([good, empty, missing, also]))
    assert [type(r.error) for r in results] == [type(None), BadInput, NotFound, type(None)]
    assert [r.exhibit.exhibit_id for r in results if r.exhibit] == ["E1", "E2"]
    assert len(desk.rows("message")) == 6
    assert desk.verify().ok


def test_two_readers_that_claim_a_file_make_the_tool_ask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faisceau.case.plugins import Plugins, plugins

    known = plugins()
    twice = {**known.readers, "twin": known.readers["native_csv"]}
    monkeypatch.setattr("faisceau.case.plugins.loaded", lambda: Plugins(twice, known.analyses, ()))
    path = desk.file("messages.csv", MESSAGES)
    with pytest.raises(AmbiguousInput, match="native_csv, twin"):
        desk.add(path)
    assert desk.add(path, ask=lambda name, readers: readers[0]).exhibit is not None
    assert desk.workspace().status().exhibits[0].reader == "native_csv"


def test_a_table_outside_the_mandate_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(data=["call"]))
    with pytest.raises(Refused, match="LIL"):
        desk.add("messages.csv", MESSAGES)
    assert desk.ledger[-2].operation == "refusal"
    with pytest.raises(Refused):
        desk.add("m.csv", MESSAGES, as_table="message")
    assert desk.workspace().status().exhibits == []
    assert desk.verify().ok


def test_a_clause_that_is_not_enforced_is_never_passed_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faisceau.mandate.model.UNENFORCED", ("protected",))
    more = '[[protected]]\nname = "Me X"\nquality = "lawyer"\nidentifiers = ["+33639980009"]\n'
    desk = Desk(tmp_path / "desk", mandate(reference="PR/2026/0418", more=more))
    with pytest.raises(Refused, match="protected"):
        desk.add("messages.csv", MESSAGES)


def test_in_place_leaves_the_bytes_and_notices_a_change(desk: Desk) -> None:
    path = desk.file("messages.csv", MESSAGES)
    added = desk.add(path, in_place=True)
    assert added.exhibit is not None
    assert not list((desk.case / "evidence").rglob(added.exhibit.sha256))
    assert desk.verify().ok
    path.write_text(MESSAGES.replace("sac", "SAC"))
    verdict = desk.verify()
    assert not verdict.ok
    assert "messages.csv" in str(verdict.problems[0])


def test_an_exhibit_whose_bytes_changed_is_not_read(desk: Desk) -> None:
    added = desk.add("messages.csv", MESSAGES)
    assert added.exhibit is not None
    sha256 = added.exhibit.sha256
    kept = desk.case / "evidence" / sha256[:2] / sha256
    kept.chmod(0o600)
    kept.write_text(MESSAGES.replace("sac", "SAC"))
    with pytest.raises(Damaged, match="no longer what was added"):
        desk.add(desk.files / "messages.csv", again=True)


def test_original_and_copy_share_no_inode(desk: Desk) -> None:
    path = desk.file("messages.csv", MESSAGES)
    added = desk.add(path)
    assert added.exhibit is not None
    sha256 = added.exhibit.sha256
    kept = desk.case / "evidence" / sha256[:2] / sha256
    assert kept.stat().st_ino != path.stat().st_ino
    assert kept.stat().st_mode & 0o777 == 0o444


def test_wishes_that_make_no_sense_are_told_at_once(desk: Desk) -> None:
    path = desk.file("messages.csv", MESSAGES)
    with pytest.raises(UsageError, match="mesage"):
        desk.add(path, as_table="mesage")
    with pytest.raises(UsageError, match="Mars"):
        desk.add(path, timezone="Mars/Olympus")
    with pytest.raises(NotFound, match="nokia"):
        desk.add(path, reader="nokia")


def test_local_times_are_read_in_paris_and_said_so(desk: Desk) -> None:
    added = desk.add("m.csv", "sent_at,text\n2026-07-01 12:00:00,bonjour\n")
    [row] = desk.rows("message")
    assert (row["sent_at"].hour, row["zone"]) == (10, "Europe/Paris")
    assert any("Europe/Paris" in str(facts) for _, facts in added.notes)


def test_rejects_are_kept_with_reason_and_place(desk: Desk) -> None:
    added = desk.add("m.csv", "sent_at,text\n2026-07-01T12:00:00Z,a\n1601-01-01T00:00:00Z,b\n")
    assert added.exhibit is not None
    assert added.exhibit.tables == {"message": {"rows": 1, "rejected": 1}}
    [reject] = desk.rows("reject")
    assert (reject["table"], reject["source"]) == ("message", "m.csv#line 3")
    assert reject["reason"]


def test_many_small_exhibits_share_a_segment_or_two(desk: Desk) -> None:
    paths = [
        desk.file(f"{n}.csv", MESSAGES + f"T{n},a,2026-09-10T10:00:00Z,x{n}\n") for n in range(30)
    ]
    assert all(a.error is None for a in desk.workspace().add(paths))
    segments = list((desk.case / "tables" / "message").glob("*.parquet"))
    assert len(segments) <= (os.cpu_count() or 1)  # one a worker
    assert len(desk.rows("message")) == 120
    assert len({row["row_id"] for row in desk.rows("message")}) == 120


def test_the_ledger_says_what_was_added_and_never_quotes_it(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    closing = next(e for e in desk.ledger if e.act == "add" and e.phase == "close")
    assert closing.operation == "collection"
    assert closing.data["exhibits"][0]["tables"] == {"message": {"rows": 3, "rejected": 0}}
    assert "garde le sac" not in json.dumps(dict(closing.data))


def test_a_recognised_file_is_set_aside_and_said_so(desk: Desk) -> None:
    prefs = "<map><string name='registration_jid'>33612345678</string></map>"
    added = desk.add("com.whatsapp_preferences.xml", prefs)
    assert added.exhibit is not None
    assert added.exhibit.aside == {"WhatsApp preferences": 1}
    assert added.exhibit.files == {"recognised": 1}
    assert any("recognised" in template for template, _ in added.notes)


@pytest.mark.parametrize(
    ("ahead", "hour", "said"), [(3600, 9, "set back by 3600"), (-3600, 11, "put forward by 3600")]
)
def test_the_offset_of_a_clock_is_taken_off_its_times(
    desk: Desk, ahead: int, hour: int, said: str
) -> None:
    line = "app,sender_id,sent_at,text\nx,a,2026-09-01T10:00:00Z,hello\n"
    added = desk.add("messages.csv", line, clock_offset_s=ahead)
    assert added.exhibit is not None
    assert added.exhibit.clock_offset_s == ahead
    [row] = desk.rows("message")
    assert row["sent_at"].hour == hour
    opening = [e for e in desk.ledger if e.act == "add" and e.phase == "open"][-1]
    assert opening.data["clock_offset_s"] == ahead
    assert any(said in say(text, **facts) for text, facts in added.notes)


def listed(path: Path, purpose: Purpose, *contents: bytes) -> HashList:
    hashes = [hashlib.md5(content).hexdigest() for content in contents]
    path.write_text("\n".join(("md5", *hashes)) + "\n")
    return read_hash_list(path, purpose)


def test_known_files_are_left_aside(desk: Desk, tmp_path: Path) -> None:
    desk.file("tel/known.jpg", PHOTO)
    desk.file("tel/other.jpg", PHOTO + b"other")
    known = listed(tmp_path / "known.csv", "ignore", PHOTO)
    added = desk.add(desk.files / "tel", hash_lists=[known])
    assert added.exhibit is not None
    assert added.exhibit.files == {"known": 1, "media": 1}
    assert [row["path"] for row in desk.rows("media")] == ["other.jpg"]


def test_a_flagged_file_is_told_whatever_else_becomes_of_it(desk: Desk, tmp_path: Path) -> None:
    kinds = {
        "photo.jpg": PHOTO,
        "messages.csv": MESSAGES.encode(),
        "notes.xyz": bytes(range(256)),
        "setup.exe": b"MZ" + bytes(200),
    }
    for name, content in kinds.items():
        desk.file(f"tel/{name}", content)
    flags = listed(tmp_path / "wanted.csv", "flag", *kinds.values())
    ignored = listed(tmp_path / "known.csv", "ignore", PHOTO)
    added = desk.add(desk.files / "tel", hash_lists=[ignored, flags])
    assert added.exhibit is not None
    assert "known" not in added.exhibit.files  # what is to be flagged is not left aside
    assert added.exhibit.flagged == {"wanted.csv": 4}
    [facts] = [dict(facts) for text, facts in added.notes if "flagged" in text]
    assert facts == {"n": 4, "lists": ["wanted.csv"], "names": sorted(kinds)}
    [exhibit] = desk.workspace().status().exhibits
    assert (exhibit.flagged, sorted(exhibit.wanted)) == ({"wanted.csv": 4}, sorted(kinds))


def test_a_file_that_is_its_own_exhibit_can_be_flagged(desk: Desk, tmp_path: Path) -> None:
    flags = listed(tmp_path / "wanted.csv", "flag", MESSAGES.encode())
    added = desk.add("messages.csv", MESSAGES, hash_lists=[flags])
    assert added.exhibit is not None
    assert added.exhibit.wanted == ("messages.csv",)


PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(64)
TALK = (
    "app,thread_id,thread_name,sender_id,recipients,sent_at,text\n"
    "x,T1,Kim,+33612345678,+33698765432,2026-06-01T10:00:00Z,long ago\n"
    "x,T1,Kim,+33612345678,+33698765432,2026-09-01T10:00:00Z,hello\n"
    "x,T2,Sam,+33611111111,+33698765432,2026-09-02T10:00:00Z,hey\n"
)


def test_a_first_look_comes_before_the_media_and_the_rest_follows(tmp_path: Path) -> None:
    more = '[authorisations.matching]\nreference = "R"\ndate = 2026-09-02\n'
    desk = Desk(tmp_path / "desk", mandate(more=more))
    desk.add("calls.csv", "caller,callee\n+33612345678,+33600000000\n")
    desk.file("tel/messages.csv", TALK)
    desk.file("tel/photo.jpg", PHOTO)
    adding = desk.workspace().add([desk.files / "tel"], first=True)
    first = next(adding)
    assert first.first
    assert first.exhibit is not None
    assert first.exhibit.files == {"read": 1, "waiting": 1}
    look = desk.workspace().first_look(first.exhibit.exhibit_id)
    assert (look.contacts, look.messages) == (0, 3)
    assert [(talk.name, talk.messages) for talk in look.talks] == [("Sam", 1), ("Kim", 1)]
    assert look.known is not None
    assert [(one.value, one.exhibits) for one in look.known] == [("+33612345678", ["E1"])]
    [whole] = list(adding)
    assert whole.exhibit is not None
    assert (whole.exhibit.exhibit_id, whole.exhibit.files) == ("E2", {"read": 1, "media": 1})
    assert len(desk.rows("message")) == 3
    assert desk.verify().ok


def test_a_first_look_compares_nothing_without_the_right_to(desk: Desk) -> None:
    desk.file("tel/messages.csv", TALK)
    desk.file("tel/photo.jpg", PHOTO)
    first = next(desk.workspace().add([desk.files / "tel"], first=True))
    assert first.exhibit is not None
    assert desk.workspace().first_look(first.exhibit.exhibit_id).known is None


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A zip of one CSV file under AES-256, password ``secret``."""
    path = tmp_path / "locked.zip"
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"secret")
        archive.writestr("messages.csv", TALK)
    return path


def test_what_is_encrypted_opens_with_the_key_handed_over(desk: Desk, locked: Path) -> None:
    added = desk.add(locked, keys=[b"secret\n"])
    assert added.exhibit is not None
    assert added.exhibit.tables == {"message": {"rows": 3, "rejected": 0}}
    opening = [e for e in desk.ledger if e.act == "add" and e.phase == "open"][-1]
    assert opening.data["keys"] == 1
    assert b"secret" not in b"".join(
        p.read_bytes() for p in desk.case.rglob("ledger/*") if p.is_file()
    )


@pytest.mark.parametrize("keys", [[], [b"wrong"]])
def test_without_the_right_key_it_stays_closed_and_that_is_recorded(
    desk: Desk, locked: Path, keys: list[bytes]
) -> None:
    [added] = desk.workspace().add([locked], keys=keys)
    assert isinstance(added.error, BadInput)
    assert "encrypted" in str(added.error)
    closing = next(e for e in desk.ledger if e.act == "add" and e.phase == "close")
    assert "encrypted" in str(closing.data["errors"])
    assert desk.rows("message") == []
    assert desk.verify().ok


def test_the_archive_of_an_export_names_its_chat(desk: Desk) -> None:
    path = desk.files / "WhatsApp Chat - Max.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "_chat.txt", "[01/09/2026 10:00:00] Max: hello\n[01/09/2026 10:01:00] Kim: hi\n"
        )
    desk.add(path)
    assert {row["thread_name"] for row in desk.rows("message")} == {"Max"}


def test_tables_that_no_reader_asked_for_are_named(desk: Desk) -> None:
    path = desk.files / "calllog.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER, "
            "duration INTEGER, type INTEGER, name TEXT, numbertype INTEGER);"
            "INSERT INTO calls VALUES (1, '+33612345678', 1788257400000, 5, 1, 'Kim', 2);"
            "CREATE TABLE secrets (a); INSERT INTO secrets VALUES (1), (2);"
            "CREATE TABLE void (a);"
        )
    added = desk.add(path)
    assert added.exhibit is not None
    assert added.exhibit.tables["call"]["rows"] == 1
    assert added.exhibit.unread_tables == {"calllog.db": {"secrets": 2}}


def test_a_log_beside_its_database_is_replayed_and_said_so(desk: Desk) -> None:
    source = desk.files / "live.db"
    with closing(sqlite3.connect(source)) as db:
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
            "CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER, "
            "duration INTEGER, type INTEGER, name TEXT, numbertype INTEGER);"
            "INSERT INTO calls VALUES (1, '+33612345678', 1788257400000, 5, 1, 'Kim', 2);"
        )
        db.commit()
        for suffix in ("", "-wal"):
            desk.file(f"phone/calllog.db{suffix}", Path(f"{source}{suffix}").read_bytes())
    added = desk.add(desk.files / "phone")
    assert added.exhibit is not None
    assert added.exhibit.tables["call"]["rows"] == 1
    assert added.exhibit.aside == {"the journal of a SQLite database": 1}
