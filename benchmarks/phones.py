"""Phones: rows per second of readers, each beside the plainest program that reads the same rows.

Each line reads one file with a reader of Faisceau (rows as they go to the tables, nothing stored),
and with a peer: a bare ``sqlite3``, ``lxml``, ``ijson``, ``calamine`` or standard library read of
the same rows, or whatstk where it is installed. Same file, same run, one after the other; medians
of three. What counts is the ratio: times on a shared machine say little.

Run: ``.venv/bin/python benchmarks/phones.py --rows 50000 --report-mb 200``
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.append(str(Path(__file__).parents[1]))  # this folder is a package, run as a script or not

from benchmarks import phone_databases as db
from benchmarks import phone_documents as docs

from faisceau.case.plugins import plugins
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch


@dataclass(frozen=True, slots=True)
class Task:
    """One format: how a file of n rows is written, and how a peer reads it (rows read)."""

    reader: str
    name: str
    write: Callable[[Path, int], None]
    peer: str
    read: Callable[[Path], int]


def every(table: str) -> Callable[[Path], int]:
    """A peer that fetches every row of a table."""
    return db.fetched(f"SELECT * FROM {table}")


TASKS = (
    Task("whatsapp_android", "msgstore.db", db.msgstore, "sqlite3", db.fetched(db.MSGSTORE)),
    Task("whatsapp_contacts", "wa.db", db.wa_contacts, "sqlite3", every("wa_contacts")),
    Task(
        "whatsapp_ios",
        "ChatStorage.sqlite",
        db.chat_storage,
        "sqlite3",
        db.fetched(db.CHAT_STORAGE),
    ),
    Task(
        "whatsapp_export", "WhatsApp Chat with Max.txt", docs.export, "whatstk", docs.whatstk_read
    ),
    Task("telegram_android", "cache4.db", db.cache4, "sqlite3", every("messages_v2")),
    Task(
        "telegram_desktop", "result.json", docs.telegram, "ijson", docs.json_items("messages.item")
    ),
    Task(
        "telegram_html",
        "messages.html",
        docs.telegram_page,
        "lxml",
        docs.blocks(".//div[@class='body']"),
    ),
    Task("signal_android", "database.sqlite", db.signal_android, "sqlite3", db.fetched(db.SIGNAL)),
    Task(
        "signal_desktop", "db.sqlite", db.signal_desktop, "sqlite3", db.fetched(db.SIGNAL_DESKTOP)
    ),
    Task(
        "meta_messages", "message_1.json", docs.messenger, "ijson", docs.json_items("messages.item")
    ),
    Task(
        "meta_html",
        "message_1.html",
        docs.messenger_page,
        "lxml",
        docs.blocks(".//div[@class='_2ph_ _a6-p']"),
    ),
    Task(
        "meta_profile",
        "your_friends.json",
        docs.friends,
        "ijson",
        docs.json_items("friends_v2.item"),
    ),
    Task("snapchat", "chat_history.json", docs.snaps, "ijson", docs.json_items("p0.item")),
    Task(
        "google_takeout", "Records.json", docs.records, "ijson", docs.json_items("locations.item")
    ),
    Task("skype", "main.db", db.skype, "sqlite3", db.fetched(db.SKYPE)),
    Task("android_sms", "mmssms.db", db.mmssms, "sqlite3", every("sms")),
    Task("android_messages", "bugle_db", db.bugle, "sqlite3", db.fetched(db.BUGLE)),
    Task("android_calls", "calllog.db", db.calllog, "sqlite3", every("calls")),
    Task("android_contacts", "contacts2.db", db.contacts2, "sqlite3", db.fetched(db.CONTACTS2)),
    Task("sms_backup_restore", "sms.xml", docs.sms_xml, "lxml", docs.xml_elements("sms")),
    Task("ios_sms", "sms.db", db.sms_db, "sqlite3", db.fetched(db.SMS_DB)),
    Task("ios_calls", "CallHistory.storedata", db.call_history, "sqlite3", every("ZCALLRECORD")),
    Task(
        "ios_contacts",
        "AddressBook.sqlitedb",
        db.address_book,
        "sqlite3",
        db.fetched(db.ADDRESS_BOOK),
    ),
    Task("cellebrite_xml", "report.xml", docs.cellebrite, "lxml", docs.xml_elements("model")),
    Task("cellebrite_excel", "report.xlsx", docs.cellebrite_book, "calamine", docs.sheet_read),
    Task("oxygen_xml", "oxygen.xlsx", docs.oxygen_book, "calamine", docs.sheet_read),
    Task("msab_xry", "Messages-SMS.txt", docs.xry, "split", docs.xry_read),
    Task("mail_mbox", "mail.mbox", docs.mbox, "mailbox", docs.mbox_read),
    Task("vcard", "contacts.vcf", docs.cards, "vobject", docs.cards_read),
    Task("native_csv", "messages.csv", docs.table, "csv", docs.table_read),
    Task("native_jsonl", "messages.jsonl", docs.lines, "orjson", docs.lines_read),
    Task("native_parquet", "messages.parquet", docs.parquet, "arrow", docs.parquet_read),
    Task("native_xlsx", "messages.xlsx", docs.workbook, "calamine", docs.sheet_read),
)
"""Mails and cards are ten times fewer. Readers of one item a file (``mail_eml``, ``mail_msg``,
``ios_handset``) have no rows a second."""


def ours(reader: str, path: Path) -> int:
    """Read a file with one of our readers; how many rows it gave."""
    member = Member(
        path.name, path.stat().st_size, lambda: path.open("rb"), lambda: path, lambda: "0" * 64
    )
    module = plugins().readers[reader]
    assert module.detect(Head.of(member)), f"{reader} does not know {path.name}"
    source, rows, refused = Source(member), 0, 0
    for item, _ in read_rows(module, source):
        if isinstance(item, Batch):
            rows += int(item.columns.num_rows)
            if item.reasons is not None:
                refused += len(item.reasons) - int(item.reasons.null_count)
        else:
            rows += 1
    refused += len(source.tally.rejects)
    assert not refused, f"{reader} rejects {refused} rows of {path.name}"
    return rows


def timed(work: Callable[[], int], repeat: int) -> tuple[float, int]:
    """Median seconds of some runs, and what the last one gave."""
    times, gave = [], 0
    for _ in range(repeat):
        begin = perf_counter()
        gave = work()
        times.append(perf_counter() - begin)
    return statistics.median(times), gave


PEAK = """
from pathlib import Path
from benchmarks.phones import ours
rows = ours("cellebrite_xml", Path({path!r}))
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(rows, peak)
"""
"""Linux: the peak of the process itself (``ru_maxrss`` begins with that of its parent)."""


def report_memory(folder: Path, megabytes: int) -> None:
    """Peak memory of reading a report of about that size, in a process of its own."""
    path = folder / "large.xml"
    docs.cellebrite(path, megabytes * 2880)
    code, root = PEAK.format(path=str(path)), Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    rows, peak = map(int, done.stdout.split())
    size = path.stat().st_size >> 20
    print(f"\nCellebrite report of {size} MB: {rows:,} rows, peak {peak >> 10} MB")


def line(task: Task, path: Path, repeat: int) -> str:
    """One line of the table; the peer is absent where its library is not installed."""
    mine, rows = timed(lambda: ours(task.reader, path), repeat)
    said = f"{task.reader:20} {rows:8} {rows / mine:10,.0f} {task.peer:>9}"
    try:
        theirs, read = timed(lambda: task.read(path), repeat)
    except ImportError:
        return f"{said}   (absent)"
    return f"{said} {read / theirs:10,.0f} {mine / theirs:6.1f}"


def main(argv: Sequence[str] | None = None) -> None:
    """Print one line a format, then the memory of a large report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--report-mb", type=int, default=200, metavar="MB")
    parser.add_argument("--only", nargs="+", metavar="READER")
    args = parser.parse_args(argv)
    print(f"{'reader':20} {'rows':>8} {'rows/s':>10} {'peer':>9} {'rows/s':>10} {'ratio':>6}")
    plugins()  # once, before any is timed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in TASKS:
            if args.only and task.reader not in args.only:
                continue
            path = folder / task.name
            task.write(path, args.rows)
            print(line(task, path, args.repeat), flush=True)
            path.unlink()
        if args.report_mb:
            report_memory(folder, args.report_mb)


if __name__ == "__main__":
    main()
