"""Outlook items, written from the published formats: MS-CFB, MS-OXMSG, MS-OXRTFCP."""

import struct
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from olefile import OleFileIO  # type: ignore[import-untyped]

from faisceau.errors import BadInput
from faisceau.evidence.mail.rtf import decompressed, text_of
from faisceau.evidence.readers import mail_msg, native_xlsx
from faisceau.evidence.reading import Head, Source, read_rows
from faisceau.testing import check_reader, member

Tree = dict[str, Any]
"""A compound file: streams (bytes) and storages (trees) by name."""
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


class _Sectors:
    """Sectors of one size and the table that chains them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = bytearray()
        self.chain: list[int] = []

    def store(self, data: bytes) -> int:
        if not data:
            return END
        first = len(self.chain)
        for at in range(0, len(data), self.size):
            self.data += data[at : at + self.size].ljust(self.size, b"\0")
            self.chain.append(len(self.chain) + 1)
        self.chain[-1] = END
        return first


def compound(tree: Tree) -> bytes:
    """A compound file, version 3 (MS-CFB, 2)."""
    large, small = _Sectors(512), _Sectors(64)
    entries: list[list[Any]] = []

    def add(name: str, content: bytes | Tree, kind: int) -> int:
        entry: list[Any] = [name, kind, FREE, FREE, FREE, 0, 0]
        entries.append(entry)
        if isinstance(content, bytes):
            entry[1] = 2
            entry[5:] = [(small if len(content) < 4096 else large).store(content), len(content)]
        else:
            children = [add(n, c, 1) for n, c in content.items()]
            for one, after in pairwise(children):  # a list is a tree
                entries[one][3] = after
            entry[4] = children[0] if children else FREE
        return len(entries) - 1 if isinstance(content, bytes) else entries.index(entry)

    add("Root Entry", tree, 5)
    entries[0][5:] = [large.store(bytes(small.data)), len(small.data)]
    minifat = large.store(struct.pack(f"<{len(small.chain)}I", *small.chain))
    directory = b""
    for name, kind, left, right, child, start, size in entries:
        wide = (name + "\0").encode("utf-16-le")
        directory += wide.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sIQQIQ", len(wide), kind, 1, left, right, child, b"", 0, 0, 0, start, size
        )
    directory_at = large.store(directory)
    fats = 1
    while (len(large.chain) + fats + 127) // 128 > fats:
        fats += 1
    at = len(large.chain)
    table = [*large.chain, *[FAT] * fats]
    packed = struct.pack(f"<{len(table)}I", *table).ljust(fats * 512, b"\xff")
    head = struct.pack("<8s16sHHHHHHIIIIIIIIII", mail_msg._OLE, b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 0,
                       0, fats, directory_at, 0, 4096, minifat, (len(small.chain) + 127) // 128,
                       END, 0)  # fmt: skip
    difat = struct.pack("<109I", *range(at, at + fats), *[FREE] * (109 - fats))
    return head + difat + bytes(large.data) + packed


def item(
    properties: dict[int, Any], parts: Tree | None = None, *, head: int = 32, wide: bool = True
) -> Tree:
    """The storage of an item, an attachment or a recipient (MS-OXMSG, 2)."""
    tree: Tree = {}
    table = bytes(head)
    for pid, value in sorted(properties.items()):
        if isinstance(value, datetime):
            ticks = int((value - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7
            table += struct.pack("<HHIQ", 0x40, pid, 6, ticks)
        elif isinstance(value, int):
            table += struct.pack("<HHIQ", 3, pid, 6, value)
        else:
            kind = 0x102 if isinstance(value, bytes) else 0x1F if wide else 0x1E
            data = (
                value
                if isinstance(value, bytes)
                else value.encode("utf-16-le" if wide else "cp1252")
            )
            table += struct.pack("<HHIII", kind, pid, 6, len(data), 0)
            tree[f"__substg1.0_{pid:04X}{kind:04X}"] = data
    return {"__properties_version1.0": table, **tree, **(parts or {})}


def msg(properties: dict[int, Any], parts: Tree | None = None, *, wide: bool = True) -> bytes:
    return compound({"__nameid_version1.0": {}, **item(properties, parts, wide=wide)})


LEA = item({0x3001: "Léa", 0x39FE: "lea@example.org", 0x0C15: 1}, head=8)
MAX = item({0x3001: "Max", 0x3003: "/O=X/CN=MAX", 0x0C15: 3}, head=8)
PDF = item({0x3707: "bon.pdf", 0x3701: b"%PDF-1.4 x", 0x3705: 1}, head=8)
TO = {"__recip_version1.0_#00000000": LEA, "__recip_version1.0_#00000001": MAX}
PLAIN = {0x001A: "IPM.Note", 0x0037: "RE: colis", 0x1000: "Bonjour\r\nà 18 h\r\n", 0x0039: AT}
PLAIN |= {0x0C1A: "Zoé", 0x5D01: "zoe@example.org", 0x1035: "<1@x>", 0x1042: "<0@x>"}


def read(data: bytes) -> tuple[list[dict[str, Any]], Source]:
    source = Source(member("x.msg", data))
    rows = [dict(row.values) for row, _ in read_rows(mail_msg, source)]  # type: ignore[union-attr]
    return rows, source


def detected(data: bytes) -> bool:
    return mail_msg.detect(Head.of(member("x", data)))


def test_the_fixture_is_a_compound_file() -> None:
    with OleFileIO(msg(PLAIN, TO)) as file:
        assert file.openstream("__substg1.0_0037001F").read().decode("utf-16-le") == "RE: colis"
        assert not file.parsing_issues


@pytest.mark.parametrize("wide", [True, False])
def test_an_item_that_never_left_its_server(wide: bool) -> None:
    data = msg(PLAIN, {**TO, "__attach_version1.0_#00000000": PDF}, wide=wide)
    assert detected(data)
    assert not native_xlsx.detect(Head.of(member("x", data)))
    [row, file], source = read(data)
    assert (row["sender_name"], row["sender_id"]) == ("Zoé", "zoe@example.org")
    assert row["recipients"] == ["lea@example.org", "Max"]
    assert (row["subject"], row["thread_name"]) == ("RE: colis", "colis")
    assert row["text"] == "Bonjour\nà 18 h"
    assert (row["sent_at"], row["ref"], row["reply_to"]) == (AT, "1@x", "0@x")
    assert row["attachment_sha256"] == file["sha256"] == sha256(b"%PDF-1.4 x").hexdigest()
    assert file["path"] == "x.msg/bon.pdf"
    assert source.tally.records == 1


def test_what_the_internet_header_says_goes_first() -> None:
    header = (
        "Received: by a; Sun, 1 Mar 2026 09:00:01 +0000\r\nDate: Sun, 1 Mar 2026 10:00:00 +0100\r\n"
        "From: Zo <z@example.org>\r\nTo: l@example.org\r\nMessage-ID: <h@x>\r\n"
        "References: <r@x>\r\n <0@x>\r\n"
    )
    [row], _ = read(msg({**PLAIN, 0x007D: header}, TO))
    assert (row["sender_id"], row["ref"], row["thread_id"]) == ("z@example.org", "h@x", "r@x")
    assert (row["sent_at"].hour, row["zone"]) == (9, "+01:00")
    assert row["recipients"] == ["l@example.org", "lea@example.org", "Max"]


def test_html_and_rtf_where_there_is_no_plain_text() -> None:
    rest = {pid: value for pid, value in PLAIN.items() if pid != 0x1000}
    [row], _ = read(msg({**rest, 0x1013: "<p>été</p>".encode(), 0x3FDE: 65001}))
    assert row["text"] == "été"
    rtf = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 \'e9t\u233?\par fin}"
    packed = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    [row], _ = read(msg({**rest, 0x1009: packed}))
    assert row["text"] == "été\nfin"


def test_the_compression_as_its_description_shows_it() -> None:
    """MS-OXRTFCP, 3.2.1: the example of the specification."""
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c0900206277"
        "05b06c647d0a800fa0"
    )
    assert decompressed(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_html_wrapped_in_rtf() -> None:
    rtf = (
        rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Bonjour {\*\htmltag84 <b>}"
        rb"Max{\*\htmltag92 </b>}\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}fin}"
    )
    assert text_of(rtf) == "Bonjour Max\n\nfin"


def test_a_mail_in_a_mail_is_a_message_too() -> None:
    inner = item({**PLAIN, 0x1000: "dedans", 0x1035: "<2@x>"}, head=24)
    held = item({0x3705: 5}, {"__substg1.0_3701000D": inner}, head=8)
    lost = item({0x3705: 4, 0x3707: "x"}, head=8)
    attached = {"__attach_version1.0_#00000000": held, "__attach_version1.0_#00000001": lost}
    rows, source = read(msg(PLAIN, attached))
    assert [row["text"] for row in rows] == ["Bonjour\nà 18 h", "dedans"]
    assert rows[1]["sent_at"] == AT
    assert source.tally.records == 2
    assert source.tally.left == {"attachment without a file": 1}


def test_what_is_no_message_or_damaged() -> None:
    rows, source = read(msg({0x001A: "IPM.Contact", 0x3001: "Léa"}))
    assert not rows
    assert source.tally.rejects[0].facts == {"kind": "ipm.contact"}
    rows, source = read(msg({0x001A: "IPM.Note", 0x0037: "sans date"}))
    assert not rows
    assert len(source.tally.rejects) == 1
    data = msg(PLAIN, TO)
    for cut in (600, 1024, len(data) // 2):
        with suppress(BadInput):
            rows, source = read(data[:cut])
            assert source.tally.records == len(rows) + len(source.tally.rejects)
    assert not detected(mail_msg._OLE + bytes(600))
    assert not detected(compound({"Workbook": bytes(5000)}))


def test_it_conforms() -> None:
    check_reader(mail_msg)
