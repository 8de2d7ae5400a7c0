"""Bad input, each a one-line error or counted rejects: never a traceback, never a hang.

And the case stays whole: after each, the ledger verifies and good files can be added.
"""

import gzip
import io
import json
import os
import random
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faisceau.case.proving import verify

from .conftest import Shell

HEADER = "thread_id,sender_id,sent_at,text"
LONG = 50 << 20
BOMB = 400 << 20

Add = Callable[..., dict[str, Any]]


@pytest.fixture
def add(shell: Shell, case: Path) -> Add:
    """Add one path: what became of it, after the checks that hold for every one."""

    def adding(path: Path, *options: str) -> dict[str, Any]:
        answer = shell("add", case, path, *options, "--format", "json")
        assert "Traceback" not in answer.err, answer.err
        assert answer.code in (0, 1), answer.err
        [added] = answer.json
        assert (added["error"] is not None) == (answer.code == 1)
        if answer.code == 1:
            said = shell("add", case, path, *options)
            assert said.code == 1
            said.one_line()
        verdict = verify(case)
        assert verdict.ok, verdict.problems
        assert (verdict.leftovers, verdict.open_operations) == ((), ())
        with closing(sqlite3.connect(f"file:{case}/catalog.sqlite?mode=ro", uri=True)) as db:
            [(exhibits,)] = db.execute("SELECT count(*) FROM exhibit")
        assert exhibits == (added["exhibit"] is not None)
        return dict(added)

    return adding


def counts(added: dict[str, Any], table: str = "message") -> tuple[int, int]:
    """Rows kept and rejected."""
    found = added["exhibit"]["tables"].get(table, {"rows": 0, "rejected": 0})
    return found["rows"], found["rejected"]


def line(n: int = 0, **more: Any) -> str:
    """One line of JSON."""
    values = {"thread_id": "T1", "sender_id": "+33639980001", "text": f"message {n}"}
    return json.dumps({**values, "sent_at": "2026-09-10T10:00:00Z", **more})


def csv(n: int = 0) -> str:
    return f"T1,+33639980001,2026-09-10T10:00:00Z,message {n}"


# ---- nothing that can be read ----


def test_an_empty_file(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert "is empty" in add(path)["error"]


def test_an_empty_folder(add: Add, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    added = add(folder)
    assert added["error"] or added["exhibit"]["tables"] == {}


def test_a_path_that_does_not_exist(add: Add, tmp_path: Path) -> None:
    assert "does not exist" in add(tmp_path / "absent")["error"]


def test_random_bytes_are_kept_as_an_unknown_file(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "random"
    path.write_bytes(random.Random(1).randbytes(200_000))
    added = add(path)
    assert (added["exhibit"]["reader"], added["exhibit"]["tables"]) == (None, {})


@pytest.mark.parametrize(
    "start",
    [
        b"SQLite format 3\x00",
        b"PK\x03\x04",
        b"PAR1",
        b"\x1f\x8b\x08",
        b"{",
        b"[",
        b"<?xml ?>",
        b"a,b\n",
    ],
    ids=repr,
)
def test_random_bytes_behind_a_known_beginning(add: Add, tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "disguised"
    path.write_bytes(start + random.Random(2).randbytes(50_000))
    added = add(path)
    assert added["error"] or added["exhibit"]["tables"] == {}


def test_a_pipe_is_not_waited_for(add: Add, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "neither a file nor a folder" in add(tmp_path / "pipe")["error"]


def test_a_device_is_not_read(add: Add) -> None:
    assert "neither a file nor a folder" in add(Path("/dev/zero"))["error"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "closed.csv"
    path.write_text("x")
    path.chmod(0)
    assert "cannot be read" in add(path)["error"]


def test_a_circle_of_links(add: Add, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "cannot be read" in add(tmp_path / "a")["error"]


def test_what_a_folder_holds_besides_files_is_named(add: Add, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "outside").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / "messages.csv").write_text(f"{HEADER}\n{csv()}\n")
    added = add(folder)
    assert counts(added) == (1, 0)
    assert counts(added, "media") == (0, 3)


@pytest.mark.parametrize(
    "name", [b"new\nline.csv", b"\xff\xfe.csv", b"a\x1b[31m.csv", b"-rf", b"\\"]
)
def test_odd_file_names(shell: Shell, add: Add, tmp_path: Path, case: Path, name: bytes) -> None:
    alone = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    alone.write_text(f"{HEADER}\n{csv()}\n")
    assert counts(add(alone)) == (1, 0)
    shown = shell("status", case)
    assert (shown.code, "\x1b" in shown.out) == (0, False)
    folder = tmp_path / "folder"
    folder.mkdir()
    alone.rename(folder / alone.name)
    (folder / "other.csv").write_text(f"{HEADER}\n{csv(1)}\n")
    assert shell("add", case, folder).code == 0
    assert len(shell("rows", case, "message", "--format", "json").json) == 3
    assert shell("ledger", "verify", case).code == 0


# ---- damaged databases ----


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WhatsApp database of 5,000 messages over many pages."""
    path = tmp_path_factory.mktemp("database") / "msgstore.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            CREATE TABLE jid (_id INTEGER PRIMARY KEY, raw_string TEXT);
            CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);
            CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,
                key_id TEXT, sender_jid_row_id INTEGER, timestamp INTEGER, message_type INTEGER,
                text_data TEXT);
            INSERT INTO jid VALUES (1, '33639980001@s.whatsapp.net');
            INSERT INTO chat VALUES (1, 1, NULL);
            """
        )
        rows = (
            (n, n % 2, f"K{n}", 1_790_000_000_000 + n * 1000, f"message {n} " * 9)
            for n in range(1, 5001)
        )
        db.executemany("INSERT INTO message VALUES (?, 1, ?, ?, 0, ?, 0, ?)", rows)
        db.commit()
    return path


def test_the_whole_database_reads(add: Add, database: Path) -> None:
    assert counts(add(database)) == (5000, 0)


@pytest.mark.parametrize("part", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_database(add: Add, database: Path, tmp_path: Path, part: float) -> None:
    path = tmp_path / "msgstore.db"
    content = database.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    added = add(path)
    if added["error"] is None and added["exhibit"]["reader"]:
        rows, rejected = counts(added)
        assert rows < 5000
        assert rejected >= 1, "what cannot be read is told"


def test_a_database_with_a_damaged_page(add: Add, database: Path, tmp_path: Path) -> None:
    path = tmp_path / "msgstore.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = random.Random(3).randbytes(4096)
    path.write_bytes(content)
    added = add(path)
    assert added["error"] or sum(counts(added)) > 0


@pytest.mark.parametrize("keep", [6, -5000, -5])
@pytest.mark.parametrize("options", [[], ["--as", "message"]], ids=["", "as"])
def test_a_parquet_cut_short(add: Add, tmp_path: Path, keep: int, options: list[str]) -> None:
    path = tmp_path / "messages.parquet"
    rows = [json.loads(line(n, ref=f"{n}" * 20)) for n in range(1000)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    path.write_bytes(path.read_bytes()[:keep])
    added = add(path, *options)
    assert added["error"] or added["exhibit"]["tables"] == {}


# ---- hostile archives ----


@pytest.fixture(scope="module")
def flat_bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bomb") / "flat.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped,
        zipped.open("zeros.csv", "w") as member,
    ):
        for _ in range(BOMB >> 20):
            member.write(bytes(1 << 20))
    return path


def test_a_flat_zip_bomb(add: Add, flat_bomb: Path) -> None:
    assert add(flat_bomb)["error"]


def test_a_nested_zip_bomb(add: Add, flat_bomb: Path, tmp_path: Path) -> None:
    inner = flat_bomb.read_bytes()
    for depth in range(2):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as zipped:
            for n in range(10):
                zipped.writestr(f"{depth}-{n}.zip", inner)
        inner = outer.getvalue()
    path = tmp_path / "nested.zip"
    path.write_bytes(inner)
    added = add(path)
    assert added["error"] or counts(added, "media")[1] > 0


def test_a_compressed_bomb(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "zeros.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(BOMB >> 20):
            stream.write(bytes(1 << 20))
    assert add(path)["error"]


@pytest.mark.parametrize("name", ["../../escaped", "a/../../../escaped", "C:\\escaped"])
@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_a_path_that_leaves_the_archive(
    add: Add, tmp_path: Path, case: Path, name: str, form: str
) -> None:
    path = tmp_path / f"archive.{form}"
    members = {name: b"escaped", "messages.csv": f"{HEADER}\n{csv()}\n".encode()}
    pack(path, form, members)
    added = add(path)
    assert counts(added) == (1, 0)
    assert counts(added, "media") == (0, 1)
    assert not [p for p in tmp_path.rglob("*escaped*") if "evidence" not in p.parts]


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_a_path_from_the_root_is_one_inside_the_archive(
    add: Add, tmp_path: Path, form: str
) -> None:
    """``tar -P`` of a phone's file system: the path is a label, and nothing is written there."""
    path = tmp_path / f"archive.{form}"
    pack(path, form, {"/tmp/escaped": b"escaped", "/data/m.csv": f"{HEADER}\n{csv()}\n".encode()})
    added = add(path)
    assert counts(added) == (1, 0)
    assert added["exhibit"]["files"] == {"read": 1, "unknown": 1}
    assert not Path("/tmp/escaped").exists()


def pack(path: Path, form: str, members: dict[str, bytes]) -> None:
    if form == "zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for name, content in members.items():
                zipped.writestr(name, content)
        return
    with tarfile.open(path, "w:gz" if form == "tar.gz" else "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_links_in_a_tar_are_not_followed(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind, target in (
            ("soft", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard", tarfile.LNKTYPE, "../../etc/passwd"),
            ("device", tarfile.CHRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
        content = f"{HEADER}\n{csv()}\n".encode()
        info = tarfile.TarInfo("messages.csv")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    added = add(path)
    assert counts(added) == (1, 0)
    assert counts(added, "media") == (0, 3)


def test_a_truncated_zip(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "cut.zip"
    pack(path, "zip", {f"{n}.csv": f"{HEADER}\n{csv(n)}\n".encode() for n in range(9)})
    path.write_bytes(path.read_bytes()[:-30])
    assert add(path)["error"]


# ---- lines ----


@pytest.mark.parametrize(
    "broken", ["a,b", "x,y,z,t,u,v,w", 'T1,"open', "T1,s,no date,text", "\x00\x01"]
)
def test_csv_with_three_broken_lines_in_a_hundred(add: Add, tmp_path: Path, broken: str) -> None:
    path = tmp_path / "messages.csv"
    lines = [broken if n % 33 == 32 else csv(n) for n in range(1000)]
    path.write_text("\n".join([HEADER, *lines, ""]))
    rows, rejected = counts(add(path))
    if '"' not in broken:  # an open quote takes the lines that follow: which ones is told, not lost
        assert (rows, rejected) == (970, 30)
    assert rows + rejected == 1000


def test_jsonl_with_broken_lines(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    bad = ["{", "null", "[1]", '"x"', '{"thread_id": "T1"}', "{'a': 1}", "\x00", line()[:-3]]
    path.write_text("\n".join([*(line(n) for n in range(92)), *bad, ""]))
    assert counts(add(path)) == (92, 8)


@pytest.mark.parametrize("form", ["csv", "jsonl", "txt"])
def test_a_line_of_50_megabytes(add: Add, tmp_path: Path, form: str) -> None:
    long = "x" * LONG
    made = {
        "csv": [HEADER, csv(1), csv(2) + long, csv(3)],
        "jsonl": [line(1), line(2, text=long), line(3)],
        "txt": [f"15/04/2026 15:0{n} - Ash: {t}" for n, t in ((1, "a"), (2, long), (3, "c"))],
    }
    path = tmp_path / f"messages.{form}"
    path.write_text("\n".join([*made[form], ""]))
    rows, rejected = counts(add(path))
    assert rows + rejected == 3
    assert rows >= 2


def test_a_single_line_of_50_megabytes(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_text("x" * LONG)
    assert add(path)["exhibit"]["tables"] == {}


def test_utf_16_and_old_code_pages(add: Add, tmp_path: Path, shell: Shell, case: Path) -> None:
    text = f"{HEADER}\n" + csv().replace("message 0", "été à Orléans — 20 €") + "\n"
    first = tmp_path / "utf-16.csv"
    first.write_bytes(text.encode("utf-16"))
    assert counts(add(first)) == (1, 0)
    second = tmp_path / "cp1252.csv"
    second.write_bytes(text.encode("cp1252"))
    assert shell("add", case, second).code == 0
    texts = {row["text"] for row in shell("rows", case, "message", "--format", "json").json}
    assert texts == {"été à Orléans — 20 €"}


# ---- values ----


def test_lone_surrogates_are_mended(add: Add, tmp_path: Path, shell: Shell, case: Path) -> None:
    path = tmp_path / "messages.jsonl"
    texts = [r"\ud800", r"a\udc00b", r"\ud83d\ude00", r"\udc00\ud800"]
    path.write_text(
        "\n".join(line().replace("message 0", text) for text in texts) + "\n",
    )
    assert counts(add(path)) == (4, 0)
    found = [r["text"] for r in shell("rows", case, "message", "--format", "json").json]
    assert found == ["�", "a�b", "😀", "��"]


def test_surrogates_in_a_telegram_export(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    message = (
        '{"id": 1, "type": "message", "date": "2026-09-10T10:00:00", "date_unixtime": "1789034400",'
        ' "from": "A\\ud800", "from_id": "user1", "text": "x\\udfff y"}'
    )
    path.write_text(
        '{"name": "A", "type": "personal_chat", "id": 1, "messages": [' + message + "]}"
    )
    assert counts(add(path)) == (1, 0)


@pytest.mark.parametrize(
    "at",
    [
        "1601-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_dates_that_are_none_reject_their_row(add: Add, tmp_path: Path, at: str, form: str) -> None:
    path = tmp_path / f"messages.{form}"
    good = [csv(n) for n in range(9)] if form == "csv" else [line(n) for n in range(9)]
    bad = csv().replace("2026-09-10T10:00:00Z", at) if form == "csv" else line(sent_at=at)
    path.write_text("\n".join([HEADER] * (form == "csv") + [*good, bad, ""]))
    assert counts(add(path)) == (9, 1)


@pytest.mark.parametrize("at", [-11_644_473_600, 253_402_300_799, 1e400, -1e19, 2**63, 0])
def test_epochs_that_are_none(add: Add, tmp_path: Path, at: float) -> None:
    path = tmp_path / "messages.jsonl"
    lines = [line(n) for n in range(9)]
    path.write_text("\n".join([*lines, line().replace('"2026-09-10T10:00:00Z"', str(at)), ""]))
    assert sum(counts(add(path))) == 10


@pytest.mark.parametrize(
    "value",
    ["1" * 5000, "1e999", "-" + "9" * 40, '{"a": 1}', "[[1]]", "true", '"x"', "null"],
    ids=lambda value: value[:8],
)
def test_a_number_that_is_none_is_left_empty(add: Add, tmp_path: Path, value: str) -> None:
    path = tmp_path / "messages.jsonl"
    odd = line(latitude="?").replace('"?"', value)
    path.write_text("\n".join([*(line(n, latitude=48.8) for n in range(9)), odd, ""]))
    rows, rejected = counts(add(path))
    assert rows + rejected == 10
    assert rows >= 9


def test_json_nested_a_hundred_thousand_deep(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    deep = line(text="?").replace('"?"', "[" * 100_000 + "]" * 100_000)
    path.write_text("\n".join([line(1), deep, line(2), ""]))
    assert counts(add(path)) == (2, 1)


@pytest.mark.parametrize(
    "start", ["[", '{"a":', '{"name": "A", "type": "personal_chat", "id": 1, "messages": [']
)
def test_json_that_only_opens(add: Add, tmp_path: Path, start: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(start + "[" * 200_000)
    added = add(path)
    assert added["error"] or sum(counts(added)) <= 1


# ---- XML ----

LAUGHS = '<?xml version="1.0"?>\n<!DOCTYPE project [<!ENTITY l0 "lol">{entities}]>\n'


@pytest.mark.parametrize("late", [False, True])
def test_an_entity_bomb(add: Add, tmp_path: Path, late: bool) -> None:
    entities = "".join(f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" * 10)}">' for n in range(1, 10))
    padding = " " * 100_000 if late else ""
    path = tmp_path / "report.xml"
    path.write_text(
        LAUGHS.format(entities=padding + entities)
        + '<project xmlns="http://pa.cellebrite.com/report/2.0"><decodedData>'
        '<modelType type="SMS"><model type="SMS" id="1"><field name="Body" type="String">'
        '<value type="String">&l9;</value></field></model></modelType></decodedData></project>'
    )
    added = add(path)
    assert added["error"] or added["exhibit"]["tables"] == {} or counts(added)[0] == 0


def test_an_entity_that_names_a_file_is_not_opened(
    add: Add, tmp_path: Path, shell: Shell, case: Path
) -> None:
    path = tmp_path / "report.xml"
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE model [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        '<model type="Chat" id="1"><field name="Id"><value>&x;</value></field></model>'
    )
    add(path)
    rows = shell("rows", case, "message", "--format", "json")
    assert "TOP SECRET" not in rows.out + rows.err


def test_xml_nested_deep(add: Add, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text('<model type="Chat" id="1"><field name="Id"/>' + "<model>" * 200_000)
    added = add(path)
    assert added["error"] or sum(counts(added)) <= 1


def test_a_cellebrite_chat_cut_short(add: Add, shared: Path, tmp_path: Path) -> None:
    whole = (shared / "phones" / "ufed-model-chat.xml").read_bytes()
    path = tmp_path / "chat.xml"
    path.write_bytes(whole[: len(whole) // 2])
    added = add(path)
    assert added["error"] is None
    rows, rejected = counts(added)
    assert 0 < rows < 11
    assert rejected >= 1
