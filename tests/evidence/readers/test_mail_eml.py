"""Single mails: what is claimed, what is read."""

import plistlib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from faisceau.evidence.readers import mail_eml, mail_mbox
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.testing import check_reader, member

PLAIN = (
    b"From: =?iso-8859-1?Q?Zo=E9?= <zoe@example.org>\r\nTo: max@example.org\r\n"
    b"Date: Sun, 1 Mar 2026 10:00:00 +0100\r\nSubject: colis\r\n\r\nBonjour\r\n"
)


def rows(data: bytes) -> list[dict[str, Any]]:
    source = Source(member("x.eml", data))
    found = [dict(row.values) for row, _ in read_rows(mail_eml, source)]  # type: ignore[union-attr]
    mails = [row for row in found if "app" in row]
    assert source.tally.records == len(mails) + len(source.tally.rejects)
    return found


def detected(data: bytes) -> bool:
    return mail_eml.detect(Head.of(member("x", data)))


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_a_mail(before: bytes) -> None:
    assert detected(before + PLAIN)
    [row] = rows(before + PLAIN)
    assert (row["sender_name"], row["sender_id"]) == ("Zoé", "zoe@example.org")
    assert (row["sent_at"], row["zone"]) == (datetime(2026, 3, 1, 9, tzinfo=UTC), "+01:00")
    assert (row["subject"], row["text"]) == ("colis", "Bonjour")


@pytest.mark.parametrize(("flags", "deleted"), [(2, True), (1, None)])
def test_apple_mails_own_form(flags: int, deleted: bool | None) -> None:
    data = b"%d\n" % len(PLAIN) + PLAIN + plistlib.dumps({"flags": flags})
    assert detected(data)
    [row] = rows(data)
    assert (row["text"], row["deleted"]) == ("Bonjour", deleted)


def test_the_plain_form_is_chosen_and_the_pictures_of_the_text_come_last() -> None:
    made = EmailMessage()
    made["From"], made["Date"] = "a@b", "1 Mar 2026 10:00 GMT"
    made.set_content("simple")
    made.add_alternative("<p>riche</p>", subtype="html")
    made.get_payload()[1].add_related(b"GIF89a", "image", "gif", cid="<x>")  # type: ignore
    made.add_attachment(b"a;b", maintype="text", subtype="csv", filename="été.csv")
    source = Source(member("x.eml", bytes(made)))
    [mail, picture, table] = [row.values for row, _ in read_rows(mail_eml, source)]  # type: ignore[union-attr]
    assert mail["text"] == "simple"
    assert mail["attachment_sha256"] == table["sha256"]
    assert (picture["media_type"], table["path"]) == ("image/gif", "x.eml/été.csv")


def test_a_multipart_cut_short_gives_what_is_there() -> None:
    start = PLAIN.replace(b"Subject", b"Content-Type: multipart/mixed; boundary=x\r\nSubject")
    assert rows(start)[0]["text"] == "Bonjour"
    cut = b"\r\n--x\r\n\r\nun\r\n--x\r\nContent-Type: application/zip\r\n"
    cut += b"Content-Transfer-Encoding: base64\r\n\r\nUEsDB"
    mail, file = rows(start + cut)
    assert mail["text"] == "un"
    assert file["size"] == 3


def test_a_mail_without_a_date_is_a_reject() -> None:
    source = Source(member("x.eml", b"From: a@b\nTo: c@d\nX-Odd: 1\nOdd: 2\n\nx"))
    assert not list(read_rows(mail_eml, source))
    [reject] = source.tally.rejects
    assert "a@b" in reject.raw


def test_headers_of_no_known_meaning_are_counted() -> None:
    source = Source(member("x.eml", b"X-Odd: 1\nOdd: 2\n" + PLAIN))
    assert len(list(read_rows(mail_eml, source))) == 1
    assert source.tally.unknown == {"odd": 1}


def test_what_is_not_claimed() -> None:
    for text in (
        "Subject: note\n\nx",
        "From: <Saved by Blink>\nSubject: page\nDate: 1 Mar 2026\nMIME-Version: 1.0\n\n",
        "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n",
        "key: value\nother: value\n",
        "From a@b Sun Mar  1 10:00:00 2026\nFrom: a@b\nDate: x\n\n",
        "HTTP/1.1 200 OK\nDate: x\n\n",
        "",
    ):
        assert not detected(text.encode()), text
    assert not mail_mbox.detect(Head.of(member("x", PLAIN)))


def test_it_conforms() -> None:
    check_reader(mail_eml)
