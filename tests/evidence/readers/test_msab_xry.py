"""What XRY's exports give: text files of the form Autopsy documents, tables and XML."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.readers import msab_xry
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import check_reader

HEADER = "XRY Export\n2019-01-02 13:00\n{kind}\n\n\n"
CALLS = """Calls #\t1
Call Type:\tMissed
Time:\t1/2/2019 1:23:45 PM (Device)
From
Tel:\t\t+33611223344
Name (Matched):\tBob
Storage:\tDevice
Index:\t1

Calls #\t2
Call Type:\tDialed
Time:\t1/22/2019 1:23:45 AM UTC+4
Duration:\t00:01:35
To
Tel:\t\t+33655667788

"""
MESSAGES = """Messages-SMS #\t1
Text:\tT où ?
rdv : 18h

au quai
Time:\t1/22/2019 1:23:45 PM UTC+1
Type:\tDeliver
From
Tel:\t+33611223344
Status:\tUnread
Folder:\tInbox

Messages-SMS #\t2
Text:\tun message lon
Time:\t1/22/2019 2:00:00 PM UTC
Type:\tSubmit
Status:\tDeleted
To
Tel:\t+33622334455
Participant
Tel:\t+33622334455
Reference Number:\t9
Segment Number:\t1
Segments:\t2

Messages-SMS #\t3
Text:\tg en deux
Reference Number:\t9
Segment Number:\t2
Segments:\t2

"""
CONTACTS = """Contacts #\t1
Name:\tMomo
Tel:\t+33611
Mobile:\t+33612
Email Home:\tm@x.fr
Related Application:\tWhatsApp
Storage:\tDevice

"""
DEVICE = """General Information #\t1
Attribute:\tMobile Id (IMEI)
Data:\t490154203237518
Attribute:\tModel
Data:\tSM-G991B
Attribute:\tSecurity Code
Data:\t1234
Attribute:\tPC Clock
Data:\tx

"""
XML = """<?xml version="1.0"?>
<xryreport version="9"><views><view type="Calls"><nodes>
<node id="1"><property name="Call Type">Dialed</property>
<property name="Time">2019-01-22 13:23:45 UTC+1</property>
<group name="To"><property name="Tel">+33611</property><property name="Name">Bob</property></group>
</node></nodes></view>
<view type="Messages/Chat"><node><property><name>Text</name><value>ok</value></property>
<property><name>Time</name><value>2019-01-22 13:23:45 UTC+1</value></property>
<property><name>From</name><value>+33611</value></property></node></view>
<view type="Web/Bookmarks"><node><property name="Web Address">x.fr</property></node></view>
</views></xryreport>"""


class Export:
    """An export on disk, and what reading it gave."""

    def __init__(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self.member = Member(
            path.name, len(content), lambda: path.open("rb"), lambda: path, lambda: "f" * 64
        )
        self.source = Source(self.member)
        self.rows: list[Row] = []

    def recognised(self) -> bool:
        return msab_xry.detect(Head.of(self.member))

    def read(self, table: str = "message") -> list[dict[str, Any]]:
        for item, _ in read_rows(msab_xry, self.source):
            assert isinstance(item, Row)
            self.rows.append(item)
        return self.values(table)

    def values(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]


@pytest.fixture
def export(tmp_path: Path) -> Any:
    def made(kind: str, text: str) -> Export:
        content = (HEADER.format(kind=kind) + text).replace("\n", "\r\n")
        return Export(tmp_path / "export.txt", content.encode("utf-16"))

    return made


def test_calls_have_two_ends_and_the_order_of_their_dates(export: Any) -> None:
    found = export("Calls", CALLS)
    assert found.recognised()
    missed, out = found.read("call")
    assert (missed["caller"], missed["callee"], missed["direction"]) == (
        "+33611223344",
        "owner",
        "missed",
    )
    assert missed["started_at"] == datetime(2019, 1, 2, 12, 23, 45, tzinfo=UTC)  # in Paris
    assert missed["zone"] == "Europe/Paris"
    assert (out["callee"], out["direction"], out["duration_s"]) == ("+33655667788", "out", 95.0)
    assert out["started_at"] == datetime(2019, 1, 21, 21, 23, 45, tzinfo=UTC)
    assert out["zone"] == "+04:00"
    tally = found.source.tally
    assert (tally.unknown, tally.rejects, tally.assumed) == ({}, [], {"Europe/Paris": 1})


def test_texts_keep_their_lines_and_parts_are_joined(export: Any) -> None:
    found = export("Messages/SMS", MESSAGES)
    assert found.recognised()
    got, sent = found.read()
    assert got["text"] == "T où ?\nrdv : 18h\n\nau quai"
    assert (got["sender_id"], got["recipients"]) == ("+33611223344", ["owner"])
    assert (got["zone"], got["app"]) == ("+01:00", "sms")
    assert sent["text"] == "un message long en deux"
    assert (sent["sender_id"], sent["recipients"]) == ("owner", ["+33622334455"])
    tally = found.source.tally
    assert (tally.unknown, tally.rejects) == ({}, [])
    assert tally.left == {"further part of a message": 1}


def test_contacts_and_the_device(export: Any) -> None:
    found = export("Contacts/Contacts", CONTACTS)
    [contact] = found.read("contact")
    assert contact["name"] == "Momo"
    assert contact["identifiers"] == ["+33611", "+33612", "m@x.fr"]
    assert not found.source.tally.unknown
    found = export("Device/General Information", DEVICE)
    assert found.recognised()
    [handset] = found.read("handset")
    assert (handset["imei"], handset["model"]) == ("490154203237518", "SM-G991B")
    assert found.source.tally.left == {"credentials": 1, "line about the device": 1}
    assert "1234" not in str(found.rows)


def test_a_kind_that_no_table_holds_is_counted(export: Any) -> None:
    found = export("Web/Bookmarks", "Bookmarks #\t1\nWeb Address:\tx.fr\n\n")
    assert found.recognised()
    assert found.read() == []
    assert found.source.tally.left == {"Web/Bookmarks": 1}


def test_a_table_is_known_by_its_columns(tmp_path: Path) -> None:
    rows = [
        ["#", "Call Type", "Time", "Duration", "Tel", "Name (Matched)", "Related Application"],
        ["1", "Received", "22/01/2019 13:23:45 UTC+1", "00:00:10", "+33611", "Bob", "Phone"],
    ]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    found = Export(tmp_path / "calls.csv", text.getvalue().encode())
    assert found.recognised()
    [call] = found.read("call")
    assert (call["caller"], call["direction"], call["duration_s"]) == ("+33611", "in", 10.0)
    assert call["started_at"] == datetime(2019, 1, 22, 12, 23, 45, tzinfo=UTC)
    assert not found.source.tally.unknown


def test_flat_records_of_xml_are_read_by_their_sections(tmp_path: Path) -> None:
    found = Export(tmp_path / "report.xml", XML.encode())
    assert found.recognised()
    [said] = found.read()
    assert (said["text"], said["sender_id"]) == ("ok", "+33611")
    [call] = found.values("call")
    assert (call["callee"], call["direction"]) == ("+33611", "out")
    assert call["started_at"] == datetime(2019, 1, 22, 12, 23, 45, tzinfo=UTC)
    assert found.source.tally.left == {"Web/Bookmarks": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"<html>XRY report</html>",
        b'<project xmlns="http://pa.cellebrite.com/report/2.0">XRY</project>',
        b"Time,Tel,Name\n1,2,3\n",
        b"The XRY Export of today\n",
        b"",
    ],
)
def test_other_files_are_not_claimed(tmp_path: Path, content: bytes) -> None:
    assert not Export(tmp_path / "other", content).recognised()


LINES = st.sampled_from(
    ["Calls #\t1", "From", "To", "Tel:\t+33", "Text:\tx", "Time:\t1/2/19", "", "a: b", "Time:"]
) | st.text("ab:#\t 1", max_size=9)


@given(st.lists(LINES, max_size=12), st.sampled_from(["Calls", "Messages/SMS", "Contacts", ""]))
def test_no_text_however_strange_stops_the_reading(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], kind: str
) -> None:
    path = tmp_path_factory.mktemp("xry") / "x.txt"
    found = Export(path, (HEADER.format(kind=kind) + "\n".join(lines)).encode())
    found.read()
    tally = found.source.tally
    rows = len(found.rows)
    assert rows + len(tally.rejects) >= tally.records - sum(tally.left.values())


def test_it_conforms() -> None:
    check_reader(msab_xry)
