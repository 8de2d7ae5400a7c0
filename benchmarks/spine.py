"""The spine: messages added, ledger entries written and verified, each beside a peer.

Each line is a task of Faisceau and the plainest program that does the part of it which cannot be
spared, on the same file, in the same run, one after the other; medians of ``--repeat``. What
counts is the ratio: times on a shared machine say little.

Run: ``.venv/bin/python benchmarks/spine.py --messages 500000 --entries 1000000``
"""

import argparse
import hashlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

import duckdb
import orjson

from faisceau.case.proving import verify as verify_case
from faisceau.case.workspace import Workspace
from faisceau.ledger import Draft, Ledger, verify
from faisceau.testing import Clock, mandate

TALK = (
    "ok oui non demain ce soir je suis là tu viens quand à la maison merci bisous on se voit vers "
    "le train est en retard mdr t'inquiète j'arrive dans dix minutes appelle moi 18h30 2 places "
    "c'est bon pour samedi il reste deux trucs regarde ça marche trop bien 😀"
)
RARE = ("https://example.org/a", "+33 6 39 98 00 01", "AB-123-CD", "@momo75")
"""What identifiers look like in talk: in one message of fifty."""
START_MS = 1_790_000_000_000
JID = "3363998{:04}@s.whatsapp.net"


@dataclass(frozen=True, slots=True)
class Line:
    """One task beside its peer: what, of how many, seconds of each run."""

    task: str
    amount: int
    unit: str
    ours: list[float]
    peer: str
    theirs: list[float]

    def cells(self) -> tuple[str, ...]:
        """The line as it is printed."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return (
            self.task,
            f"{self.amount:,} {self.unit}".replace(",", " "),
            rate(self.amount, ours),
            self.peer,
            rate(self.amount, theirs),
            f"{ours / theirs:.1f}",
        )


def rate(amount: int, seconds: float) -> str:
    """Amount a second, in thousands."""
    return f"{amount / seconds / 1000:,.1f} k/s".replace(",", " ")


def beside(
    task: str,
    amount: int,
    unit: str,
    *,
    ours: Callable[[], object],
    peer: str,
    theirs: Callable[[], object],
    repeat: int,
) -> Line:
    """Run both by turns; what each checks of its own result is in the time."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeat):
        for run, kept in zip((ours, theirs), times, strict=True):
            began = perf_counter()
            run()
            kept.append(perf_counter() - began)
    return Line(task, amount, unit, times[0], peer, times[1])


# ---- material ----


def messages(n: int) -> Iterator[dict[str, str]]:
    """Messages as people write them: most are short, in conversations of unequal length."""
    chance = random.Random(1)
    words = TALK.split()
    lengths = [max(1, int(chance.lognormvariate(1.8, 0.9))) for _ in range(4096)]
    for k in range(n):
        talk = int(chance.paretovariate(0.7)) % 5000
        seconds = START_MS // 1000 + k * 7
        text = chance.choices(words, k=lengths[k & 4095])
        if k % 50 == 0:
            text.append(RARE[k // 50 % len(RARE)])
        yield {
            "thread_id": f"T{talk}",
            "sender_id": f"+3363998{(talk * 2 + chance.randrange(2)) % 10_000:04}",
            "sent_at": f"{seconds}",
            "text": " ".join(text),
        }


def make_jsonl(path: Path, n: int) -> None:
    """The messages as JSON Lines."""
    with path.open("wb") as stream:
        stream.writelines(orjson.dumps(m) + b"\n" for m in messages(n))


def make_csv(path: Path, n: int) -> None:
    """The messages as CSV."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write("thread_id,sender_id,sent_at,text\n")
        for m in messages(n):
            stream.write(f'{m["thread_id"]},{m["sender_id"]},{m["sent_at"]},"{m["text"]}"\n')


def make_whatsapp(path: Path, n: int) -> None:
    """The messages as WhatsApp for Android keeps them (2022 and later)."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            PRAGMA synchronous = OFF;
            CREATE TABLE jid (_id INTEGER PRIMARY KEY, raw_string TEXT);
            CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);
            CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,
                key_id TEXT, sender_jid_row_id INTEGER, timestamp INTEGER, message_type INTEGER,
                text_data TEXT);
            """
        )
        db.executemany(
            "INSERT INTO jid VALUES (?, ?)", ((k + 1, JID.format(k)) for k in range(5000))
        )
        db.executemany(
            "INSERT INTO chat VALUES (?, ?, NULL)", ((k + 1, k + 1) for k in range(5000))
        )
        rows = (
            (1 + int(m["thread_id"][1:]), k & 1, f"{k:032X}", START_MS + k * 7000, m["text"])
            for k, m in enumerate(messages(n))
        )
        db.executemany(
            "INSERT INTO message (chat_row_id, from_me, key_id, sender_jid_row_id, timestamp, "
            "message_type, text_data) VALUES (?, ?, ?, 0, ?, 0, ?)",
            rows,
        )
        db.commit()


# ---- adding ----


class Bench:
    """A folder to work in, and what is measured there."""

    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder = folder
        self.repeat = repeat
        self._numbers = count()

    def new(self, name: str) -> Path:
        """A path that does not exist yet."""
        return self.folder / f"{next(self._numbers)}-{name}"

    def case(self) -> Path:
        """A new, empty case."""
        folder = self.new("case")
        Workspace.create(folder, mandate(), clock=Clock())
        return folder

    def add(self, path: Path, rows: int) -> Path:
        """Add one file to a case of its own; every row must be there."""
        folder = self.case()
        [added] = Workspace.open(folder, clock=Clock()).add([path])
        assert added.error is None, added.error
        assert added.exhibit is not None
        assert added.exhibit.tables["message"]["rows"] == rows
        return folder

    def adding(self, n: int) -> Iterator[Line]:
        """Messages from each format."""
        file = self.folder / "messages.jsonl"
        make_jsonl(file, n)
        for peer, run in (
            ("orjson, line by line", lambda: read_lines(file, n)),
            (
                "DuckDB, JSON to Parquet",
                lambda: duck(f"read_json('{file}')", self.new("x.parquet")),
            ),
        ):
            yield self._adding("add JSON Lines", file, n, peer, run)
        file.unlink()
        table = self.folder / "messages.csv"
        make_csv(table, n)
        yield self._adding(
            "add CSV",
            table,
            n,
            "DuckDB, CSV to Parquet",
            lambda: duck(f"read_csv('{table}')", self.new("x.parquet")),
        )
        table.unlink()
        database = self.folder / "msgstore.db"
        make_whatsapp(database, n)
        yield self._adding(
            "add msgstore.db", database, n, "sqlite3, same rows", lambda: read_database(database, n)
        )
        folder = self.add(database, n)
        rooms = (folder / "evidence", folder / "tables")
        files = [p for room in rooms for p in room.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files) >> 10
        yield beside(
            "verify a case's files",
            size,
            "KiB",
            ours=lambda: verify_case(folder).ok or 1 / 0,
            peer="sha256sum",
            theirs=lambda: subprocess.run(["sha256sum", *files], check=True, capture_output=True),
            repeat=self.repeat,
        )

    def _adding(
        self, task: str, file: Path, n: int, peer: str, theirs: Callable[[], object]
    ) -> Line:
        return beside(
            task,
            n,
            "messages",
            ours=lambda: self.add(file, n),
            peer=peer,
            theirs=theirs,
            repeat=self.repeat,
        )

    # ---- the ledger ----

    def ledger(self, entries: int) -> Iterator[Line]:
        """Entries written one by one, then many at a time, then verified."""
        few = max(min(entries // 2000, 500), 20)
        yield beside(
            "ledger, one by one",
            few,
            "entries",
            ours=lambda: self._append(few, 1),
            peer="write and fsync a line",
            theirs=lambda: synced_lines(self.new("log"), few),
            repeat=self.repeat,
        )
        many = min(entries, 50_000)
        yield beside(
            "ledger, by thousands",
            many,
            "entries",
            ours=lambda: self._append(many, 1000),
            peer="JSON lines, fsync by 1000",
            theirs=lambda: synced_lines(self.new("log"), many, every=1000),
            repeat=self.repeat,
        )
        folder = self._append(entries, 5000)
        log = folder / "ledger" / "entries.jsonl"
        yield beside(
            "ledger verify",
            entries,
            "entries",
            ours=lambda: verify(folder).ok or 1 / 0,
            peer="json.loads and sha256 a line",
            theirs=lambda: hashed_lines(log, entries),
            repeat=self.repeat,
        )

    def _append(self, entries: int, batch: int) -> Path:
        folder = self.new("ledger")
        folder.mkdir()
        ledger = Ledger.create(folder, folder.name)
        draft = Draft("consultation", "only", "show", "A1", reason="PR/2026/0417", data={"rows": 7})
        for start in range(0, entries, batch):
            ledger.append(*[draft] * min(batch, entries - start))
        assert ledger.size == entries
        return folder


# ---- peers ----


def read_lines(path: Path, n: int) -> None:
    """Parse each line, keep nothing."""
    with path.open("rb") as stream:
        assert sum(1 for _ in map(orjson.loads, stream)) == n


def duck(source: str, target: Path) -> None:
    """Let DuckDB convert, on as many threads as Faisceau uses."""
    with duckdb.connect(config={"threads": 2}) as db:
        db.execute(f"COPY (FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def read_database(path: Path, n: int) -> None:
    """Fetch the rows that a message is made of."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(
            "SELECT m._id, j.raw_string, from_me, key_id, timestamp, message_type, text_data "
            "FROM message m JOIN chat c ON c._id = chat_row_id JOIN jid j ON j._id = c.jid_row_id"
        ).fetchall()
    assert len(rows) == n


def synced_lines(path: Path, n: int, every: int = 1) -> None:
    """Write JSON lines to a file, synced after each ``every``; unsigned, unchained."""
    value = {"operation": "consultation", "phase": "only", "act": "show", "data": {"rows": 7}}
    with path.open("wb", buffering=0) as stream:
        for start in range(0, n, every):
            lines = [
                json.dumps({"number": start + k, **value}).encode() + b"\n" for k in range(every)
            ]
            stream.write(b"".join(lines))
            os.fsync(stream.fileno())


def hashed_lines(path: Path, n: int) -> None:
    """Parse and hash each line: the least that a check of them costs in Python."""
    seen = 0
    with path.open("rb") as stream:
        for line in stream:
            json.loads(line)
            hashlib.sha256(line).digest()
            seen += 1
    assert seen == n


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=500_000, metavar="N")
    parser.add_argument("--entries", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--only", choices=["adding", "ledger"])
    args = parser.parse_args()
    heads = ("task", "of", "Faisceau", "peer", "peer's", "times its time")
    widths = (22, 20, 12, 28, 12, 14)
    print("  ".join(f"{h:{w}}" for h, w in zip(heads, widths, strict=True)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FAISCEAU_HOME"] = str(folder / "home")
        bench = Bench(folder, args.repeat)
        for part, lines in (
            ("adding", bench.adding(args.messages)),
            ("ledger", bench.ledger(args.entries)),
        ):
            if args.only in (None, part):
                for line in lines:
                    cells = zip(line.cells(), widths, strict=True)
                    print("  ".join(f"{cell:{w}}" for cell, w in cells), flush=True)


if __name__ == "__main__":
    main()
