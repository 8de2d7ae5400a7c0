"""What a Cellebrite report gives, told by a real chat model and by small reports."""

import hashlib
import re
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.readers import cellebrite_xml
from faisceau.evidence.readers.cellebrite_xml import seen
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Row
from faisceau.testing import Desk

NUMBERS = count(1)


class Report:
    """A report on disk, and what reading it gave."""

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        if content is not None:
            path.write_bytes(content)
        self.member = Member(
            path.name, path.stat().st_size, lambda: path.open("rb"), lambda: path, lambda: "f" * 64
        )
        self.source = Source(self.member)
        self.rows: list[Row] = []

    def recognised(self) -> bool:
        return cellebrite_xml.detect(Head.of(self.member))

    def read(self, table: str = "message") -> list[dict[str, Any]]:
        for item, _ in read_rows(cellebrite_xml, self.source):
            if isinstance(item, Row):
                self.rows.append(item)
                continue
            self.source.tally.records += item.columns.num_rows  # as the desk does
            said = item.columns.to_pylist()
            self.rows += [
                Row(item.schema, {name: v for name, v in row.items() if v is not None})
                for row in said
            ]
        return self.values(table)

    def values(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table; messages in the order of the file, where plain ones come apart."""
        found = [
            {**dict.fromkeys(r.schema.fillable), **r.values}
            for r in self.rows
            if r.schema.name == table
        ]
        if table == "message":
            with self.member.open() as stream:
                text = stream.read()
            found.sort(key=lambda row: text.find(f'id="{row["ref"]}"'.encode()))
        return found


def fields(said: dict[str, str]) -> str:
    return "".join(
        f'<field name="{name}"><value type="String"><![CDATA[{text}]]></value></field>'
        for name, text in said.items()
    )


def model(kind: str, inner: str = "", *, state: str = "Intact", **said: str) -> str:
    head = f'<model type="{kind}" id="{kind}-{next(NUMBERS)}" deleted_state="{state}">'
    return f"{head}{fields(said)}{inner}</model>"


def several(name: str, *models: str) -> str:
    return f'<multiModelField name="{name}">{"".join(models)}</multiModelField>'


def party(identifier: str, role: str = "", **said: str) -> str:
    return model("Party", Identifier=identifier, Role=role, **said)


def report(*models: str, before: str = "") -> bytes:
    types = "".join(f"<modelType>{each}</modelType>" for each in models)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<project id="p" xmlns="http://pa.cellebrite.com/report/2.0">'
        f"{before}<decodedData>{types}</decodedData></project>"
    ).encode()


def chat(*messages: str, **said: str) -> str:
    people = several(
        "Participants", party("+33611", Name="Bob"), party("+33622", IsPhoneOwner="True")
    )
    return model("Chat", people + several("Messages", *messages), Source="Signal", Id="g1", **said)


def message(inner: str = "", state: str = "Intact", **said: str) -> str:
    sender = f'<modelField name="From">{party("+33611", Name="Bob")}</modelField>'
    words = {"Body": "ok", "TimeStamp": "2024-06-01T12:00:00.500+02:00", **said}
    return model("InstantMessage", sender + inner, state=state, **words)


@pytest.fixture
def made(tmp_path: Path) -> Any:
    return lambda content: Report(tmp_path / "report.xml", content)


def test_a_real_chat_gives_all_its_messages_with_their_times(shared: Path) -> None:
    real = shared / "phones/ufed-model-chat.xml"
    found = Report(real)
    assert found.recognised()
    said = found.read()
    assert len(said) == 11
    assert {m["thread_id"] for m in said} == {"5511999996666@s.whatsapp.net"}
    assert {m["account"] for m in said} == {"5511999998888@s.whatsapp.net"}
    assert said[0]["ref"] == "2ee39d83-7b1e-48df-bfe7-ef8039de7ae2"
    assert said[0]["sent_at"] == datetime(2024, 11, 3, 19, 46, 47, tzinfo=UTC)
    assert said[2]["sent_at"] == datetime(2024, 11, 3, 19, 47, 14, 160000, tzinfo=UTC)
    assert [m["text"] for m in said if m["text"]] == [
        "Certo amigo veja ae",
        "Vendo",
        "You joined the group via invite link",
        "Obrigado",
    ]
    assert Counter(m["kind"] for m in said) == {"voice": 5, "text": 5, "system": 1}
    assert [m["forwarded"] for m in said].count(True) == 1
    assert said[-1]["reply_to"] == "1654984910:14433"
    [card] = found.values("contact")
    assert card["name"] == "Charmeleon"
    assert card["identifiers"] == ["5511999997745@s.whatsapp.net", "+55 11 99999-22222"]
    tally = found.source.tally
    assert tally.records == len(said)
    assert not tally.rejects
    assert not tally.unknown
    in_file = len(re.findall('<model type="InstantMessage"', real.read_text()))
    assert in_file == len(said) + tally.left["InstantMessage quoted in another"]


def test_a_message_has_its_chat_its_people_and_its_zone(made: Any) -> None:
    found = made(report(chat(message(Subject="hm"), Name="Équipe")))
    [said] = found.read()
    assert (said["thread_id"], said["thread_name"], said["account"]) == ("g1", "Équipe", "+33622")
    assert (said["sender_id"], said["sender_name"]) == ("+33611", "Bob")
    assert said["recipients"] == ["+33622"]
    assert said["sent_at"] == datetime(2024, 6, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert (said["zone"], said["app"], said["subject"]) == ("+02:00", "signal", "hm")


SPOKEN = st.fixed_dictionaries(
    {},
    optional={
        "Body": st.text(st.characters(categories=["L", "P"]), min_size=1).filter(
            lambda text: "]]>" not in text
        ),
        "Subject": st.just("hm"),
        "Source": st.sampled_from(["WhatsApp", "Signal"]),
        "Identifier": st.just("A1"),
        "Status": st.just("Read"),
        "Mood": st.just("sad"),
        "TimeStamp": st.sampled_from(
            [
                *("2024-06-01T12:00:00Z", "2024-06-01T12:00:00", "16/04/2021 10:23:45(UTC-3)"),
                *("2024-02-31T00:00:00Z", "1601-01-01T00:00:00Z", "?"),
                "2024-06-01T12:00:00.5-03:30",
            ]
        ),
    },
)


@given(st.lists(SPOKEN, max_size=4), st.booleans())
def test_messages_taken_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, spoken: list[dict[str, str]], to: bool
) -> None:
    told = []
    for extra in ({}, {"Label": "Default"}):  # a label, and each is read by itself
        more = several("To", party("+33699"), party("+33622")) if to else ""
        messages = [
            message(more, **said, **extra).replace(
                '<model type="InstantMessage" id="', f'<model type="InstantMessage" id="same-{n}-'
            )
            for n, said in enumerate(spoken)
        ]
        found = Report(tmp_path_factory.mktemp("ufed") / "report.xml", report(chat(*messages)))
        rows = [{k: v for k, v in row.items() if k != "ref"} for row in found.read()]
        tally = found.source.tally
        told.append((rows, tally.records, tally.unknown, tally.unread, tally.assumed))
    assert told[0] == told[1]


def test_an_answer_finds_what_passed_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "RECENT", 8)
    passed = seen.Seen()
    for n in range(2000):
        passed.add(f"model-{n}", f"own-{n}" if n % 2 else None)
    assert passed.get("own-1") == passed.get("model-1") == "model-1"
    assert passed.get("own-1999") == "model-1999"
    assert [passed.get(key) for key in ("own-2", "model-2000", None)] == [None, None, None]
    assert all(passed.get(f"model-{n}") == f"model-{n}" for n in range(2000))


def test_a_time_without_offset_is_read_in_the_zone_of_the_case_and_counted(made: Any) -> None:
    found = made(report(chat(message(TimeStamp="2024-06-01T12:00:00"))))
    [said] = found.read()
    assert (said["sent_at"].hour, said["zone"]) == (10, "Europe/Paris")
    assert found.source.tally.assumed == {"Europe/Paris": 1}


@pytest.mark.parametrize(
    ("state", "deleted"),
    [("Deleted", True), ("Trash", True), ("Intact", False), ("Unknown", None)],
)
def test_a_deleted_message_says_so(made: Any, state: str, deleted: bool | None) -> None:
    [said] = made(report(chat(message(state=state)))).read()
    assert said["deleted"] is deleted


def test_an_answer_names_the_message_it_answers(made: Any) -> None:
    extra = several("MessageExtraData", model("ReplyMessageData", OriginalMessageID="A1"))
    first, second = made(report(chat(message(Identifier="A1"), message(extra)))).read()
    assert second["reply_to"] == first["ref"]


def test_a_place_is_kept(made: Any) -> None:
    spot = model("Coordinate", Latitude="48.85", Longitude="2.35")
    [said] = made(report(chat(message(f'<modelField name="Position">{spot}</modelField>')))).read()
    assert (said["latitude"], said["longitude"], said["kind"]) == (48.85, 2.35, "location")


def test_a_text_message_is_from_or_to_the_holder(made: Any) -> None:
    at = "2024-06-01T10:00:00+00:00"
    got = model("SMS", several("Parties", party("+33611", "From")), Body="T où", TimeStamp=at)
    sent = model("SMS", several("Parties", party("+33611", "To")), Body="là", TimeStamp=at)
    old = model("SMS", several("Parties", party("+33611")), Folder="Sent", Body="x", TimeStamp=at)
    first, second, third = made(report(got, sent, old)).read()
    assert (first["sender_id"], first["recipients"]) == ("+33611", ["owner"])
    assert (second["sender_id"], second["recipients"]) == ("owner", ["+33611"])
    assert (third["sender_id"], third["recipients"]) == ("owner", ["+33611"])
    assert {m["thread_id"] for m in (first, second, third)} == {"+33611"}
    assert first["app"] == "sms"


def test_a_mail_goes_to_everyone_it_names(made: Any) -> None:
    inner = f'<modelField name="From">{party("a@x.fr")}</modelField>'
    inner += several("To", party("b@x.fr")) + several("Cc", party("c@x.fr"))
    [said] = made(report(model("Email", inner, Subject="Colis", Account="b@x.fr"))).read()
    assert (said["sender_id"], said["recipients"]) == ("a@x.fr", ["b@x.fr", "c@x.fr"])
    assert (said["subject"], said["account"], said["sent_at"]) == ("Colis", "b@x.fr", None)


@pytest.mark.parametrize("kind", ["MMS", "SMS", "Email"])
def test_attachments_and_deletion_of_texts_and_mails(made: Any, kind: str) -> None:
    """An MMS of two files: the first is joined to it, the second is counted."""
    files = f"<taggedFiles>{tagged(1, Tags='Image')}{tagged(2, Tags='Audio')}</taggedFiles>"
    first, second = attached("file-1"), attached("file-2").replace("image/jpeg", "audio/amr")
    both = first.replace("</multiModelField>", "") + second.partition(">")[2]
    ends = several("To", party("+33611")) + several("Bcc", party("+33633"))
    at = {"TimeStamp": "2024-06-01T10:00:00+00:00", "Account": "+33622", "Folder": "Sent"}
    found = made(report(model(kind, ends + both, state="Deleted", Body="vu", **at), before=files))
    [said] = found.read()
    assert (said["deleted"], said["kind"], said["text"]) == (True, "image", "vu")
    assert said["attachment_sha256"] == f"{1:064x}"
    assert (said["account"], said["app"]) == ("+33622", kind.lower())
    assert said["recipients"] == ["+33611", "+33633"]
    assert not found.source.tally.unknown
    assert found.source.tally.left == {"further attachment of a message": 1}
    assert [(m["kind"], m["sha256"]) for m in found.values("media")] == [
        ("image", f"{1:064x}"),
        ("audio", f"{2:064x}"),
    ]


@pytest.mark.parametrize(
    ("said", "role", "ends", "direction"),
    [
        ({"Direction": "Incoming"}, "From", ("+33611", "owner"), "in"),
        ({"Direction": "Outgoing", "Account": "+33622"}, "To", ("+33622", "+33611"), "out"),
        ({"Type": "Missed"}, "General", ("+33611", "owner"), "missed"),
        ({"Direction": "Incoming", "Type": "Missed"}, "From", ("+33611", "owner"), "missed"),
    ],
)
def test_a_call_has_two_ends(
    made: Any, said: dict[str, str], role: str, ends: tuple[str, str], direction: str
) -> None:
    at = {"TimeStamp": "2024-06-01T10:00:00+00:00", "Duration": "00:01:35"}
    found = made(report(model("Call", several("Parties", party("+33611", role)), **at, **said)))
    [call] = found.read("call")
    assert (call["caller"], call["callee"]) == ends
    assert (call["direction"], call["duration_s"]) == (direction, 95.0)
    assert not found.source.tally.unknown


def test_a_contact_has_its_identifiers(made: Any) -> None:
    entries = several(
        "Entries",
        model("PhoneNumber", Value="06 11", Category="Mobile"),
        model("EmailAddress", Value="m@x.fr"),
        model("WebAddress", Value="x.fr"),
    )
    [contact] = made(report(model("Contact", entries, Name="Momo"))).read("contact")
    assert (contact["name"], contact["identifiers"]) == ("Momo", ["06 11", "m@x.fr"])


def test_the_device_gathers_numbers_accounts_and_applications(made: Any) -> None:
    items = {
        "DeviceInfoSelectedManufacturer": "Samsung GSM",
        "DeviceInfoSelectedDeviceName": "SM-G991B",
        "DeviceInfoOSVersion": "13",
        "IMEI": "490154203237518",
        "IMEI2": "356938035643809",
        "MSISDN": "+33612345678",
        "Wallpaper": "blue",
    }
    listed = "".join(f'<item name="{k}"><![CDATA[{v}]]></item>' for k, v in items.items())
    before = f'<metadata section="Device Info">{listed}</metadata>'
    before += '<taggedFiles><file id="1"><metadata><item name="Model">no</item></metadata></file>'
    before += "</taggedFiles>"
    account = model("UserAccount", Username="momo75", Password="secret", ServiceType="Snapchat")
    found = made(report(account, model("InstalledApplication", Name="Signal"), before=before))
    first, second = found.read("handset")
    assert (first["imei"], first["msisdn"]) == ("490154203237518", "+33612345678")
    assert (second["imei"], second.get("msisdn")) == ("356938035643809", None)
    for handset in (first, second):
        assert (handset["make"], handset["model"]) == ("Samsung GSM", "SM-G991B")
        assert (handset["accounts"], handset["apps"]) == (["momo75"], ["Snapchat", "Signal"])
    assert found.source.tally.left == {"metadata item": 1, "tagged file": 1, "credentials": 1}
    assert "secret" not in str(found.rows)


ACCOUNT = """<model type="UserAccount" id="ac0f" deleted_state="Intact" extractionId="0">
  <field name="Source" type="String"><value type="String"><![CDATA[Instagram]]></value></field>
  <field name="Name" type="String"><value type="String"><![CDATA[Momo 75]]></value></field>
  <field name="Username" type="String"><value type="String"><![CDATA[momo.75]]></value></field>
  <field name="Password" type="String"><value type="String"><![CDATA[s3same]]></value></field>
  <field name="ServiceType" type="String"><value type="String"><![CDATA[Instagram]]></value></field>
  <field name="ServerAddress" type="String"><empty /></field>
  <field name="TimeCreated" type="TimeStamp"><empty /></field>
  <multiModelField name="Photos" type="ContactPhoto" />
  <multiModelField name="Entries" type="ContactEntry">
    <model type="UserID" id="e1"><field name="Category"><value>Id</value></field>
      <field name="Value"><value type="String"><![CDATA[1790456]]></value></field></model>
    <model type="EmailAddress" id="e2">
      <field name="Value"><value type="String"><![CDATA[momo@x.fr]]></value></field></model>
    <model type="ProfilePicture" id="e3">
      <field name="Value"><value type="String"><![CDATA[p.jpg]]></value></field></model>
  </multiModelField>
  <multiField name="Notes" type="String" />
</model>"""


def test_an_account_that_stands_alone_is_read_and_its_password_is_not(made: Any) -> None:
    found = made(ACCOUNT.encode())
    assert found.recognised()
    [contact] = found.read("contact")
    assert (contact["ref"], contact["name"], contact["account"]) == ("ac0f", "Momo 75", "momo.75")
    assert contact["identifiers"] == ["momo.75", "1790456", "momo@x.fr"]
    [handset] = found.values("handset")
    assert handset["accounts"] == contact["identifiers"]
    assert handset["apps"] == ["Instagram"]
    tally = found.source.tally
    assert (tally.records, tally.unknown, tally.rejects) == (2, {}, [])
    assert tally.left == {"credentials": 1}
    assert "s3same" not in str(found.rows)


@pytest.mark.parametrize(
    ("inner", "said", "identifiers"),
    [
        (
            several("Entries", model("ContactEntry", Category="Mobile", Value="06 11")),
            {},
            ["06 11"],
        ),
        (several("Entries", model("ContactEntry", Category="Web", Value="x.fr")), {}, []),
        (several("PhoneNumbers", model("PhoneNumber", Value="06 11")), {}, ["06 11"]),
        ("", {"UserID": "1790", "EmailAddress": "m@x.fr"}, ["1790", "m@x.fr"]),
        (several("Entries", model("UserID", Value="7")), {"Username": "momo"}, ["momo", "7"]),
    ],
)
def test_accounts_of_several_versions_give_what_they_are_known_by(
    made: Any, inner: str, said: dict[str, str], identifiers: list[str]
) -> None:
    for kind in ("UserAccount", "Contact"):
        found = made(report(model(kind, inner, Name="Momo", **said)))
        [contact] = found.read("contact")
        assert (contact["name"], contact["identifiers"] or []) == ("Momo", identifiers)
        assert not found.source.tally.unknown


def test_a_call_with_a_party_of_no_number_is_kept(made: Any) -> None:
    named = several("Parties", model("Party", Name="Bob", Role="To"))
    hidden = several("Parties", model("Party", Role="From"))
    calls = made(report(*[model("Call", each) for each in (named, hidden)])).read("call")
    assert [(c["caller"], c["callee"]) for c in calls] == [("owner", "Bob"), ("unknown", "owner")]


def test_passwords_are_counted_and_never_read(made: Any) -> None:
    found = made(report(model("Password", Account="momo", Data="s3same"), model("Note", Body="x")))
    assert found.read() == []
    assert found.source.tally.left == {"credentials": 1, "Note": 1}


def tagged(number: int, local: str = "", **items: str) -> str:
    said = {"SHA256": f"{number:064X}", "MD5": "0" * 32, "Local Path": local, **items}
    listed = "".join(f'<item name="{k}"><![CDATA[{v}]]></item>' for k, v in said.items())
    return (
        f'<file fs="x" path="/DCIM/{number}.jpg" size="10" id="file-{number}" deleted="Intact">'
        '<accessInfo><timestamp name="CreationTime">2024-01-01</timestamp></accessInfo>'
        f'<metadata section="File">{listed}</metadata></file>'
    )


def attached(file_id: str) -> str:
    one = '<model type="Attachment" id="a" file_id="%s"><field name="ContentType"><value>image/jpeg'
    return several("Attachments", one % file_id + "</value></field></model>")


@pytest.mark.parametrize("folder", ["", "Rapport 1/"])
def test_a_ufdr_is_read_wherever_its_report_lies(desk: Desk, folder: str) -> None:
    """Attachments lie beside the report, and are named from there, with Windows' separators."""
    picture = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64)
    path = fields({"attachment_extracted_path": "files\\Image\\1.jpg", "ContentType": "image/jpeg"})
    carried = several("Attachments", f'<model type="Attachment" id="a1">{path}</model>')
    content = report(chat(message(carried)), before="<taggedFiles></taggedFiles>")
    with zipfile.ZipFile(desk.files / "telephone.ufdr", "w") as archive:
        archive.writestr(f"{folder}report.xml", content)
        archive.writestr(f"{folder}files/Image/1.jpg", picture)
    added = desk.add(desk.files / "telephone.ufdr")
    assert added.exhibit is not None
    assert added.exhibit.readers == ("cellebrite_xml",)
    [said], [media] = desk.rows("message"), desk.rows("media")
    assert said["attachment_sha256"] == media["sha256"] == hashlib.sha256(picture).hexdigest()
    assert said["source"].startswith(f"{folder}report.xml#InstantMessage")


@pytest.mark.parametrize("before", [True, False])
def test_an_attachment_has_the_hash_of_its_tagged_file_wherever_that_stands(
    made: Any, before: bool
) -> None:
    files = f"<taggedFiles>{tagged(1, Tags='Image')}{tagged(2)}</taggedFiles>"
    jump = (
        '<jumptargets name=""><targetid ismodel="false"><![CDATA[file-2]]></targetid></jumptargets>'
    )
    messages = chat(message(attached("file-1")), message(attached("") + jump), message())
    content = report(messages, before=files if before else "")
    if not before:
        content = content.replace(b"</project>", files.encode() + b"</project>")
    found = made(content)
    said = found.read()
    assert [m["attachment_sha256"] for m in said] == [f"{1:064x}", f"{2:064x}", None]
    assert [m["kind"] for m in said] == ["image", "image", "text"]
    [media] = found.values("media")
    assert (media["sha256"], media["path"], media["kind"]) == (f"{1:064x}", "/DCIM/1.jpg", "image")
    assert (media["size"], media["ref"]) == (10, "file-1")
    assert found.source.tally.left == {"tagged file": 1}


def test_a_picture_has_its_place_and_time(made: Any) -> None:
    exif = {
        "ExifEnumGPSLatitude": "48, 51, 24",
        "ExifEnumGPSLatitudeRef": "N",
        "ExifEnumGPSLongitude": "2.35",
        "ExifEnumGPSLongitudeRef": "W",
        "ExifEnumDateTimeOriginal": "2024:06:01 12:00:00",
        "Tags": "Image",
    }
    found = made(report(before=f"<taggedFiles>{tagged(1, **exif)}</taggedFiles>"))
    [media] = found.read("media")
    assert (media["latitude"], media["longitude"]) == (pytest.approx(48.8567, abs=1e-4), -2.35)
    assert media["recorded_at"] == datetime(2024, 6, 1, 10, tzinfo=UTC)


def place(latitude: str, longitude: str) -> str:
    spot = model("Coordinate", Latitude=latitude, Longitude=longitude)
    return f'<modelField name="Position">{spot}</modelField>'


def test_locations_and_journeys_are_positions_of_the_device(made: Any) -> None:
    at = {"TimeStamp": "2024-06-01T10:00:00+00:00"}
    known = model("Location", place("48.85", "2.35"), Precision="12 m", **at)
    sent = model("Location", place("1", "1"), Origin="External")
    address = model("Location", Name="Quai de la Rapée")
    nowhere = model("Location", place("0", "0"))
    way = model(
        "Journey",
        several("FromPoint", model("Location", place("48,1", "2,1")))
        + several("WayPoints", model("Location", place("48.2", "2.2"), **at)),
        StartTime="2024-06-01T09:00:00+00:00",
    )
    cell = model("CellTower", MCC="208", MNC="1", LAC="7", CID="99", **at)
    before = '<metadata><item name="IMEI">490154203237518</item></metadata>'
    found = made(report(known, sent, address, nowhere, way, cell, before=before))
    first, start, middle, tower = found.read("position")
    assert (first["latitude"], first["longitude"], first["accuracy_m"]) == (48.85, 2.35, 12.0)
    assert (first["device"], first["kind"]) == ("490154203237518", "gps")
    assert start["at"] == datetime(2024, 6, 1, 9, tzinfo=UTC)
    assert (start["latitude"], middle["latitude"]) == (48.1, 48.2)
    assert (tower["kind"], tower["observed"]) == ("cell", ["208-1-7-99"])
    tally = found.source.tally
    assert tally.left == {
        "Location elsewhere than the device": 1,
        "Location without coordinates": 1,
    }
    [reject] = tally.rejects
    assert reject.facts["field"] == "Position"


def test_lines_of_the_cards_and_of_the_device_say_who_they_are(made: Any) -> None:
    lines = [
        model("SIMData", Name="ICCID", Value="8933012345678901234"),
        model("SIMData", Name="Forbidden networks", Value="20810"),
        model("DeviceInfoEntry", EntryName="DeviceInfoDetectedPhoneVendor", EntryValue="Apple"),
        model("DeviceInfoEntry", EntryName="LastUsedMSISDN", EntryValue="+33612345678"),
    ]
    found = made(report(*lines))
    [handset] = found.read("handset")
    assert (handset["iccid"], handset["msisdn"]) == ("8933012345678901234", "+33612345678")
    assert handset["make"] == "Apple"
    assert found.source.tally.left == {"SIMData": 1}


def test_a_call_to_several_has_a_row_for_each(made: Any) -> None:
    people = several(
        "Parties", party("+33611", "From"), party("+33622", "To"), party("+33633", "To")
    )
    calls = made(report(model("Call", people, Direction="Outgoing"))).read("call")
    assert [(c["caller"], c["callee"]) for c in calls] == [
        ("+33611", "+33622"),
        ("+33611", "+33633"),
    ]


def test_a_jump_leads_to_the_message_that_is_answered(made: Any) -> None:
    asked = message().replace("<model ", '<model id="m-1" ', 1)
    asked = re.sub(r'(<model id="m-1" type="InstantMessage") id="[^"]*"', r"\1", asked)
    jump = '<jumptargets name=""><targetid ismodel="true">m-1</targetid></jumptargets>'
    said = made(report(chat(asked, message(jump, Label="Reply")))).read()
    assert [m.get("reply_to") for m in said] == [None, "m-1"]


def test_a_voicemail_is_a_voice_message(made: Any) -> None:
    sender = several("From", party("+33611", Name="Bob"))
    left = model("Voicemail", sender, Timestamp="2024-06-01T10:00:00Z", Duration="00:00:12")
    [said] = made(report(left)).read()
    assert (said["sender_id"], said["kind"], said["app"]) == ("+33611", "voice", "voicemail")


def test_times_of_older_reports_are_read(made: Any) -> None:
    [said] = made(report(chat(message(TimeStamp="16/04/2021 10:23:45(UTC-3)")))).read()
    assert (said["sent_at"], said["zone"]) == (
        datetime(2021, 4, 16, 13, 23, 45, tzinfo=UTC),
        "-03:00",
    )


def test_what_stands_behind_a_damaged_place_is_read_too(made: Any) -> None:
    content = report(
        chat(*[message(Identifier=str(n)) for n in range(6)]), chat(message(Body="last"))
    )
    cut = content.index(b'"Identifier"', content.index(b"[CDATA[2]]"))
    found = made(content[:cut] + b"<<<&&&" + content[cut + 40 :])
    with pytest.raises(BadInput, match="damaged XML"):
        found.read()
    said = found.values("message")
    assert len(said) == 6
    assert (said[-1]["text"], said[-1]["thread_id"]) == ("last", "g1")


def test_a_byte_order_mark_changes_nothing(made: Any) -> None:
    found = made(b"\xef\xbb\xbf" + report(chat(message())))
    assert found.recognised()
    assert len(found.read()) == 1


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.1"])
def test_a_prefix_and_other_versions_of_the_namespace_change_nothing(
    made: Any, version: str
) -> None:
    models = [*[model("Cookie", Domain="x")] * 3, chat(message(Body="a < b")), model("Note")]
    plain = report(*models, before='<metadata><item name="IMEI">490154203237518</item></metadata>')
    names = "project|metadata|item|decodedData|modelType|model|field|multiModelField|modelField"
    spelt = re.sub(rf"<(/?)({names}|value)\b".encode(), rb"<\1r:\2", plain)
    spelt = spelt.replace(b"xmlns=", b"xmlns:r=").replace(
        b"report/2.0", f"report/{version}".encode()
    )
    found = made(spelt)
    assert found.recognised()
    [said] = found.read()
    assert (said["text"], said["thread_id"], said["sender_id"]) == ("a < b", "g1", "+33611")
    assert found.values("handset")[0]["imei"] == "490154203237518"
    assert found.source.tally.left == {"Cookie": 3, "Note": 1}


def test_other_models_and_fields_are_counted_never_lost(made: Any) -> None:
    found = made(report(model("Cookie"), model("Cookie"), chat(message(Mood="sad")), chat()))
    found.read()
    assert found.source.tally.left == {"Cookie": 2, "Chat": 1}  # the chat without messages
    assert found.source.tally.unknown == {"Mood": 1}


def test_what_stands_before_the_cut_is_kept(made: Any) -> None:
    raw = report(
        chat(*[message() for _ in range(40)]),
        before='<metadata><item name="IMEI">1</item></metadata>',
    )
    found = made(raw[: len(raw) // 2])
    with pytest.raises(BadInput, match="damaged XML"):
        found.read()
    assert 15 <= len(found.values("message")) <= 25
    assert len(found.values("handset")) == 1


@pytest.mark.parametrize("padding", ["", f"<!--{'x' * 70_000}-->"])
def test_entities_are_refused_wherever_they_are_declared(made: Any, padding: str) -> None:
    bomb = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    doctype = f'{padding}<!DOCTYPE project [<!ENTITY l0 "lol">{bomb}]>'.encode()
    found = made(report(chat(message(Body="]]>&l9;<![CDATA["))).replace(b"\n", b"\n" + doctype, 1))
    with pytest.raises(BadInput, match="entities"):
        found.read()
    assert not found.rows


def test_damaged_characters_cost_no_message(made: Any) -> None:
    bodies = ["]]>&#55357;&#56832;<![CDATA[", "]]>&#xD800;a<![CDATA[", "\x01b", "LATIN", "c"]
    raw = report(chat(*[message(Body=body) for body in bodies])).replace(b"LATIN", b"\xe9")
    assert [m["text"] for m in made(raw).read()] == ["😀", "\ufffda", "\ufffdb", "\ufffd", "c"]


def test_a_report_in_utf_16_is_read(made: Any) -> None:
    text = report(chat(message(Body="déjà 🌿"))).decode().replace("utf-8", "utf-16")
    found = made(text.encode("utf-16"))
    assert found.recognised()
    assert [m["text"] for m in found.read()] == ["déjà 🌿"]


@pytest.mark.parametrize("year", ["1601", "9999"])
def test_a_date_that_is_no_date_leaves_the_message_without_time(made: Any, year: str) -> None:
    found = made(report(chat(message(TimeStamp=f"{year}-01-01T00:00:00+00:00"), message())))
    first, second = found.read()
    assert first["sent_at"] is None  # the desk rejects a message without its anchor
    assert second["sent_at"] is not None
    assert found.source.tally.unread == {"TimeStamp": 1}


def test_a_text_of_50_mb_is_one_message(made: Any) -> None:
    found = made(report(chat(message(Body="BIG"), message())).replace(b"BIG", b"x" * 50_000_000))
    first, second = found.read()
    assert (len(first["text"]), second["text"]) == (50_000_000, "ok")


def test_models_nested_without_end_are_no_recursion(made: Any) -> None:
    deep = '<model type="A" id="1"><multiModelField name="B">' * 900
    deep += "</multiModelField></model>" * 900
    found = made(report(deep, chat(message())))
    assert len(found.read()) == 1


def test_elements_nested_without_end_are_refused(made: Any) -> None:
    for kind in ("InstantMessage", "Cookie"):
        deep = model(kind, "<value>" * 20_000 + "</value>" * 20_000)
        with pytest.raises(BadInput, match="deep"):
            made(report(deep)).read()


MEASURED = """
import resource, sys
from pathlib import Path
from faisceau.evidence.readers import cellebrite_xml
from faisceau.evidence.readers.cellebrite_xml import seen
from faisceau.evidence.reading import Member, Source, read_rows
path = Path(sys.argv[1])
size = path.stat().st_size
member = Member("report.xml", size, lambda: path.open("rb"), lambda: path, lambda: "f" * 64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(1 for _ in read_rows(cellebrite_xml, Source(member)))
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_chat_of_60_mb_is_read_in_the_memory_of_a_few_messages(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    content = report(chat(message()))
    start, end = content.split(message_of(content), 1)
    one = message(attached("file-1"), Body="x" * 500).encode()
    with path.open("wb") as stream:
        stream.write(start)
        for _ in range(60_000):
            stream.write(one)
        stream.write(end)
    assert path.stat().st_size > 60 << 20
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, check=True, text=True
    )
    rows, megabytes = map(int, told.stdout.split())
    assert rows == 60_000
    assert megabytes < 60


def message_of(content: bytes) -> bytes:
    found = re.search(rb'<model type="InstantMessage".*?</model></modelField>.*?</model>', content)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("content", "ours"),
    [
        (report(), True),
        (chat(message()).encode(), True),
        (b'<project xmlns="http://maven.apache.org/POM/4.0.0"/>', False),
        (b'<model type="Car"/>', False),
        (b"{}", False),
        (b"", False),
    ],
)
def test_a_report_is_recognised_by_its_content(made: Any, content: bytes, ours: bool) -> None:
    assert made(content).recognised() is ours


PLACES = ["FromPoint", "WayPoints", "Latitude", "Longitude", "CID", "Precision", "Username"]
NAMES = (
    st.sampled_from(PLACES)
    | st.sampled_from(
        ["From", "To", "Body", "TimeStamp", "Source", "Position", "MessageExtraData", "Attachments"]
    )
    | st.sampled_from(
        ["Parties", "Entries", "Identifier", "Duration", "Direction", "Name", "SharedContacts"]
    )
)
RECORDS = (
    *("InstantMessage", "SMS", "Email", "Call", "Contact", "UserAccount", "Location", "Journey"),
    *("CellTower", "Voicemail"),
)
TYPES = st.sampled_from([*RECORDS, "SIMData", "X"])
TEXTS = st.text("ab:.+é0T-", max_size=8)
TREES = st.recursive(
    st.builds(lambda kind, said: model(kind, **said), TYPES, st.dictionaries(NAMES, TEXTS)),
    lambda inner: st.builds(
        lambda kind, name, models: model(kind, several(name, *models)),
        TYPES,
        NAMES,
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)


@given(st.lists(TREES, max_size=4))
def test_no_model_however_strange_stops_the_reading(
    tmp_path_factory: pytest.TempPathFactory, models: list[str]
) -> None:
    found = Report(tmp_path_factory.mktemp("ufed") / "report.xml", report(*models))
    found.read()
    tally = found.source.tally
    one_each = sum(m.split('"')[1] in RECORDS for m in models)
    assert tally.records - bool(found.values("handset")) == one_each
