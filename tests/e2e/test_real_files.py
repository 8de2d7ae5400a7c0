"""Real phone data, that nobody here wrote, through the command line: what is there comes out.

Expected values are those that the files' publishers assert, or are counted here by other means.
"""

import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .conftest import Shell

MSGSTORE, CHAT, EXPORT = "msgstore.db", "ufed-model-chat.xml", "whatsapp-export-pokemon.txt"


@pytest.fixture
def phones(shared: Path) -> Path:
    return shared / "phones"


@pytest.fixture
def adding(shell: Shell, case: Path) -> Callable[..., dict[str, Any]]:
    """Add one path; the exhibit as ``--format json`` gives it."""

    def add(path: Path) -> dict[str, Any]:
        answer = shell("add", case, path, "--format", "json")
        assert (answer.code, answer.err) == (0, "")
        [added] = answer.json
        assert added["error"] is None
        assert added["exhibit"] == shell("status", case, "--format", "json").json["exhibits"][-1]
        return dict(added["exhibit"])

    return add


def rows(shell: Shell, case: Path, table: str, where: str | None = None) -> list[dict[str, Any]]:
    condition = ["--where", where] if where else []
    answer = shell("rows", case, table, "--format", "json", *condition)
    assert (answer.code, answer.err) == (0, "")
    return list(answer.json)


def counted(exhibit: dict[str, Any], table: str = "message") -> int:
    return int(exhibit["tables"][table]["rows"] + exhibit["tables"][table]["rejected"])


def test_a_whatsapp_database_gives_the_chats_and_messages_its_publisher_asserts(
    shell: Shell,
    case: Path,
    phones: Path,
    adding: Callable[..., dict[str, Any]],
) -> None:
    exhibit = adding(phones / MSGSTORE)
    assert exhibit["reader"] == "whatsapp_android"
    assert exhibit["tables"]["message"] == {"rows": 74, "rejected": 0}
    found = rows(shell, case, "message")
    assert len(found) == 74
    assert len({row["thread_id"] for row in found}) == 29

    [test] = [r for r in found if r["text"] == "This is a test for the IPED Whatsapp Parser."]
    assert test["sent_at"].startswith("2021-06-14T18:55:54")
    peer = "556183125151@s.whatsapp.net"
    talk = [(r["sent_at"][:19], r["text"], r["sender_id"]) for r in found if r["thread_id"] == peer]
    assert sorted(talk, key=lambda line: line[0])[2:] == [
        ("2021-06-14T19:02:25", "Would you still say you love me", "owner"),
        ("2021-06-14T19:02:33", "The game is over", "owner"),
        ("2021-06-16T17:01:34", "Teste", peer),  # the one that the database marks as received
    ]
    lar = [r for r in found if r["thread_name"] == "Lar"]
    assert "2016-04-29T21:15:08Z" in {r["sent_at"] for r in lar if r["kind"] == "system"}


def test_rows_kept_rejected_and_left_are_the_rows_of_the_database(
    phones: Path, adding: Callable[..., dict[str, Any]]
) -> None:
    """Two of its 76 records are WhatsApp's own placeholders: left on purpose, and said so."""
    exhibit = adding(phones / MSGSTORE)
    with closing(
        sqlite3.connect(f"{(phones / MSGSTORE).as_uri()}?mode=ro&immutable=1", uri=True)
    ) as db:
        [(old,)] = db.execute("SELECT count(*) FROM messages")
        [(new,)] = db.execute("SELECT count(*) FROM message")
    placeholders = [n for what, n in exhibit["left"].items() if what.startswith("placeholder")]
    assert counted(exhibit) + sum(placeholders) == old + new == 76


def test_a_cellebrite_chat_gives_its_messages_participants_and_times(
    shell: Shell,
    case: Path,
    phones: Path,
    adding: Callable[..., dict[str, Any]],
) -> None:
    exhibit = adding(phones / CHAT)
    assert exhibit["reader"] == "cellebrite_xml"
    chat = ElementTree.parse(phones / CHAT).getroot()
    models = chat.findall(".//model[@type='InstantMessage']")
    quoted = exhibit["left"]["InstantMessage quoted in another"]
    assert counted(exhibit) + quoted == len(models)
    messages = {model.get("id"): model for model in models}

    found = rows(shell, case, "message")
    assert len(found) == exhibit["tables"]["message"]["rows"] > 0
    assert {row["thread_id"] for row in found} == {_field(chat, "Id")}
    participants = {
        _field(party, "Identifier")
        for party in chat.iterfind("./multiModelField[@name='Participants']/model")
    }
    for row in found:
        message = messages[row["ref"]]
        named = {_field(to, "Identifier") for to in message.iterfind("./*[@name='To']/model")}
        assert set(row["recipients"]) == (named or participants) - {row["sender_id"]}
        assert (row["text"] or "") == _field(message, "Body")
        stamp = message.find("./field[@name='TimeStamp']/value")
        assert stamp is not None
        assert stamp.text is not None
        assert datetime.fromisoformat(row["sent_at"]) == datetime.fromisoformat(stamp.text)
        sender = message.find("./modelField[@name='From']/model")
        assert sender is not None
        assert row["sender_id"] == _field(sender, "Identifier")
        assert (row["sender_name"] or "") == _field(sender, "Name")


def _field(model: ElementTree.Element, name: str) -> str:
    value = model.find(f"./field[@name='{name}']/value")
    return (value.text or "").strip() if value is not None else ""


def test_an_exported_chat_reads_completely(
    shell: Shell,
    case: Path,
    phones: Path,
    adding: Callable[..., dict[str, Any]],
) -> None:
    exhibit = adding(phones / EXPORT)
    assert exhibit["reader"] == "whatsapp_export"
    lines = (phones / EXPORT).read_text("utf-8").splitlines()
    assert len(lines) == 21
    assert lines[-1] == "", "the last of the 21 is empty: it holds no message"
    assert exhibit["tables"]["message"] == {"rows": 20, "rejected": 0}
    found = rows(shell, case, "message")
    for line, row in zip(lines, found, strict=False):
        assert line.endswith(row["text"])
        assert line[6:10] + line[3:5] + line[:2] == row["sent_at"][:10].replace("-", "")
    assert [row["kind"] for row in found[:3]] == ["system", "system", "text"]
    assert found[2]["sender_name"] == "Ash Ketchum"
    assert {row["zone"] for row in found} == {"Europe/Paris"}, "the zone that was assumed"
    assert found[2]["sent_at"] == "2016-08-06T11:23:00Z"


def test_adding_twice_adds_nothing_and_says_so(shell: Shell, case: Path, phones: Path) -> None:
    files = [phones / name for name in (MSGSTORE, CHAT, EXPORT)]
    first = shell("add", case, *files, "--format", "json")
    assert [a["already"] for a in first.json] == [False] * 3
    before = shell("status", case, "--format", "json").json
    tree = sorted(p for p in case.joinpath("tables").rglob("*") if p.is_file())

    again = shell("add", case, *files, "--format", "json")
    assert again.code == 0
    assert [(a["already"], a["exhibit"]["exhibit_id"]) for a in again.json] == [
        (True, "E1"),
        (True, "E2"),
        (True, "E3"),
    ]
    said = shell("add", case, phones / EXPORT)
    assert said.code == 0
    assert "already in the case as E3" in said.out
    assert shell("status", case, "--format", "json").json == before
    assert sorted(p for p in case.joinpath("tables").rglob("*") if p.is_file()) == tree
    assert len(rows(shell, case, "message")) == 74 + 11 + 20


def test_again_reads_the_same_bytes_anew_in_the_place_of_the_first(
    shell: Shell, case: Path, phones: Path
) -> None:
    shell("add", case, phones / EXPORT, phones / CHAT)
    before = rows(shell, case, "message")
    again = shell("add", case, phones / EXPORT, "--again", "--format", "json")
    assert (again.code, again.json[0]["exhibit"]["exhibit_id"]) == (0, "E1")
    assert rows(shell, case, "message", "exhibit_id = 'E1'") == before[:20]
    assert len(rows(shell, case, "message")) == len(before)
    assert shell("ledger", "verify", case).code == 0


@pytest.fixture
def seized(tmp_path: Path, phones: Path) -> Path:
    """A folder as it may be handed over: the files of a phone, some of them unknown."""
    folder = tmp_path / "seized phone"
    (folder / "com.whatsapp" / "databases").mkdir(parents=True)
    places = {MSGSTORE: f"com.whatsapp/databases/{MSGSTORE}"}
    for file in sorted(phones.iterdir()):
        (folder / places.get(file.name, file.name)).write_bytes(file.read_bytes())
    return folder


def test_a_folder_of_them_is_one_exhibit(
    shell: Shell, case: Path, seized: Path, adding: Callable[..., dict[str, Any]]
) -> None:
    exhibit = adding(seized)
    assert exhibit["exhibit_id"] == "E1"
    assert exhibit["label"] == "seized phone"
    assert exhibit["tables"]["message"] == {"rows": 113, "rejected": 0}
    assert exhibit["files"] == {"read": 5}
    assert exhibit["size"] == sum(p.stat().st_size for p in seized.rglob("*") if p.is_file())
    sources = {row["source"].partition("#")[0] for row in rows(shell, case, "message")}
    assert sources == {f"com.whatsapp/databases/{MSGSTORE}", CHAT, EXPORT, "mail.mbox"}
    assert shell("ledger", "verify", case).code == 0


def test_a_zip_of_them_gives_the_same_rows(
    shell: Shell,
    case: Path,
    seized: Path,
    tmp_path: Path,
    adding: Callable[..., dict[str, Any]],
) -> None:
    archive = tmp_path / "phone.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(p for p in seized.rglob("*") if p.is_file()):
            zipped.write(file, file.relative_to(seized))
    adding(seized)
    exhibit = adding(archive)
    assert exhibit["tables"]["message"] == {"rows": 113, "rejected": 0}
    own = ("row_id", "exhibit_id")
    both = [
        sorted(
            repr({k: v for k, v in row.items() if k not in own})
            for row in rows(shell, case, "message", f"exhibit_id = '{number}'")
        )
        for number in ("E1", "E2")
    ]
    assert both[0] == both[1]
