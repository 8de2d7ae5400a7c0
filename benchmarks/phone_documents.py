"""Exports, reports and tables, written by the format's own library or form, and their peers.

Written for ``phones.py``; where each form is published stands in the reader's docstring.
"""

import csv
import json
import mailbox
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from xml.sax.saxutils import quoteattr

import ijson
import openpyxl
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import vobject
from benchmarks.phone_talk import PEOPLE, ms, number, texts
from lxml import etree, html
from python_calamine import CalamineWorkbook


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


def json_items(prefix: str) -> Callable[[Path], int]:
    """A peer that parses each item of a list."""

    def read(path: Path) -> int:
        with path.open("rb") as file:
            return sum(1 for _ in ijson.items(file, prefix))

    return read


def friends(path: Path, n: int) -> None:
    """Who a Facebook account is friends with."""
    people = [{"name": f"Personne {k}", "timestamp": ms(at) // 1000} for k, _, at, _ in texts(n)]
    path.write_text(json.dumps({"friends_v2": people}), encoding="utf-8")


def snaps(path: Path, n: int) -> None:
    """One conversation of Snapchat."""
    said = [
        {
            "From": f"p{p % 2}",
            "Media Type": "TEXT",
            "Created": f"{at:%Y-%m-%d %H:%M:%S} UTC",
            "Content": text,
            "Conversation Title": None,
            "IsSender": bool(p % 2),
            "Created(microseconds)": ms(at),
            "IsSaved": True,
            "Media IDs": "",
        }
        for _, p, at, text in texts(n)
    ]
    path.write_text(json.dumps({"p0": said}), encoding="utf-8")


def records(path: Path, n: int) -> None:
    """Google's Location History."""
    places = [
        {
            "latitudeE7": 488500000 + p,
            "longitudeE7": 23500000 + k % 1000,
            "accuracy": 12,
            "source": "WIFI",
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
        }
        for k, p, at, _ in texts(n)
    ]
    path.write_text(json.dumps({"locations": places}), encoding="utf-8")


def telegram_page(path: Path, n: int) -> None:
    """One chat of Telegram Desktop, as HTML."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<!DOCTYPE html>\n<html><head><meta charset="utf-8"/><title>Exported Data</title>'
            '</head><body onload="CheckLocation();"><div class="page_wrap">'
            '<div class="page_header"><div class="content"><div class="text bold">Max</div></div>'
            '</div><div class="page_body chat_page"><div class="history">\n'
        )
        for k, p, at, text in texts(n):
            file.write(
                f'<div class="message default clearfix" id="message{k}"><div class="body">'
                '<div class="pull_right date details" '
                f'title="{at:%d.%m.%Y %H:%M:%S} UTC+00:00">{at:%H:%M}</div>'
                f'<div class="from_name">Personne {p % 4}</div>'
                f'<div class="text">{text}</div></div></div>\n'
            )
        file.write("</div></div></div></body></html>\n")


def messenger_page(path: Path, n: int) -> None:
    """One chat of Messenger, as HTML (2022)."""
    box = "<div><div></div><div>{}</div><div></div><div></div></div>"
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />'
            '<base href="../../../" /><title>Max</title></head><body class="_5vb_ _2yq _a705">'
            '<div class="clearfix _ikh"><div role="main"><div class="_3-8y _3-95">\n'
        )
        for _, p, at, text in texts(n):
            file.write(
                '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder">'
                f'<div class="_2ph_ _a6-h _a6-i">Personne {p % 4}</div>'
                f'<div class="_2ph_ _a6-p">{box.format(text)}</div><div class="_3-94 _a6-o">'
                f'<div class="_a72d">{at:%b %d, %Y %I:%M:%S %p}</div></div></div>\n'
            )
        file.write("</div></div></div></body></html>\n")


def blocks(xpath: str) -> Callable[[Path], int]:
    """A peer that parses a page whole and takes the text of each message."""

    def read(path: Path) -> int:
        page = html.parse(path).getroot()
        return sum(1 for block in page.iterfind(xpath) if block.text_content())

    return read


def xry(path: Path, n: int) -> None:
    """Text messages exported by XRY."""
    with path.open("w", encoding="utf-8") as file:
        file.write("XRY Export\n2026-01-02 13:00\nMessages/SMS\n\n\n")
        for k, p, at, text in texts(n):
            file.write(
                f"Messages-SMS #\t{k + 1}\nText:\t{text}\n"
                f"Time:\t{at.month}/{at.day}/{at.year} {at:%I:%M:%S %p} UTC\nType:\tDeliver\n"
                f"From\nTel:\t{number(p)}\nStatus:\tRead\nFolder:\tInbox\n\n"
            )


def xry_read(path: Path) -> int:
    """A peer that splits entities into keys and values."""
    found, values = 0, dict[str, str]()
    with path.open(encoding="utf-8") as file:
        for line in file:
            key, tab, value = line.rstrip("\n").partition("\t")
            if tab:
                values[key] = value
            elif values and not key:
                found, values = found + 1, {}
    return found


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
    """A report with instant messages, 10,000 to a chat."""
    end = "</multiModelField></model>\n"
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<project xmlns="http://pa.cellebrite.com/report/2.0" name="x"><decodedData>'
            '<modelType type="Chat">\n'
        )
        for k, p, at, text in texts(n):
            if k % 10_000 == 0:
                file.write(
                    f'{end if k else ""}<model type="Chat" id="c{k}"><field name="Source">'
                    f'<value>WhatsApp</value></field><field name="Id"><value>t{k}</value></field>'
                    '<multiModelField name="Messages" type="InstantMessage">\n'
                )
            file.write(
                f'<model type="InstantMessage" id="m{k}" deleted_state="Intact">'
                '<modelField name="From" type="Party"><model type="Party"><field name="Identifier">'
                f"<value>{number(p)}</value></field></model></modelField>"
                f'<field name="Body"><value>{text}</value></field><field name="TimeStamp">'
                f"<value>{at.isoformat()}</value></field></model>\n"
            )
        file.write(f"{end if n else ''}</modelType></decodedData></project>\n")


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


def rows_of(n: int) -> Iterator[dict[str, str | datetime]]:
    """Messages under native headers."""
    for _, p, at, text in texts(n):
        yield {"app": "x", "sender_id": number(p), "sent_at": at, "text": text}


def lines(path: Path, n: int) -> None:
    """Messages as JSON Lines, by orjson."""
    with path.open("wb") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in rows_of(n))


def lines_read(path: Path) -> int:
    """orjson, line by line."""
    with path.open("rb") as file:
        return sum(1 for _ in map(orjson.loads, file))


def parquet(path: Path, n: int) -> None:
    """Messages as Parquet, by Arrow."""
    pq.write_table(pa.Table.from_pylist(list(rows_of(n))), path)


def parquet_read(path: Path) -> int:
    """Arrow's own reading."""
    rows: int = pq.read_table(path).num_rows
    return rows


def sheet(path: Path, name: str, rows: Iterator[list[object]]) -> None:
    """A workbook of one sheet, by openpyxl."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(name)
    for row in rows:
        page.append(row)
    book.save(path)


def workbook(path: Path, n: int) -> None:
    """Messages as a spreadsheet."""
    rows: Iterator[list[object]] = (
        ["x", number(p), at.replace(tzinfo=None), text] for _, p, at, text in texts(n)
    )
    sheet(path, "Messages", _after(["app", "sender_id", "sent_at", "text"], rows))


def cellebrite_book(path: Path, n: int) -> None:
    """Chats of a Cellebrite report in Excel."""
    heads = ["#", "Chat #", "Identifier", "Participants", "Source", "Instant Message #"]
    heads += ["From", "Body", "Timestamp: Date", "Timestamp: Time"]
    people = f"{number(1)} Bob\n{number(2)} Moi (owner)"
    said: Iterator[list[object]] = (
        [
            *(k + 1, 1, "g-17", people, "WhatsApp", k + 1, f"{number(p)} Bob", text),
            *(f"{at:%d/%m/%Y}", f"{at:%d/%m/%Y %H:%M:%S}(UTC+0)"),
        ]
        for k, p, at, text in texts(n)
    )
    sheet(path, "Chats", _after([f"Chats ({n})"], _after(heads, said)))


def oxygen_book(path: Path, n: int) -> None:
    """Messages exported by Oxygen."""
    heads = ["#", "Direction", "Source", "Type", "Time stamp (UTC 0)", "Text", "From", "To"]
    heads += ["Details", "Thread id", "Attachment"]
    said: Iterator[list[object]] = (
        [
            *(k + 1, "Incoming", "WhatsApp Messenger", "Message", f"{at:%Y-%m-%d %H:%M:%S}", text),
            *(f"Bob <{number(p)}>", "Moi <33622@s.whatsapp.net>", f"Message ID: A{k}", "t", None),
        ]
        for k, p, at, text in texts(n)
    )
    sheet(path, "Messages ", _after(heads, said))


def _after(heads: list[str], rows: Iterator[list[object]]) -> Iterator[list[object]]:
    yield [*heads]
    yield from rows


def sheet_read(path: Path) -> int:
    """calamine's own reading, past the header."""
    book = CalamineWorkbook.from_path(path)
    return sum(1 for _ in book.get_sheet_by_index(0).to_python()) - 1
