"""The files of the fictional case: real formats, read whole, the same to the byte each time."""

import hashlib
import io
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import phonenumbers
import pytest
from stdnum import luhn

from faisceau.demo import AGENT, REFERENCE, DemoFiles, write_files
from faisceau.demo.people import HOLDER, PEOPLE
from faisceau.demo.script import conversations, picture
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.mandate.act import Act
from faisceau.mandate.decide import decide
from faisceau.mandate.reading import read_mandate
from faisceau.tables.schemas import Batch

READERS = {
    "msgstore.db": "whatsapp_android",
    "whatsapp-tour-b.zip": "whatsapp_export",
    "result.json": "telegram_desktop",
    "report.xml": "cellebrite_xml",
    "fadet-0639980100.csv": "native_csv",
}
WRITTEN = ("whatsapp", "export", "telegram", "handset")
DAY = date(2026, 6, 1)
MATTERS = {
    "courier", "nourrice", "lookout", "supplier", "money", "team", "customer", "customerline",
    "notebook", "newnumber", "refuses", "hiring", "pressure",
}  # fmt: skip
"""Stories that bear on the case; every other conversation is somebody's everyday life."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return write_files(tmp_path_factory.mktemp("demo"), DAY)


def members(path: Path) -> dict[str, Member]:
    """The files of an exhibit: itself, or what its archive holds."""

    def member(name: str, raw: bytes, local: Path) -> Member:
        def opened() -> BinaryIO:
            return io.BytesIO(raw)

        return Member(name, len(raw), opened, lambda: local, partial(_hash, raw))

    if path.suffix != ".zip":
        return {path.name: member(path.name, path.read_bytes(), path)}
    with zipfile.ZipFile(path) as archive:
        return {n: member(n, archive.read(n), path) for n in archive.namelist()}


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def reader(name: str) -> ModuleType:
    return import_module(f"faisceau.evidence.readers.{name}")


def read(path: Path) -> tuple[dict[str, list[dict[str, Any]]], Source]:
    """The rows that the file's reader gives, by table, and what it counted beside them."""
    every = members(path)
    module: Any = reader(READERS[path.name])
    [name] = [n for n, m in every.items() if module.detect(Head.of(m))]
    source = Source(every[name], None, {n: m for n, m in every.items() if n != name})
    tables: dict[str, list[dict[str, Any]]] = {}
    for item, _ in read_rows(module, source):
        rows = item.columns.to_pylist() if isinstance(item, Batch) else [dict(item.values)]
        tables.setdefault(item.schema.name, []).extend(rows)
    return tables, source


def test_the_files_are_the_same_to_the_byte_whatever_the_day(
    demo: DemoFiles, tmp_path: Path
) -> None:
    again = write_files(tmp_path, date(2027, 1, 15))
    for one, other in zip(demo.exhibits, again.exhibits, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert demo.mandate.read_bytes() != again.mandate.read_bytes()


def test_the_mandate_is_in_force_on_its_day_and_names_one_agent(demo: DemoFiles) -> None:
    mandate = read_mandate(demo.mandate.read_bytes(), "mandate.toml")
    assert mandate.reference == REFERENCE
    assert [agent.id for agent in mandate.agents] == [AGENT]
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    assert decide(mandate, Act("add", tables=mandate.data), AGENT, noon).allowed


def test_whatsapp_every_message_of_the_telephone_is_read(demo: DemoFiles) -> None:
    written = conversations("whatsapp")
    said = sum(len(chat.lines) for chat in written)
    tables, source = read(demo.exhibits[0])
    messages = tables["message"]
    assert len(messages) == said + len(written)  # and a notice opens each conversation
    assert said >= 400
    assert len({row["thread_id"] for row in messages}) == len(written) >= 30
    assert len(tables["call"]) == 26
    assert not source.tally.rejects
    assert not source.tally.unread
    [sent] = [row for row in messages if row["kind"] == "image"]
    assert sent["attachment_sha256"] == _hash(picture())


def test_whatsapp_export_every_line_is_read_with_its_picture(demo: DemoFiles) -> None:
    [chat] = conversations("export")
    tables, source = read(demo.exhibits[1])
    messages = tables["message"]
    assert len(messages) == len(chat.lines) + 2
    assert Counter(row["sender_name"] for row in messages)["Sacha"] == sum(
        line.sender == "" for line in chat.lines
    )
    [sent] = [row for row in messages if row["kind"] == "image"]
    assert sent["attachment_sha256"] == _hash(picture())
    first = next(row for row in messages if row["sender_name"])
    assert first["sent_at"] == datetime(2026, 3, 2, 12, 40, tzinfo=UTC)
    assert not source.tally.rejects


def test_telegram_every_message_is_read_with_its_zone(demo: DemoFiles) -> None:
    written = conversations("telegram")
    tables, source = read(demo.exhibits[2])
    assert len(tables["message"]) == sum(len(chat.lines) for chat in written)
    assert {row["zone"] for row in tables["message"]} == {"+01:00"}
    assert not source.tally.rejects
    assert not source.tally.unread


def test_cellebrite_chats_sms_calls_contacts_and_the_device_are_read(demo: DemoFiles) -> None:
    written = conversations("handset")
    tables, source = read(demo.exhibits[3])
    assert len(tables["message"]) == sum(len(chat.lines) for chat in written)
    assert len(tables["call"]) == 18
    assert len(tables["contact"]) == 9
    [handset] = tables["handset"]
    assert handset["imei"] == "004999010640026"
    assert handset["msisdn"] == PEOPLE["mathis"].number
    assert not source.tally.rejects
    assert not source.tally.unread


def test_the_call_records_are_read_from_windows_1252_with_decimal_commas(
    demo: DemoFiles,
) -> None:
    tables, source = read(demo.exhibits[4])
    lines = demo.exhibits[4].read_bytes().decode("cp1252").splitlines()
    calls = tables["call"]
    rejects = source.tally.rejects
    assert len(calls) + len(rejects) == len(lines) - 1
    assert len(calls) > 150
    assert len(rejects) == 5  # data sessions, which call nobody
    assert {row["kind"] for row in calls} == {"voice", "sms"}
    assert {row["direction"] for row in calls} == {"in", "out"}
    assert all(47 < row["latitude"] < 48 for row in calls)
    assert len({row["imei"] for row in calls}) == 2  # the holder changed handsets
    assert not source.tally.unread


def test_numbers_are_those_kept_for_fiction_and_no_two_persons_share_one() -> None:
    numbers = [person.number for person in PEOPLE.values() if person.number]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert number.startswith(("+3363998", "+3319900"))
        assert phonenumbers.is_possible_number(phonenumbers.parse(number))
    assert HOLDER in PEOPLE


def test_the_handsets_have_true_check_digits(demo: DemoFiles) -> None:
    calls = read(demo.exhibits[4])[0]["call"]
    assert all(luhn.is_valid(row["imei"]) for row in calls)


@pytest.mark.parametrize("name", WRITTEN)
def test_times_go_forward_in_every_conversation(name: str) -> None:
    for chat in conversations(name):
        times = [line.at for line in chat.lines]
        assert times == sorted(times), chat.name
        assert len(set(times)) == len(times)


def test_some_conversations_matter_and_some_speak_for_a_person() -> None:
    every = [
        c for name in ("whatsapp", "export", "telegram", "handset") for c in conversations(name)
    ]
    matter = [chat for chat in every if chat.story in MATTERS]
    assert 20 <= len(matter) <= 35
    assert len(every) - len(matter) >= 20
    assert sum(chat.story == "refuses" for chat in every) >= 2
