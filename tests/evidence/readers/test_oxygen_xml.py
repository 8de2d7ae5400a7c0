"""What Oxygen's exports give: the sheets that open programs know, and flat records in XML."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from faisceau.errors import BadInput
from faisceau.evidence.readers import oxygen_xml
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import check_reader

Sheet = list[list[Any]]

MESSAGES: Sheet = [
    [
        *("#", "Direction", "Source", "Type", "Time stamp (UTC 0)", "Text", "From", "To"),
        *("Details", "Thread id", "Attachment"),
    ],
    [
        *(1, "Incoming", "WhatsApp Messenger", "Message", "2020-10-22 08:55:14", "rdv 18h", None),
        *("Moi <33622@s.whatsapp.net>", "Message ID: A1\nRemote party: Bob", "ee50", None),
    ],
    [
        *(
            2,
            "Outgoing",
            "Telegram",
            "Message",
            datetime.fromisoformat("2020-10-22T09:00"),
            "ok",
            "Moi <171>",
        ),
        *("Bob <131>", "Message ID: A2\nDeleted: yes", "ee51", "photo.jpg"),
    ],
]
CALLS: Sheet = [
    ["Direction", "Source", "Type", "Time stamp (UTC 0)", "Duration", "From", "To", "Details"],
    [*("Outgoing", "Phone", "Call", "2020-10-22 10:00:00", "00:02:00", None, "Bob <+33611>"), None],
]
CONTACTS: Sheet = [
    ["Type", "Source", "Contact", "Messages", "Phones & Emails", "Internet", "Other"],
    ["Contact", "Phone", "Momo", "12", "Mobile: +33611\nEmail: m@x.fr", "WhatsApp: 33611", "Paris"],
]
DEVICE: Sheet = [["Name", "Value"], ["Device IMEI", "490154203237518"], ["Screen lock code", "12"]]
BOOK: dict[str, Sheet] = {
    "Messages ": MESSAGES,
    "Calls ": CALLS,
    "Contacts ": CONTACTS,
    "Device information": DEVICE,
    "Accounts and passwords": [["Account", "Password"], ["momo", "s3same"]],
    "Web": [["Url"], ["x.fr"]],
}
XML = """<?xml version="1.0" encoding="utf-8"?>
<!-- Oxygen Forensic Detective -->
<Report><Device><Field name="IMEI">490154203237518</Field><Field name="Model">X1</Field></Device>
<Messages>
 <Message id="m1"><Direction>Incoming</Direction><Source>Signal</Source>
  <TimeStamp>2020-10-22T08:55:14Z</TimeStamp>
  <From><Name>Bob</Name><Phone>+33611</Phone></From><To>+33622</To>
  <Text>T où ?</Text></Message>
 <Message id="m2"><Field><Name>Text</Name><Value>deux</Value></Field>
  <Field><Name>Time stamp</Name><Value>2020-10-22T09:00:00Z</Value></Field>
  <Field><Name>From</Name><Value>Bob &lt;+33611&gt;</Value></Field></Message>
</Messages>
<Cookies><Cookie><Host>x.fr</Host><Path>/</Path></Cookie></Cookies></Report>"""


class Report:
    """A report on disk, and what reading it gave."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        self.member = Member(
            path.name, size, lambda: path.open("rb"), lambda: path, lambda: "f" * 64
        )
        self.source = Source(self.member)
        self.rows: list[Row] = []

    def recognised(self) -> bool:
        return oxygen_xml.detect(Head.of(self.member))

    def read(self, table: str = "message") -> list[dict[str, Any]]:
        for item, _ in read_rows(oxygen_xml, self.source):
            assert isinstance(item, Row)
            self.rows.append(item)
        return self.values(table)

    def values(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]


@pytest.fixture
def book(tmp_path: Path) -> Report:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in BOOK.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(tmp_path / "oxygen.xlsx")
    return Report(tmp_path / "oxygen.xlsx")


def test_a_workbook_gives_messages_calls_contacts_and_the_device(book: Report) -> None:
    assert book.recognised()
    first, second = book.read()
    assert (first["sender_name"], first["recipients"]) == ("Bob", ["33622@s.whatsapp.net"])
    assert (first["sent_at"], first["zone"]) == (
        datetime(2020, 10, 22, 8, 55, 14, tzinfo=UTC),
        None,
    )
    assert (first["ref"], first["thread_id"], first["text"]) == ("A1", "ee50", "rdv 18h")
    assert (second["sender_id"], second["recipients"]) == ("171", ["131"])
    assert (second["deleted"], second["kind"], second["app"]) == (True, "image", "telegram")
    assert second["sent_at"] == datetime(2020, 10, 22, 9, tzinfo=UTC)
    [call] = book.values("call")
    assert (call["caller"], call["callee"], call["direction"]) == ("owner", "+33611", "out")
    assert call["duration_s"] == 120.0
    [contact] = book.values("contact")
    assert (contact["name"], contact["identifiers"]) == ("Momo", ["+33611", "m@x.fr", "33611"])
    [handset] = book.values("handset")
    assert handset["imei"] == "490154203237518"


def test_nothing_of_a_workbook_is_lost_and_no_password_is_kept(book: Report) -> None:
    book.read()
    tally = book.source.tally
    assert (tally.unknown, tally.rejects) == ({}, [])
    assert tally.left["credentials"] == 3  # two lines of a sheet, one of the device
    assert tally.left["Web"] == 2
    assert "s3same" not in str(book.rows)


@pytest.mark.parametrize("sheet", [MESSAGES, CONTACTS])
def test_a_sheet_saved_as_csv_is_known_by_its_columns(tmp_path: Path, sheet: Sheet) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(sheet)
    path = tmp_path / "export.csv"
    path.write_text(text.getvalue(), encoding="utf-16")
    found = Report(path)
    assert found.recognised()
    found.read()
    assert found.rows
    assert not found.source.tally.unknown


def test_flat_records_of_xml_are_read_by_the_names_of_their_texts(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(XML)
    found = Report(path)
    assert found.recognised()
    first, second = found.read()
    assert (first["sender_id"], first["sender_name"]) == ("+33611", "Bob")
    assert (first["recipients"], first["app"], first["ref"]) == (["+33622"], "signal", "m1")
    assert first["sent_at"] == datetime(2020, 10, 22, 8, 55, 14, tzinfo=UTC)
    assert (second["text"], second["sender_id"]) == ("deux", "+33611")
    [handset] = found.values("handset")
    assert (handset["imei"], handset["model"]) == ("490154203237518", "X1")
    assert found.source.tally.left == {"Cookie": 1}


def test_what_stands_before_the_damage_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text(XML[: XML.index("deux")])
    found = Report(path)
    with pytest.raises(BadInput, match="damaged XML"):
        found.read()
    assert len(found.values("message")) == 1
    assert len(found.values("handset")) == 1


@pytest.mark.parametrize(
    "content",
    [
        "<html><title>Oxygen Forensic Detective</title></html>",
        '<project xmlns="http://pa.cellebrite.com/report/2.0"/>',
        "Direction,Source,From,To\nin,x,a,b\n",
        "",
    ],
)
def test_other_files_are_not_claimed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other"
    path.write_text(content)
    assert not Report(path).recognised()


def test_it_conforms() -> None:
    check_reader(oxygen_xml)
