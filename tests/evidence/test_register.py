"""What the catalog remembers of exhibits, on real SQLite (and PostgreSQL where one is named)."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from faisceau.errors import CaseError, NotFound, UsageError
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit, MemberState, Stored

AT = datetime(2026, 9, 1, 10, 30, 15, 123456, tzinfo=UTC)
POSTGRES = os.environ.get("FAISCEAU_TEST_POSTGRESQL", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Connection]:
    if request.param == "postgresql" and not POSTGRES:
        pytest.skip("FAISCEAU_TEST_POSTGRESQL names no database")
    url = POSTGRES if request.param == "postgresql" else f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    engine = sa.create_engine(url)
    with engine.connect() as opened:
        register._metadata.drop_all(opened)
        register.create(opened)
        yield opened
        opened.rollback()
    engine.dispose()


def exhibit(number: int, label: str = "phone", sha256: str = "0" * 64) -> Exhibit:
    return Exhibit(
        number=number,
        label=label,
        sha256=sha256,
        size=5 << 40,
        kind="file",
        origin="/seized/phone",
        added_at=AT,
        added_by="A1",
    )


FULL = replace(
    exhibit(1, "téléphone de X"),
    kind="folder",
    in_place=True,
    procedure="PV-2026-0001",
    timezone="Europe/Paris",
    note="scellé n° 4",
    readers=("whatsapp_android", "vcard"),
    tables={"message": {"rows": 74, "rejected": 0}},
    unread={"message.sent_at": 2},
    unknown={"toa": 12},
    left={"draft": 1},
)


def test_an_exhibit_is_found_as_it_was_entered(connection: sa.Connection) -> None:
    register.add(connection, FULL, [])
    assert register.exhibits(connection) == [FULL]
    assert register.by_number(connection, 1) == FULL
    assert register.by_sha(connection, "0" * 64) == FULL
    assert register.by_sha(connection, "0" * 64, "file") is None
    assert register.by_id_or_label(connection, "E1") == FULL
    assert register.by_id_or_label(connection, "téléphone de X") == FULL


def test_a_number_is_given_once(connection: sa.Connection) -> None:
    assert register.next_number(connection) == 1
    register.add(connection, exhibit(1), [])
    register.mark(connection, 1, "withdrawn", at=AT, by="A2", why="ordonnance 12/2026")
    assert register.next_number(connection) == 2
    register.add(connection, exhibit(register.LAST_NUMBER), [])
    with pytest.raises(CaseError, match="at most 2097151 exhibits"):
        register.next_number(connection)


def test_a_withdrawn_exhibit_keeps_its_line(connection: sa.Connection) -> None:
    register.add(connection, FULL, [], [MemberState("a.txt", "read")])
    register.mark(connection, 1, "withdrawn", at=AT, by="A2", why="ordonnance 12/2026")
    ended = replace(
        FULL, status="withdrawn", ended_at=AT, ended_by="A2", ended_why="ordonnance 12/2026"
    )
    assert register.exhibits(connection, status="withdrawn") == [ended]
    assert register.exhibits(connection, status="kept") == []
    assert register.by_sha(connection, FULL.sha256) is None
    assert register.by_id_or_label(connection, "E1") == ended
    assert list(register.members(connection, 1)) == []


def test_a_label_that_several_bear_is_no_name(connection: sa.Connection) -> None:
    for number in (1, 2, 3):
        register.add(connection, exhibit(number), [])
    register.mark(connection, 1, "purged", at=AT, by="A2", why="fin du délai")
    with pytest.raises(UsageError, match="Several exhibits are called phone: E2, E3"):
        register.by_id_or_label(connection, "phone")
    register.mark(connection, 2, "purged", at=AT, by="A2", why="fin du délai")
    assert register.by_id_or_label(connection, "phone").number == 3


@pytest.mark.parametrize("name", ["E9", "E", "E²", "E99999999999", "nobody", "e1"])
def test_an_unknown_exhibit_is_an_error(name: str, connection: sa.Connection) -> None:
    with pytest.raises(NotFound, match=f"There is no exhibit {name}"):
        register.by_id_or_label(connection, name)


def test_a_label_may_look_like_an_id(connection: sa.Connection) -> None:
    register.add(connection, exhibit(1, label="E7"), [])
    assert register.by_id_or_label(connection, "E7").number == 1


def test_reading_again_writes_the_line_anew(connection: sa.Connection) -> None:
    register.add(connection, exhibit(1), [])
    again = replace(exhibit(1), readers=("csv",), tables={"call": {"rows": 3, "rejected": 1}})
    register.update(connection, again)
    assert register.exhibits(connection) == [again]
    with pytest.raises(NotFound):
        register.update(connection, exhibit(2))
    with pytest.raises(NotFound):
        register.mark(connection, 2, "purged", at=AT, by="A1", why="")


def test_members_are_told_in_order(connection: sa.Connection) -> None:
    held = [
        MemberState("z.zip!/chat.txt", "read", "1" * 64, 5, "whatsapp_export"),
        MemberState("a.jpg", "media", "2" * 64, 3),
        MemberState("b.bin", "unknown", "3" * 64, 3),
        MemberState("../c", "rejected"),
    ]
    register.add(connection, exhibit(1), [], held)
    register.add(connection, exhibit(2), [], held[:1])
    assert list(register.members(connection, 1)) == held
    register.set_members(connection, 1, held[::-1])
    assert list(register.members(connection, 1)) == held[::-1]
    assert list(register.members(connection, 2)) == held[:1]


def stored(name: str, *, outside: bool = False) -> Stored:
    sha256 = name * 64
    return Stored(
        f"/x/{name}" if outside else f"evidence/{sha256[:2]}/{sha256}", sha256, 1, outside
    )


def test_an_object_is_needed_while_another_kept_exhibit_rests_on_it(
    connection: sa.Connection,
) -> None:
    register.add(connection, exhibit(1), [stored("a"), stored("b"), stored("c"), stored("d")])
    register.add(connection, exhibit(2), [stored("b"), stored("b")])
    register.add(connection, exhibit(3), [stored("c")])
    register.add(connection, exhibit(4), [stored("d", outside=True)])
    assert register.still_needed(connection, 1) == {"b" * 64, "c" * 64}
    register.mark(connection, 3, "withdrawn", at=AT, by="A2", why="")
    assert register.still_needed(connection, 1) == {"b" * 64}
    assert [one.sha256[0] for one in register.objects(connection)] == ["d", "a", "b", "c", "d"]
    assert register.objects(connection, 2) == [stored("b")]


def test_a_case_of_many_exhibits_lists_with_one_question(connection: sa.Connection) -> None:
    for number in range(1, 301):
        register.add(connection, exhibit(number, f"phone {number}"), [])
    asked: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    listed = register.exhibits(connection)
    assert [one.exhibit_id for one in listed] == [f"E{n}" for n in range(1, 301)]
    assert len(asked) == 1
