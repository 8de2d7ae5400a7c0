"""Mailboxes: a real one, those the standard library writes, and those that are damaged."""

import io
import mailbox
from collections import Counter
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.mail import rows as mail_rows
from faisceau.evidence.readers import mail_mbox
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.testing import Desk, check_reader, member
from faisceau.words import say

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


class Read:
    """What reading a mailbox gave."""

    def __init__(self, data: bytes) -> None:
        self.source = Source(member("x.mbox", data))
        self.messages: list[dict[str, Any]] = []
        self.media: list[dict[str, Any]] = []
        self.locators: list[str] = []
        for row, locator in read_rows(mail_mbox, self.source):
            values = dict(row.values)  # type: ignore[union-attr]
            (self.messages if row.schema.name == "message" else self.media).append(values)
            if row.schema.name == "message":
                self.locators.append(locator)

    @property
    def rejects(self) -> dict[str, str]:
        return {r.locator: say(r.reason, **r.facts) for r in self.source.tally.rejects}


def mail(text: str, number: int = 1, **headers: str) -> EmailMessage:
    made = EmailMessage()
    given = {
        "From": "Zoé <zoe@example.org>",
        "To": "max@example.org",
        "Date": format_datetime(AT),
        "Message-ID": f"<{number}@example.org>",
        "Subject": f"n° {number}",
    }
    for name, value in {**given, **{k.replace("_", "-"): v for k, v in headers.items()}}.items():
        if value:
            made[name] = value
    made.set_content(text)
    return made


def boxed(folder: Path, mails: list[EmailMessage]) -> bytes:
    box = mailbox.mbox(folder / "box.mbox")
    for one in mails:
        box.add(one)
    box.flush()
    return (folder / "box.mbox").read_bytes()


def test_the_real_mailbox_is_read_completely(shared: Path) -> None:
    path = shared / "phones" / "mail.mbox"
    head = Head.of(member(path.name, path.read_bytes()))
    assert mail_mbox.detect(head)
    read = Read(path.read_bytes())
    counted = mailbox.mbox(path)
    assert len(read.messages) == len(counted) == 8
    assert [m["ref"] for m in read.messages] == [c["Message-ID"].strip(" <>") for c in counted]
    assert not read.rejects
    first = read.messages[0]
    assert first["sent_at"] == datetime(2014, 11, 15, 1, 17, 35, tzinfo=UTC)
    assert first["zone"] == "+03:00"
    assert first["sender_id"] == "dsga.dsga@hotmail.com"
    assert first["text"].startswith("Peso da esfera de aço: 12,84 g\n")
    names = {m["sender_name"] for m in read.messages}
    assert "Guille ● ω ● Jubs" in names
    assert read.messages[1]["reply_to"] == read.messages[2]["ref"]
    assert read.messages[1]["thread_id"] == read.messages[2]["thread_id"]
    files = [
        sha256(cast("bytes", part.get_payload(decode=True))).hexdigest()
        for one in counted
        for part in one.walk()
        if part.get_filename()
    ]
    assert sorted(m["sha256"] for m in read.media) == sorted(files)


def test_what_a_mail_says(tmp_path: Path) -> None:
    made = mail("Rendez-vous à 18 h\n", Cc="Léa <lea@example.org>", Bcc="Jo <jo@example.org>")
    made["In-Reply-To"] = "<b@example.org>"
    made["References"] = "<a@example.org> <b@example.org>"
    made.replace_header("Subject", "RE: Fwd: colis")
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="bon.pdf")
    read = Read(boxed(tmp_path, [made]))
    [row] = read.messages
    assert row["app"] == "email"
    assert (row["sender_name"], row["sender_id"]) == ("Zoé", "zoe@example.org")
    assert row["recipients"] == ["max@example.org", "lea@example.org", "jo@example.org"]
    assert (row["ref"], row["reply_to"]) == ("1@example.org", "b@example.org")
    assert (row["thread_id"], row["thread_name"]) == ("a@example.org", "colis")
    assert (row["subject"], row["text"]) == ("RE: Fwd: colis", "Rendez-vous à 18 h")
    assert (row["sent_at"], row["zone"], row["kind"]) == (AT, None, "text")
    assert row["attachment_sha256"] == sha256(b"%PDF-1.4 x").hexdigest()
    [file] = read.media
    assert file["path"] == "x.mbox#message 1/bon.pdf"
    assert (file["kind"], file["container"]) == ("document", "x.mbox#message 1")


def test_quoted_from_lines_are_text(tmp_path: Path) -> None:
    text = "Bonjour\n\nFrom here on, nothing.\n>From there neither.\n"
    read = Read(boxed(tmp_path, [mail(text), mail("fin", 2)]))
    assert len(read.messages) == 2
    assert read.messages[0]["text"] == "Bonjour\n\nFrom here on, nothing.\nFrom there neither."


def test_an_unquoted_from_that_begins_no_mail_is_text() -> None:
    data = (
        b"From a@b Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: Sun, 1 Mar 2026 10:00:00 +0000\n\n"
        b"x\n\nFrom Paris to Lille it takes 1:02.\nTo: see\n\nFrom 2026 on\n\n"
    )
    [row] = Read(data).messages
    assert row["text"] == "x\n\nFrom Paris to Lille it takes 1:02.\nTo: see\n\nFrom 2026 on"


def test_content_length_tells_where_a_mail_ends() -> None:
    inside = b"x\n\nFrom a@b Sun Mar  1 10:00:00 2026\nFrom: quoted\n\ny\n"
    head = b"From a@b Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\n"
    one = head + b"Content-Length: %d\n\n" % len(inside) + inside + b"\n"
    rows = Read(one + head + b"Content-Length: 9999\n\nlast\n").messages
    assert len(rows) == 2
    assert rows[0]["text"].endswith("From: quoted\n\ny")
    assert rows[1]["text"] == "last"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_without_blank_lines_between(end: bytes) -> None:
    one = b"From - Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\n\ntext\n"
    assert len(Read((one * 3).replace(b"\n", end)).messages) == 3


def test_charsets_as_mailers_get_them_wrong() -> None:
    def with_(header: bytes, body: bytes) -> dict[str, Any]:
        data = b"From - Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\n"
        [row] = Read(data + header + b"\n" + body).messages
        return row

    plain = b"Content-Type: text/plain; charset=%s\n"
    assert with_(plain % b"us-ascii", "été".encode())["text"] == "été"
    assert with_(plain % b"utf-8", "un été à Paris".encode("cp1252"))["text"] == "un été à Paris"
    assert with_(plain % b"iso-8859-1", b"5 \x80")["text"] == "5 €"
    assert with_(plain % b"gb2312", "鎔基".encode("gb18030"))["text"] == "鎔基"
    assert with_(plain % b"x-unknown", "déjà".encode("cp1252"))["text"] == "déjà"
    assert with_(plain % b"base64", b"abc")["text"] == "abc"
    assert with_(b"Subject: d\xe9j\xe0 vu\n", b"")["subject"] == "déjà vu"
    assert with_("Subject: déjà\n".encode(), b"")["subject"] == "déjà"
    cut = b"Subject: =?utf-8?B?w6k=?= =?utf-8?B?w?=\n =?utf-8?B?6k=?= =?iso-8859-1*fr?Q?_=E0?=\n"
    assert with_(cut, b"")["subject"] == "é\ufffd à"
    split = b"Subject: =?utf-8?Q?=C3?= =?UTF-8?Q?=A9t=C3=A9?= =?koi8-r?B?5MQ=?=\n"
    assert with_(split, b"")["subject"] == "étéДд"


def test_html_is_made_plain(tmp_path: Path) -> None:
    made = mail("")
    made.set_content(
        "<style>p{}</style><p>Bonjour&nbsp;<b>Max</b></p><ul><li>un<li>deux</ul>", "html"
    )
    assert Read(boxed(tmp_path, [made])).messages[0]["text"] == "Bonjour Max\n\n- un\n- deux"


def test_a_mail_in_a_mail_is_a_message_too(tmp_path: Path) -> None:
    outer, inner = mail("ci-joint", 2), mail("secret", 1)
    outer.add_attachment(inner)
    read = Read(boxed(tmp_path, [outer]))
    assert [m["text"] for m in read.messages] == ["ci-joint", "secret"]
    assert read.locators == ["message 1", "message 1/1"]
    assert read.source.tally.records == 2


def test_without_a_date_the_servers_tell_else_the_mailbox_else_it_is_a_reject() -> None:
    received = (
        b"Received: by b; Sun, 1 Mar 2026 10:00:09 +0000\nReceived: by a; 1 Mar 2026 10:00 +0000\n"
    )
    line = b"From a@b Sun Mar  1 12:00:00 2026\n"
    data = line + received + b"Date: soon\nFrom: a@b\n\nx\n\n" + line + b"From: a@b\n\ny\n\n"
    read = Read(data + b"From a@b - 12:00 2026\nFrom: a@b\n\nz\n")
    assert [m["sent_at"] for m in read.messages] == [AT, datetime(2026, 3, 1, 12, tzinfo=UTC)]
    assert read.source.tally.unread == {"message.sent_at": 1}
    assert read.rejects == {"message 3": "no Date"}


@pytest.mark.parametrize(
    ("raw", "hour", "zone"),
    [
        ("Sun, 1 Mar 2026 10:00:00 +0100", 9, "+01:00"),
        ("Sun, 01 Mar 26 10:00 GMT", 10, None),
        ("Sun, 1 Mar 2026 10:00:00 -0000", 10, None),
        ("Sun, 1 Mar 2026 10:00:00 CEST", 8, "+02:00"),
        ("Sun, 1 Mar 2026 10:00:00 +0530 (IST)", 4, "+05:30"),
        ("1 Mar 2026 10:00:00", 9, "Europe/Paris"),
        ("2026-03-01T10:00:00+01:00", 9, "+01:00"),
    ],
)
def test_dates_as_mailers_write_them(raw: str, hour: int, zone: str | None) -> None:
    line = b"From - Sun Mar  1 10:00:00 2026\n"
    [row] = Read(line + b"From: a@b\nDate: " + raw.encode() + b"\n\n").messages
    assert (row["sent_at"].hour, row["sent_at"].day, row["zone"]) == (hour, 1, zone)


def test_mails_marked_deleted(tmp_path: Path) -> None:
    read = Read(
        boxed(tmp_path, [mail("a", X_Mozilla_Status="0009"), mail("b"), mail("c", X_Status="D")])
    )
    assert [m["deleted"] for m in read.messages] == [True, None, True]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("Doe, John <j@x.org>, b@x.org", ["j@x.org", "b@x.org"]),
        ('"Doe; John" <j@x.org>; b@x.org (Bea)', ["j@x.org", "b@x.org"]),
        ("undisclosed-recipients:;", []),
        ("Friends: a@x.org, B <b@x.org>;", ["a@x.org", "b@x.org"]),
        ("Max, Zoe", ["Max", "Zoe"]),
        ("=?utf-8?Q?Dupont=2C_L=C3=A9a?= <l@x.org>", ["l@x.org"]),
        ("<mailto:a@x.org>", ["a@x.org"]),
        ('"unclosed <a@x.org>', ["a@x.org"]),
        ("((((" * 500 + "a@x.org", ["((((" * 500 + "a@x.org"]),
    ],
)
def test_address_lists_as_they_come(tmp_path: Path, raw: str, said: list[str]) -> None:
    data = b"From - Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\nTo: "
    [row] = Read(data + raw.encode() + b"\n\n").messages
    assert (row["recipients"] or []) == said


def test_memory_is_bounded_and_nothing_after_a_giant_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_mbox, "BLOCK", 1 << 12)
    monkeypatch.setattr(mail_mbox, "LONGEST_MAIL", 1 << 15)
    assert mail_rows.LONGEST_MAIL > mail_mbox.LONGEST_MAIL
    line = b"From a@b Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\n\n"
    data = line + b"before\n\n" + line + b"x" * 70 * 1000 + b"\n\n" + line + b"after\n\n"
    largest = 0

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal largest
            largest = max(largest, size or 0)
            return super().read(size)

    got = list(mail_mbox.mails(cast("BinaryIO", Watched(data))))
    assert [len(boxed.data) for boxed in got] == [48, 1 << 15, 47]
    assert sum(len(boxed.data) + boxed.beyond + 34 for boxed in got) == len(data)
    assert largest <= 1 << 12
    read = Read(data)
    assert [m["text"][:6] for m in read.messages] == ["before", "xxxxxx", "after"]
    assert list(read.rejects) == ["message 2"]


def test_what_is_not_claimed() -> None:
    for text in (
        "From Russia with love\nIan Fleming\n",
        "From: a@b\nDate: x\n\n",
        "From 12:00 on\n\nSubject: x\n",
        "",
    ):
        assert not mail_mbox.detect(Head.of(member("x", text.encode())))


def test_added_to_a_case_counts_add_up(desk: Desk, tmp_path: Path) -> None:
    added = desk.add("box.mbox", boxed(tmp_path, [mail("a"), mail("b", 2)]))
    assert added.exhibit is not None
    assert added.exhibit.tables["message"] == {"rows": 2, "rejected": 0}
    assert not added.exhibit.unknown
    assert {m["value"] for m in desk.rows("mention", "kind = 'email'")} >= {"zoe@example.org"}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_never_loses_count(data: st.DataObject) -> None:
    """Whatever bytes are changed, each record is a row or a reject."""
    line = b"From a@b Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: 1 Mar 2026 10:00 +0100\n"
    mime = (
        b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/html\n\n<p>a</p>\n'
        b"--x\nContent-Type: message/rfc822\n\nDate: 1 Mar 2026 10:00 +0100\n\nz\n--x--\n\n"
    )
    content = bytearray((line + mime) * 3)
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=12)):
        content[at] = data.draw(st.integers(0, 255))
    read = Read(bytes(content))
    assert read.source.tally.records == len(read.messages) + len(read.rejects)
    assert Counter(m["app"] for m in read.messages).keys() <= {"email"}


def test_it_conforms() -> None:
    check_reader(mail_mbox)
