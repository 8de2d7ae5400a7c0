"""Phones: rows per second of readers, each beside the plainest program that reads the same rows.

Each line reads one file with a reader of Faisceau (rows as they go to the tables, nothing stored),
and with a peer: a bare ``sqlite3``, ``lxml``, ``ijson`` or standard library read of the same
fields, or whatstk where it is installed. Same file, same run, one after the other; medians. What
counts is the ratio: times on a shared machine say little.

Run: ``.venv/bin/python benchmarks/phones.py --rows 50000 --report-mb 200``
"""

import argparse
import csv
import json
import mailbox
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from time import perf_counter
from xml.sax.saxutils import quoteattr

import ijson
import vobject
from lxml import etree

from faisceau.case.plugins import plugins
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch

TALK = (
    "ok oui non demain ce soir je suis là tu viens quand à la maison merci bisous on se voit vers "
    "le train est en retard mdr t'inquiète j'arrive dans dix minutes appelle moi 18h30 2 places"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One format: how a file of n rows is written, and how a peer reads it (rows read)."""

    reader: str
    name: str
    write: Callable[[Path, int], None]
    peer: str
    read: Callable[[Path], int]


def texts(n: int) -> Iterator[tuple[int, int, datetime, str]]:
    """Number, person, moment and words of n messages."""
    chance, words = random.Random(7), TALK.split()
    for k in range(n):
        at = START + timedelta(seconds=37 * k)
        yield k, chance.randrange(PEOPLE), at, " ".join(chance.choices(words, k=8))


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def number(person: int) -> str:
    """A telephone number of nobody."""
    return f"+3363998{person:04}"


def filled(path: Path, script: str, insert: str, rows: Iterator[tuple[object, ...]]) -> None:
    """A SQLite database: its schema, then rows."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
        db.executemany(insert, rows)
        db.commit()


def fetched(query: str) -> Callable[[Path], int]:
    """A peer that fetches every row of a query."""

    def read(path: Path) -> int:
        with closing(sqlite3.connect(path)) as db:
            return len(db.execute(query).fetchall())

    return read


def msgstore(path: Path, n: int) -> None:
    """WhatsApp for Android, the newer schema."""
    script = (
        "CREATE TABLE jid (_id INTEGER PRIMARY KEY, raw_string TEXT);"
        "CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);"
        "CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,"
        " key_id TEXT, sender_jid_row_id INTEGER, timestamp INTEGER, message_type INTEGER,"
        " text_data TEXT);"
    ) + "".join(
        f"INSERT INTO jid VALUES ({p + 1}, '3363998{p:04}@s.whatsapp.net');"
        f"INSERT INTO chat VALUES ({p + 1}, {p + 1}, NULL);"
        for p in range(PEOPLE)
    )
    rows = ((p + 1, k & 1, f"{k:032X}", ms(at), text) for k, p, at, text in texts(n))
    filled(
        path,
        script,
        "INSERT INTO message (chat_row_id, from_me, key_id, sender_jid_row_id, timestamp,"
        " message_type, text_data) VALUES (?, ?, ?, 0, ?, 0, ?)",
        iter(rows),
    )


def mmssms(path: Path, n: int) -> None:
    """Text messages of Android."""
    script = (
        "CREATE TABLE canonical_addresses (_id INTEGER PRIMARY KEY, address TEXT);"
        "CREATE TABLE threads (_id INTEGER PRIMARY KEY, date INTEGER, recipient_ids TEXT);"
        "CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT,"
        " date INTEGER, date_sent INTEGER, protocol INTEGER, read INTEGER, status INTEGER,"
        " type INTEGER, subject TEXT, body TEXT, service_center TEXT);"
        "CREATE TABLE pdu (_id INTEGER PRIMARY KEY, thread_id INTEGER, date INTEGER,"
        " msg_box INTEGER, m_id TEXT, sub TEXT, m_type INTEGER);"
        "CREATE TABLE part (_id INTEGER PRIMARY KEY, mid INTEGER, seq INTEGER, ct TEXT,"
        " _data TEXT, text TEXT);"
        "CREATE TABLE addr (_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);"
    ) + "".join(
        f"INSERT INTO canonical_addresses VALUES ({p + 1}, '{number(p)}');"
        f"INSERT INTO threads VALUES ({p + 1}, 0, '{p + 1}');"
        for p in range(PEOPLE)
    )
    rows = ((p + 1, number(p), ms(at), 1 + (k & 1), text) for k, p, at, text in texts(n))
    filled(
        path,
        script,
        "INSERT INTO sms (thread_id, address, date, type, body) VALUES (?, ?, ?, ?, ?)",
        iter(rows),
    )


def sms_db(path: Path, n: int) -> None:
    """Messages of an iPhone."""
    script = (
        "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT,"
        " handle_id INTEGER, attributedBody BLOB, service TEXT, account TEXT, date INTEGER,"
        " is_from_me INTEGER);"
        "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT, service TEXT);"
        "CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT);"
        "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER,"
        " PRIMARY KEY (chat_id, message_id));"
        "CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);"
        "CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, filename TEXT);"
        "CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);"
    ) + "".join(
        f"INSERT INTO handle VALUES ({p + 1}, '{number(p)}', 'iMessage');"
        f"INSERT INTO chat VALUES ({p + 1}, 'iMessage;-;{number(p)}', '{number(p)}');"
        f"INSERT INTO chat_handle_join VALUES ({p + 1}, {p + 1});"
        for p in range(PEOPLE)
    )
    epoch = datetime(2001, 1, 1, tzinfo=UTC)
    rows = (
        (f"G{k}", text, p + 1, int((at - epoch).total_seconds()) * 10**9, k & 1)
        for k, p, at, text in texts(n)
    )
    filled(
        path,
        script,
        "INSERT INTO message (guid, text, handle_id, service, date, is_from_me)"
        " VALUES (?, ?, ?, 'iMessage', ?, ?)",
        iter(rows),
    )
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO chat_message_join SELECT handle_id, ROWID FROM message")
        db.commit()


def export(path: Path, n: int) -> None:
    """A chat exported by WhatsApp."""
    with path.open("w", encoding="utf-8") as file:
        for _, p, at, text in texts(n):
            file.write(f"{at:%d/%m/%Y, %H:%M} - Personne {p % 4}: {text}\n")


def whatstk_read(path: Path) -> int:
    """whatstk's own reading of an export."""
    from whatstk import WhatsAppChat  # type: ignore[import-not-found]

    chat = WhatsAppChat.from_source(str(path), hformat="%d/%m/%y, %H:%M - %name:")
    return len(chat.df)


def telegram(path: Path, n: int) -> None:
    """One chat of Telegram Desktop."""
    messages = [
        {
            "id": k,
            "type": "message",
            "date": at.replace(tzinfo=None).isoformat(),
            "date_unixtime": str(int(at.timestamp())),
            "from": f"Personne {p % 4}",
            "from_id": f"user{p % 4}",
            "text": text,
        }
        for k, p, at, text in texts(n)
    ]
    chat = {"name": "Max", "type": "personal_chat", "id": 7, "messages": messages}
    path.write_text(json.dumps(chat, ensure_ascii=False), encoding="utf-8")


def messenger(path: Path, n: int) -> None:
    """One chat of Messenger, mis-encoded as Meta's archives are."""
    messages = [
        {
            "sender_name": f"Personne {p % 4}",
            "timestamp_ms": ms(at),
            "content": text.encode().decode("latin-1"),
        }
        for _, p, at, text in texts(n)
    ]
    people = [{"name": f"Personne {p}"} for p in range(4)]
    chat = {"participants": people, "messages": messages, "title": "Max", "thread_path": "inbox/x"}
    path.write_text(json.dumps(chat), encoding="utf-8")


def json_items(path: Path) -> int:
    """A peer that parses each message of a chat."""
    with path.open("rb") as file:
        return sum(1 for _ in ijson.items(file, "messages.item"))


def sms_xml(path: Path, n: int) -> None:
    """SMS Backup & Restore."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f"<?xml version='1.0' encoding='UTF-8'?>\n<smses count=\"{n}\">\n")
        for k, p, at, text in texts(n):
            file.write(
                f'<sms protocol="0" address="{number(p)}" date="{ms(at)}" type="{1 + (k & 1)}" '
                f'subject="null" body={quoteattr(text)} read="1" status="-1" />\n'
            )
        file.write("</smses>\n")


def cellebrite(path: Path, n: int) -> None:
    """A report with one chat of instant messages."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<project xmlns="http://pa.cellebrite.com/report/2.0" name="x"><decodedData>'
            '<modelType type="Chat"><model type="Chat" id="c1"><field name="Source">'
            '<value>WhatsApp</value></field><field name="Id"><value>t1</value></field>'
            '<multiModelField name="Messages" type="InstantMessage">\n'
        )
        for k, p, at, text in texts(n):
            file.write(
                f'<model type="InstantMessage" id="m{k}" deleted_state="Intact">'
                '<modelField name="From" type="Party"><model type="Party"><field name="Identifier">'
                f"<value>{number(p)}</value></field></model></modelField>"
                f'<field name="Body"><value>{text}</value></field><field name="TimeStamp">'
                f"<value>{at.isoformat()}</value></field></model>\n"
            )
        file.write("</multiModelField></model></modelType></decodedData></project>\n")


def xml_elements(tag: str) -> Callable[[Path], int]:
    """A peer that parses a document and frees each element of one name."""

    def read(path: Path) -> int:
        found = 0
        for _, element in etree.iterparse(path, events=("end",), tag=f"{{*}}{tag}"):
            found += 1
            element.clear()
        return found

    return read


def mbox(path: Path, n: int) -> None:
    """A mailbox, by the standard library."""
    box = mailbox.mbox(path)
    for k, p, at, text in texts(n // 10):
        mail = EmailMessage()
        mail["From"], mail["To"] = f"p{p}@example.org", "me@example.org"
        mail["Date"], mail["Subject"] = at, f"Message {k}"
        mail["Message-ID"] = f"<{k}@example.org>"
        mail.set_content(text)
        box.add(mail)
    box.close()


def mbox_read(path: Path) -> int:
    """The standard library's own reading: each mail parsed, its text decoded."""
    return sum(len(mail.get_payload(decode=True) or b"") > 0 for mail in mailbox.mbox(path))


def cards(path: Path, n: int) -> None:
    """An address book, by vobject."""
    with path.open("w", encoding="utf-8") as file:
        for k in range(n // 10):
            card = vobject.vCard()
            card.add("fn").value = f"Personne {k}"
            card.add("tel").value = number(k % PEOPLE)
            file.write(card.serialize())


def cards_read(path: Path) -> int:
    """vobject's own reading."""
    return sum(1 for _ in vobject.readComponents(path.read_text(encoding="utf-8")))


def table(path: Path, n: int) -> None:
    """Messages as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["app", "sender_id", "recipients", "sent_at", "text"])
        for _, p, at, text in texts(n):
            rows.writerow(["x", number(p), number(p + 1), at.isoformat(), text])


def table_read(path: Path) -> int:
    """The standard library's own reading."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


MSGSTORE = (
    "SELECT m._id, j.raw_string, from_me, key_id, timestamp, message_type, text_data FROM message m"
    " JOIN chat c ON c._id = chat_row_id JOIN jid j ON j._id = c.jid_row_id"
)
SMS_DB = (
    "SELECT m.ROWID, guid, text, m.service, date, is_from_me, h.id, j.chat_id FROM message m"
    " LEFT JOIN handle h ON h.ROWID = handle_id"
    " LEFT JOIN chat_message_join j ON j.message_id = m.ROWID"
)
TASKS = (
    Task("whatsapp_android", "msgstore.db", msgstore, "sqlite3", fetched(MSGSTORE)),
    Task("android_sms", "mmssms.db", mmssms, "sqlite3", fetched("SELECT * FROM sms")),
    Task("ios_sms", "sms.db", sms_db, "sqlite3", fetched(SMS_DB)),
    Task("whatsapp_export", "WhatsApp Chat with Max.txt", export, "whatstk", whatstk_read),
    Task("telegram_desktop", "result.json", telegram, "ijson", json_items),
    Task("meta_messages", "message_1.json", messenger, "ijson", json_items),
    Task("sms_backup_restore", "sms.xml", sms_xml, "lxml", xml_elements("sms")),
    Task("cellebrite_xml", "report.xml", cellebrite, "lxml", xml_elements("model")),
    Task("mail_mbox", "mail.mbox", mbox, "mailbox", mbox_read),
    Task("vcard", "contacts.vcf", cards, "vobject", cards_read),
    Task("native_csv", "messages.csv", table, "csv", table_read),
)


def ours(reader: str, path: Path) -> int:
    """Read a file with one of our readers; how many rows it gave."""
    member = Member(
        path.name, path.stat().st_size, lambda: path.open("rb"), lambda: path, lambda: "0" * 64
    )
    module = plugins().readers[reader]
    assert module.detect(Head.of(member)), f"{reader} does not know {path.name}"
    return sum(
        item.columns.num_rows if isinstance(item, Batch) else 1
        for item, _ in read_rows(module, Source(member))
    )


def timed(work: Callable[[], int], repeat: int) -> tuple[float, int]:
    """Median seconds of some runs, and what the last one gave."""
    times, gave = [], 0
    for _ in range(repeat):
        begin = perf_counter()
        gave = work()
        times.append(perf_counter() - begin)
    return statistics.median(times), gave


def report_memory(folder: Path, megabytes: int) -> None:
    """Peak memory of reading a report of that size, in a process of its own."""
    path = folder / "large.xml"
    cellebrite(path, megabytes * 2300)
    size = path.stat().st_size >> 20
    code = (
        f"import phones, pathlib; print(phones.ours('cellebrite_xml', pathlib.Path({str(path)!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, check=True
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"\nCellebrite report of {size} MB: {int(done.stdout):,} rows, peak {peak} MB")


def main() -> None:
    """Print one line a format, then the memory of a large report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--report-mb", type=int, default=200)
    options = parser.parse_args()
    print(f"{'reader':20} {'rows':>8} {'rows/s':>10} {'peer':>9} {'rows/s':>10} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for task in TASKS:
            path = folder / task.name
            task.write(path, options.rows)
            mine, rows = timed(lambda t=task, p=path: ours(t.reader, p), options.repeat)  # type: ignore[misc]
            try:
                theirs, read = timed(lambda t=task, p=path: t.read(p), options.repeat)  # type: ignore[misc]
            except ImportError:
                print(f"{task.reader:20} {rows:8} {rows / mine:10,.0f} {task.peer:>9}   (absent)")
                continue
            print(
                f"{task.reader:20} {rows:8} {rows / mine:10,.0f} {task.peer:>9} "
                f"{read / theirs:10,.0f} {mine / theirs:6.1f}"
            )
        report_memory(folder, options.report_mb)


if __name__ == "__main__":
    main()
