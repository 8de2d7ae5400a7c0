"""vCards: a real file, what vobject writes, what old phones write, and damage."""

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import vcard
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.testing import check_reader, member

PICTURE = base64.b64decode(b"R0lGODlhAQABAAAAACwAAAAAAQABAAA=")


class Read:
    """What reading some cards gave."""

    def __init__(self, data: str | bytes) -> None:
        content = data.encode() if isinstance(data, str) else data
        self.source = Source(member("x.vcf", content))
        rows = [(row.schema.name, dict(row.values)) for row, _ in read_rows(vcard, self.source)]  # type: ignore[union-attr]
        self.contacts: list[dict[str, Any]] = [values for name, values in rows if name == "contact"]
        self.media: list[dict[str, Any]] = [values for name, values in rows if name == "media"]
        self.tally = self.source.tally

    @property
    def names(self) -> list[str | None]:
        return [contact["name"] for contact in self.contacts]


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def test_the_real_file_is_read_completely(shared: Path) -> None:
    data = (shared / "phones" / "contacts.vcf").read_bytes()
    assert vcard.detect(Head.of(member("contacts.vcf", data)))
    read = Read(data)
    assert len(read.contacts) == data.count(b"BEGIN:VCARD") == 3
    assert read.contacts[2] == {
        "ref": None,
        "name": "Smart Assistência Técnica",
        "identifiers": ["99592-3794"],
    }
    assert not read.tally.rejects
    assert not read.tally.unread
    assert read.tally.left == {"CATEGORIES": 3}


def test_what_vobject_writes_comes_back() -> None:
    made = vobject.vCard()
    made.add("n").value = vobject.vcard.Name(family="O'Neil; fils", given="Zoé")
    made.add("fn").value = "Zoé, la grande " * 12
    made.add("tel").value = "+33 6 12 34 56 78"
    made.add("email").value = "zoe@example.org"
    made.add("impp").value = "xmpp:zoe@example.org"
    made.add("uid").value = "urn:uuid:1"
    made.add("note").value = "deux\nlignes"
    [contact] = Read(made.serialize()).contacts
    assert contact["name"] == ("Zoé, la grande " * 12).strip()
    assert set(contact["identifiers"]) == {
        "+33 6 12 34 56 78",
        "zoe@example.org",
        "xmpp:zoe@example.org",
    }
    assert contact["ref"] == "urn:uuid:1"


def test_version_2_1_as_old_phones_write_it() -> None:
    read = Read(
        card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Dup=C3=A9;L=C3=A9a;;;",
            "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:L=E9a =",
            "Dup=E9",
            "TEL;CELL;PREF:0612345678",
            "TEL;WORK;VOICE:",
            "EMAIL;INTERNET:lea@example.org",
            "PHOTO;ENCODING=BASE64;GIF:",
            " " + base64.b64encode(PICTURE).decode()[:20],
            base64.b64encode(PICTURE).decode()[20:],
            "",
            version="2.1",
        )
    )
    [contact] = read.contacts
    assert contact["name"] == "Léa Dupé"
    assert contact["identifiers"] == ["0612345678", "lea@example.org"]
    [picture] = read.media
    assert picture["sha256"] == sha256(PICTURE).hexdigest()
    assert (picture["kind"], picture["path"]) == ("image", "x.vcf#card 1/picture 1")


def test_version_4_0_and_what_apple_adds() -> None:
    [contact] = Read(
        card(
            "N:Martin;Max;;M.;",
            'item1.TEL;VALUE=uri;TYPE="voice,home":tel:+33-1-23-45-67-89;ext=102',
            "item1.X-ABLabel:_$!<Home>!$_",
            "EMAIL:mailto:max@example.org",
            "IMPP;X-SERVICE-TYPE=Telegram:x-apple:max_59",
            "X-SOCIALPROFILE;TYPE=twitter;x-user=max59:",
            "URL:https://example.org/max",
            "PHOTO:data:image/gif;base64," + base64.b64encode(PICTURE).decode(),
            version="4.0",
        )
    ).contacts
    assert contact["name"] == "M. Max Martin"
    assert contact["identifiers"] == [
        "+33-1-23-45-67-89",
        "max@example.org",
        "max_59",
        "max59",
        "https://example.org/max",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    data = card("FN:Zoé", "TEL:1").replace("\r\n", end).encode(encoding)
    assert vcard.detect(Head.of(member("x", data)))
    assert Read(data * (encoding == "utf-8") or data).names[0] == "Zoé"


def test_every_line_has_its_own_charset() -> None:
    lines = ("FN:Zoé".encode(), "FN:Zoé".encode("cp1252"), "FN;CHARSET=koi8-r:Лев".encode("koi8-r"))
    data = b"".join(b"BEGIN:VCARD\n" + line + b"\x01\nEND:VCARD\n" for line in lines)
    assert [name.strip("\x01") for name in Read(data).names if name] == ["Zoé", "Zoé", "Лев"]


def test_a_letter_cut_by_folding_is_whole() -> None:
    """RFC 6350, 3.2: lines are folded by bytes."""
    line = "FN:Zoé".encode()
    assert Read(card("@").encode().replace(b"@", line[:-1] + b"\r\n " + line[-1:])).names == ["Zoé"]


def test_a_card_in_a_card_stands_alone() -> None:
    inner = card("FN:secrétaire", "TEL:2", version="2.1").rstrip()
    read = Read(card("FN:chef", "AGENT:", inner, "TEL:1", version="2.1"))
    assert [(c["name"], c["identifiers"]) for c in read.contacts] == [
        ("secrétaire", ["2"]),
        ("chef", ["1"]),
    ]


def test_damaged_cards_do_not_stop_the_others() -> None:
    cut = "BEGIN:VCARD\r\nFN:sans fin\r\nTEL:1\r\n"
    read = Read(
        card("FN:un")
        + cut
        + card("FN:deux", "no property at all", "TEL:2")
        + card("NOTE:personne")
        + "entre deux\r\n"
        + card("FN:trois", "X-ODD:1")
        + "BEGIN:VCARD\r\nFN:quatre"
    )
    assert read.names == ["un", "sans fin", "deux", "trois", "quatre"]
    assert read.tally.unread == {"contact.line": 1}
    assert read.tally.unknown == {"X-ODD": 1}
    assert len(read.tally.rejects) == 2
    assert read.tally.records == 7


def test_what_is_not_claimed() -> None:
    for text in ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "FN:x\n", "", "BEGIN"):
        assert not vcard.detect(Head.of(member("x", text.encode())))
    assert vcard.detect(Head.of(member("x", b"\n\nbegin:vcard\nfn:x\nend:vcard\n")))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_never_loses_count(data: st.DataObject) -> None:
    one = card("FN;ENCODING=QUOTED-PRINTABLE:=C3=A9=", "x", "TEL:1", "PHOTO;ENCODING=b:R0lG")
    content = bytearray((one * 3).encode())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=12)):
        content[at] = data.draw(st.integers(1, 127))
    read = Read(bytes(content))
    assert read.tally.records == len(read.contacts) + len(read.tally.rejects)


def test_it_conforms() -> None:
    check_reader(vcard)
