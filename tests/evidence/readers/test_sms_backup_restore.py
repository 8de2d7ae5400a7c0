"""What is read of SMS Backup & Restore's files, told by examples.

Elements and attributes as https://synctech.com.au/sms-backup-restore/fields-in-xml-backup-files/
lists them.
"""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.readers import sms_backup_restore
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import check_reader, member

NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC
PROLOG = """<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>
<!--File Created By SMS Backup & Restore v10.20.002 on 01/01/2026 12:00:00-->
<?xml-stylesheet type="text/xsl" href="sms.xsl"?>
"""
PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 a picture"


def source_of(inside: str, root: str = "smses") -> Source:
    text = f'{PROLOG}<{root} count="1" backup_set="a" backup_date="{NOON}">\n{inside}\n</{root}>'
    return Source(member("sms-20260101.xml", text.encode()))


def sms(**values: Any) -> str:
    """One element; without more said, received from Alice."""
    plain = {
        "protocol": 0, "address": "+33612000001", "date": NOON, "type": 1, "subject": "null",
        "body": "salut", "toa": "null", "sc_toa": "null", "service_center": "+33689004000",
        "read": 1, "status": -1, "locked": 0, "date_sent": NOON - 2000, "sub_id": 1,
        "readable_date": "1 janv. 2026 12:00:00", "contact_name": "Sacha",
    }  # fmt: skip
    return f"<sms {attributes({**plain, **values})} />"


def attributes(values: dict[str, Any]) -> str:
    return " ".join(f'{name}="{escape(str(value))}"' for name, value in values.items())


def rows_of(source: Source) -> list[tuple[str, dict[str, Any]]]:
    """Table and values of every row, in the order of the file."""
    assert sms_backup_restore.detect(source.head)
    found: list[tuple[int, str, dict[str, Any]]] = []
    for item, locator in read_rows(sms_backup_restore, source):
        if isinstance(item, Row):
            found.append((line_of(locator), item.schema.name, dict(item.values)))
            continue
        assert item.reasons is None
        rows = zip(item.locators.to_pylist(), item.columns.to_pylist(), strict=True)
        found += [(line_of(where), item.schema.name, row) for where, row in rows]
    return [(table, row) for _, table, row in sorted(found, key=lambda each: each[0])]


def line_of(locator: str) -> int:
    return int(locator.removeprefix("line "))


def test_who_wrote_to_whom_follows_from_the_type() -> None:
    source = source_of(sms() + "\n" + sms(type=2, body="ok", contact_name="(Unknown)"))
    (_, received), (_, sent) = rows_of(source)
    assert (received["sender_id"], received["recipients"]) == ("+33612000001", ["owner"])
    assert (received["sender_name"], received["thread_name"]) == ("Sacha", "Sacha")
    assert received["sent_at"] == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert (sent["sender_id"], sent["recipients"]) == ("owner", ["+33612000001"])
    assert (sent["thread_name"], sent["thread_id"]) == (None, "+33612000001")
    assert not source.tally.unknown


def test_emoji_written_as_two_surrogates_are_mended() -> None:
    element = sms(body="X").replace('"X"', '"&#55357;&#56842; ok&#10;demain"')
    [(_, row)] = rows_of(source_of(element))
    assert row["text"] == "😊 ok\ndemain"


def test_a_draft_and_a_bad_field_reject_their_element_alone() -> None:
    source = source_of(sms(type=3) + sms(date="hier") + sms(type=9) + "<note/>" + sms())
    assert len(rows_of(source)) == 1
    reasons = [reject.reason for reject in source.tally.rejects]
    assert reasons.count(sms_backup_restore.DRAFT) == 1
    assert len(reasons) == 4
    assert source.tally.records == 4  # the desk counts the rows of batches


def test_texts_are_taken_together_and_odd_ones_alone() -> None:
    given = [
        sms(body="a"), sms(body="b", made_up="null"), sms(body="c", made_up="x"),
        sms(body="d", date=f" {NOON}", made_up="y"), sms(body="null", address="null"),
    ]  # fmt: skip
    source = source_of("\n".join(given) + '\n<sms body="e"/>')
    rows = [row for _, row in rows_of(source)]
    assert [row["text"] for row in rows] == ["a", "b", "c", "d", None]
    assert {row["sent_at"] for row in rows} == {datetime(2026, 1, 1, 11, tzinfo=UTC)}
    assert (rows[4]["thread_id"], rows[4]["sender_id"], rows[4]["recipients"]) == (
        None,
        None,
        ["owner"],
    )
    assert source.tally.unknown == {"made_up": 2}
    assert [reject.locator for reject in source.tally.rejects] == ["line 10"]


def test_an_unknown_attribute_is_counted() -> None:
    source = source_of(sms(made_up=1))
    rows_of(source)
    assert source.tally.unknown == {"made_up": 1}


def mms(parts: str, addrs: str = "", **values: Any) -> str:
    plain = {"date": NOON, "msg_box": 1, "address": "+33612000001~+33612000002", "m_type": 132,
        "sub": "null", "contact_name": "Sacha, Hugo", "readable_date": "x"}  # fmt: skip
    inner = f"<parts>{parts}</parts><addrs>{addrs}</addrs>"
    return f"<mms {attributes({**plain, **values})}>{inner}</mms>"


def part(**values: Any) -> str:
    return f"<part {attributes({'seq': 0, 'cl': 'null', **values})} />"


def addr(address: str, role: int) -> str:
    return f'<addr address="{address}" type="{role}" charset="106" />'


def test_an_mms_gathers_its_parts_and_people() -> None:
    parts = (
        part(ct="application/smil", text="<smil/>", seq=-1)
        + part(ct="image/jpeg", cl="IMG_1.jpg", text="null", data=b64encode(PICTURE).decode())
        + part(ct="text/plain", text="regarde")
    )
    addrs = addr("+33612000001", 137) + addr("+33612000002", 151) + addr("+33699000001", 151)
    (table, row), (media, file) = rows_of(source_of(mms(parts, addrs)))
    assert (table, media) == ("message", "media")
    assert row["sender_id"] == "+33612000001"
    assert row["recipients"] == ["+33612000002", "+33699000001"]
    assert (row["text"], row["kind"], row["app"]) == ("regarde", "image", "mms")
    assert row["attachment_sha256"] == sha256(PICTURE).hexdigest() == file["sha256"]
    assert (file["kind"], file["media_type"]) == ("image", "image/jpeg")
    assert (file["size"], file["path"]) == (len(PICTURE), "sms-20260101.xml#line 5/IMG_1.jpg")


def test_a_sent_mms_names_the_handset_itself_by_a_token() -> None:
    addrs = addr("insert-address-token", 137) + addr("+33612000001", 151)
    source = source_of(mms("", addrs, msg_box=2, m_type=128) + mms("", m_type=134))
    [(_, row)] = rows_of(source)
    assert (row["sender_id"], row["recipients"]) == ("owner", ["+33612000001"])
    assert source.tally.left["delivery and read reports of MMS"] == 1


def test_data_that_is_no_base64_is_counted_and_the_message_kept() -> None:
    source = source_of(mms(part(ct="image/png", data="abcde")))
    [(_, row)] = rows_of(source)
    assert (row["kind"], row["attachment_sha256"]) == ("image", None)
    assert source.tally.unread == {"message.attachment_sha256": 1}


def test_a_picture_larger_than_parsers_allow_passes() -> None:
    data = b64encode(PICTURE + bytes(11_000_000)).decode()
    _, (_, file) = rows_of(source_of(mms(part(ct="image/jpeg", data=data))))
    assert file["size"] == len(PICTURE) + 11_000_000


def test_calls_and_their_withheld_numbers() -> None:
    plain = {"number": "0612000001", "duration": 42, "date": NOON, "presentation": 1,
        "readable_date": "x", "contact_name": "Sacha", "subscription_id": "1"}  # fmt: skip
    given = [
        plain | {"type": 1}, plain | {"type": 2}, plain | {"type": 3, "duration": 0},
        plain | {"type": 1, "number": "", "presentation": 2}, plain | {"type": 5, "number": "-1"},
        plain | {"type": 99},
    ]  # fmt: skip
    source = source_of("\n".join(f"<call {attributes(call)} />" for call in given), "calls")
    rows = [row for _, row in rows_of(source)]
    assert [row["direction"] for row in rows] == ["in", "out", "missed", "in", "missed"]
    assert (rows[1]["caller"], rows[1]["callee"]) == ("owner", "0612000001")
    assert [row["caller"] for row in rows[3:]] == ["private", "unknown"]
    assert rows[0]["duration_s"] == 42.0
    assert len(source.tally.rejects) == 1


def test_a_cut_file_gives_what_stands_before_the_cut() -> None:
    whole = source_of("\n".join(sms() for _ in range(9))).member.open().read()
    source = Source(member("sms.xml", whole[:-200]))
    rows: list[Any] = []
    with pytest.raises(BadInput, match="damaged XML"):
        rows.extend(read_rows(sms_backup_restore, source))  # keeps what came before the error
    assert sum(item.columns.num_rows for item, _ in rows) == 8


def test_entities_are_refused() -> None:
    text = '<!DOCTYPE smses [<!ENTITY a "b">]><smses><sms body="&a;"/></smses>'
    source = Source(member("sms.xml", text.encode()))
    with pytest.raises(BadInput, match="entities"):
        list(read_rows(sms_backup_restore, source))


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), max_size=5))
def test_words_come_out_as_they_went_in(texts: list[str]) -> None:
    said = [text for text in texts if text.strip() and text != "null"]
    rows = rows_of(source_of("".join(sms(body=text) for text in said)))
    assert [row["text"] for _, row in rows] == [t.replace("\ufffe", "\ufffd") for t in said]


def test_other_xml_is_not_claimed() -> None:
    for text in ("<calls><x/></calls>", "<smsesx/>", "<a><smses/></a>"):
        assert not sms_backup_restore.detect(Source(member("a.xml", text.encode())).head)


def test_it_conforms() -> None:
    check_reader(sms_backup_restore)
