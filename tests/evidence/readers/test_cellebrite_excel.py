"""What Cellebrite's Excel and CSV reports give, told by workbooks of the form that is known."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from faisceau.evidence.readers import cellebrite_excel
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import check_reader

Sheet = list[list[Any]]

CHATS: Sheet = [
    ["Chats (2)"],
    [
        *("#", "Chat #", "Identifier", "Name", "Participants", "Source", "Account"),
        *("Instant Message #", "From", "To", "Body", "Status", "Label", "Timestamp: Date"),
        *("Timestamp: Time", "Attachment #1", "Attachment #1 - Details", "Attachment #2"),
        *("Deleted - Instant Message", "Starred message"),
    ],
    [
        *(1, 1, "g-17", "Équipe", "33611@s.whatsapp.net Bob\n33622@s.whatsapp.net Moi (owner)"),
        *("WhatsApp", "33622@s.whatsapp.net", 1, "33611@s.whatsapp.net Bob", None, "T où ?\n?"),
        *("Read", None, "16/04/2021", "16/04/2021 10:23:45(UTC-3)", None, None, None, None, None),
    ],
    [
        *(2, None, None, None, None, None, None, 2, "33622@s.whatsapp.net Moi (owner)", None),
        *("là", "Sent", "Forwarded", "16/04/2021", "16/04/2021 10:24:00(UTC-3)"),
        *("files\\Image\\a.jpg", "x", "b.pdf", "Yes", "Yes"),
    ],
    [3, 2, "g-18", "Vide", "33633@s.whatsapp.net", "WhatsApp", "33622@s.whatsapp.net"],
]
CALLS: Sheet = [
    ["Call Log (2)"],
    ["#", "Type", "Parties", "Date", "Time", "Duration", "Source", "Deleted", "Tag Note"],
    [1, "Outgoing", "To: +33611223344 Bob", "04/05/2021", "08:00:00(UTC+2)", "00:01:35", "", ""],
    [2, "Missed", "From: +33655667788", "04/05/2021", "09:00:00(UTC+2)", "00:00:00", "", "Yes"],
]
CONTACTS: Sheet = [
    ["Contacts (1)"],
    ["#", "Name", "Entries", "Source", "Account", "Interaction Statuses", "Deleted"],
    [
        *(1, "Momo", "Phone-Mobile: +33 6 11\nUser ID-WhatsApp User Id: 33611@s.whatsapp.net"),
        *("WhatsApp", "33622", "Shared", ""),
    ],
]
ACCOUNTS: Sheet = [
    ["User Accounts (1)"],
    ["#", "Name", "Username", "Password", "Service Type", "Entries", "Deleted"],
    [1, "Momo 75", "momo.75", "s3same", "Instagram", "Email-Home: momo@x.fr", ""],
]
DEVICE: Sheet = [
    ["Device Info"],
    ["#", "Name", "Value", "Source"],
    [1, "IMEI", "490154203237518", "x"],
    [2, "Detected Phone Vendor", "Samsung", ""],
    [3, "Unlock code", "1234", ""],
    [4, "Time zone", "Europe/Paris", ""],
]
PLACES: Sheet = [
    ["Device Locations (2)"],
    ["#", "Time", "Latitude", "Longitude", "Precision", "Category", "Name"],
    [1, "16/04/2021 10:23:45(UTC+0)", 48.85, 2.35, "12", "Cell towers", ""],
    [2, "16/04/2021 11:00:00(UTC+0)", None, None, None, "Address", "Quai"],
]
BOOK: dict[str, Sheet] = {
    "Summary": [["Report"], ["Case", "7"]],
    "Device Info": DEVICE,
    "Chats": CHATS,
    "Call Log": CALLS,
    "Contacts": CONTACTS,
    "User Accounts": ACCOUNTS,
    "Device Locations": PLACES,
    "Passwords": [["Passwords (1)"], ["#", "Account", "Data"], [1, "a", "s3same"]],
    "Cookies": [["Cookies (1)"], ["#", "Name", "Value"], [1, "a", "b"]],
}


class Report:
    """A report on disk, and what reading it gave."""

    def __init__(self, path: Path, beside: dict[str, Member] | None = None) -> None:
        self.member = member(path)
        self.source = Source(self.member, siblings=beside)
        self.rows: list[Row] = []

    def recognised(self) -> bool:
        return cellebrite_excel.detect(Head.of(self.member))

    def read(self, table: str = "message") -> list[dict[str, Any]]:
        for item, _ in read_rows(cellebrite_excel, self.source):
            assert isinstance(item, Row)
            self.rows.append(item)
        return self.values(table)

    def values(self, table: str) -> list[dict[str, Any]]:
        return [dict(r.values) for r in self.rows if r.schema.name == table]


def member(path: Path) -> Member:
    size = path.stat().st_size
    return Member(path.name, size, lambda: path.open("rb"), lambda: path, lambda: "f" * 64)


def workbook(path: Path, book: dict[str, Sheet]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in book.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def as_csv(rows: Sheet, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def report(tmp_path: Path) -> Report:
    path = workbook(tmp_path / "Report.xlsx", BOOK)
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"x")
    return Report(path, {"files/Image/a.jpg": member(picture)})


def test_a_chat_gives_its_name_and_people_to_all_its_messages(report: Report) -> None:
    assert report.recognised()
    first, second = report.read()
    for said in (first, second):
        assert (said["thread_id"], said["thread_name"], said["app"]) == (
            "g-17",
            "Équipe",
            "whatsapp",
        )
        assert said["account"] == "33622@s.whatsapp.net"
        assert said["zone"] == "-03:00"
    assert (first["sender_id"], first["sender_name"]) == ("33611@s.whatsapp.net", "Bob")
    assert first["recipients"] == ["33622@s.whatsapp.net"]
    assert first["sent_at"] == datetime(2021, 4, 16, 13, 23, 45, tzinfo=UTC)
    assert (first["text"], first["deleted"], first["kind"]) == ("T où ?\n?", False, "text")
    assert (second["sender_id"], second["recipients"]) == (
        "33622@s.whatsapp.net",
        ["33611@s.whatsapp.net"],
    )
    assert (second["forwarded"], second["deleted"], second["kind"]) == (True, True, "image")
    assert second["attachment_sha256"] == "f" * 64


def test_the_other_sheets_give_calls_contacts_accounts_and_places(report: Report) -> None:
    report.read()
    out, missed = report.values("call")
    assert (out["caller"], out["callee"], out["direction"]) == ("owner", "+33611223344", "out")
    assert (out["duration_s"], out["started_at"]) == (95.0, datetime(2021, 5, 4, 6, tzinfo=UTC))
    assert (missed["caller"], missed["callee"], missed["direction"]) == (
        "+33655667788",
        "owner",
        "missed",
    )
    momo, own = report.values("contact")
    assert (momo["name"], momo["account"]) == ("Momo", "33622")
    assert momo["identifiers"] == ["+33 6 11", "33611@s.whatsapp.net"]
    assert (own["name"], own["identifiers"]) == ("Momo 75", ["momo.75", "momo@x.fr"])
    [handset] = report.values("handset")
    assert (handset["imei"], handset["make"]) == ("490154203237518", "Samsung")
    assert (handset["accounts"], handset["apps"]) == (["momo.75", "momo@x.fr"], ["Instagram"])
    [place] = report.values("position")
    assert (place["latitude"], place["accuracy_m"], place["kind"]) == (48.85, 12.0, "cell")
    assert place["device"] == "490154203237518"


def test_nothing_is_lost_and_no_password_is_kept(report: Report) -> None:
    report.read()
    tally = report.source.tally
    assert not tally.unknown
    assert not tally.rejects
    assert tally.left == {
        "Summary": 2,
        "credentials": 3,  # one column, one line about the device, one sheet
        "line about the device": 1,
        "Chat": 1,  # without messages
        "further attachment of a message": 1,
        "Location without coordinates": 1,
        "Cookies": 1,
    }
    assert "s3same" not in str(report.rows)
    assert "1234" not in str(report.values("handset"))


@pytest.mark.parametrize("sheet", [CHATS, CALLS, CONTACTS, ACCOUNTS, PLACES])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_saved_as_csv_is_the_same(tmp_path: Path, sheet: Sheet, delimiter: str) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(b"\xef\xbb\xbf" + as_csv(sheet, delimiter))
    found = Report(path)
    assert found.recognised()
    found.read()
    assert len(found.rows) >= 1
    assert not found.source.tally.unknown
    assert not found.source.tally.rejects


def test_a_csv_without_title_is_known_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "chats.csv"
    path.write_bytes(as_csv(CHATS[1:]))
    found = Report(path)
    assert found.recognised()
    assert [said["text"] for said in found.read()] == ["T où ?\n?", "là"]


def test_months_come_first_where_the_clock_has_twelve_hours(tmp_path: Path) -> None:
    header = CALLS[1]
    rows = [header, [1, "Outgoing", "To: +33611", "4/5/2021", "4/5/2021 8:00:00 PM(UTC+0)", "1:35"]]
    path = tmp_path / "calls.csv"
    path.write_bytes(as_csv(rows))
    [call] = Report(path).read("call")
    assert (call["started_at"], call["duration_s"]) == (datetime(2021, 4, 5, 20, tzinfo=UTC), 95.0)


@pytest.mark.parametrize(
    "content",
    [
        b"sent_at,sender_id,text\n2024-01-01T00:00:00Z,+33611,x\n",
        b"#,Nom,Valeur\n1,a,b\n",
        b"From,To,Body\na,b,c\n",
        b"",
    ],
)
def test_other_tables_are_not_claimed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    assert not Report(path).recognised()


def test_another_workbook_is_not_claimed(tmp_path: Path) -> None:
    budget: dict[str, Sheet] = {
        "Contacts": [["Nom", "Ville"], ["a", "b"]],
        "Chats": [["Race", "Poids"], ["x", 4]],
    }
    assert not Report(workbook(tmp_path / "book.xlsx", budget)).recognised()


def test_it_conforms() -> None:
    check_reader(cellebrite_excel)
