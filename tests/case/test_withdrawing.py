"""An annulled exhibit leaves with all that rests on it; what is due is erased."""

from pathlib import Path

import pytest

from faisceau.errors import NotFound, Refused
from faisceau.testing import Desk, Register, mandate

from .conftest import MESSAGES, word

PLATES = """\
plate,camera_id,read_at,procedure
AA-123-AA,C1,2026-09-25T10:00:00Z,
BB-123-BB,C1,2026-09-25T10:00:00Z,PR/2026/0417
CC-123-CC,C1,2026-09-01T10:00:00Z,
"""


def test_rows_bytes_and_reasons_go_and_the_ledger_says_who_took_them_out(
    desk: Desk,
    registering: Register,
) -> None:
    registering(word)
    added = desk.add("messages.csv", MESSAGES)
    assert added.exhibit is not None
    [finding] = desk.run("case.word")
    report = desk.folder / "report.html"
    desk.workspace().report(report, recipient="TJ Lille")
    gone = desk.workspace().withdraw("messages.csv", "Crim. 12 octobre 2026")
    assert gone.findings == (finding.finding_id,)
    assert [r.recipient for r in gone.reports] == ["TJ Lille"]
    assert desk.rows("message") == []
    assert desk.rows("mention") == []
    assert desk.workspace().findings() == []
    assert not list((desk.case / "evidence").rglob(added.exhibit.sha256))
    assert "garde le sac" not in (desk.case / "catalog.sqlite").read_bytes().decode("latin-1")
    closing = next(e for e in desk.ledger if e.act == "withdraw" and e.phase == "close")
    assert (closing.operation, closing.data["decision"]) == ("erasure", "Crim. 12 octobre 2026")
    assert desk.verify().ok


def test_bytes_that_another_exhibit_needs_stay(desk: Desk) -> None:
    (desk.files / "folder").mkdir()
    (desk.files / "folder" / "a.csv").write_text(MESSAGES)
    desk.add(desk.files / "folder")
    desk.add("b.csv", MESSAGES)
    desk.workspace().withdraw("E1", "ordonnance")
    assert len(desk.rows("message")) == 3
    assert desk.verify().ok


def test_an_exhibit_is_withdrawn_once(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    desk.workspace().withdraw("E1", "ordonnance")
    with pytest.raises(NotFound, match="no longer in the case"):
        desk.workspace().withdraw("E1", "ordonnance")
    desk.add("messages.csv", MESSAGES)
    assert {row["exhibit_id"] for row in desk.rows("message")} == {"E2"}, "a number is given once"


def test_only_a_lead_withdraws(tmp_path: Path) -> None:
    roles = {"A1": ["investigator"], "L1": ["lead"]}
    desk = Desk(tmp_path / "desk", mandate(roles=roles), agent="A1")
    desk.add("messages.csv", MESSAGES)
    with pytest.raises(Refused):
        desk.workspace().withdraw("E1", "ordonnance")
    assert desk.workspace("L1").withdraw("E1", "ordonnance").exhibit_id == "E1"


def test_plate_reads_of_no_procedure_go_after_their_period(desk: Desk) -> None:
    added = desk.add("plates.csv", PLATES)
    assert added.exhibit is not None
    assert added.exhibit.tables == {"plate_read": {"rows": 2, "rejected": 1}}
    [reject] = desk.rows("reject")
    assert "--procedure" in reject["reason"]
    assert desk.workspace().purge().erased == ()
    desk.clock.forward(days=20)
    [erased] = desk.workspace().purge().erased
    assert (erased.n, erased.period.rule.id) == (1, "plates-no-hit")
    left = desk.rows("plate_read", "plate <> '' AND camera_id = 'C1' AND read_at > '2026-01-01'")
    assert [row["plate"] for row in left] == ["BB-123-BB"]
    assert desk.verify().ok


def test_with_the_mandate_the_reads_of_its_procedure_go(desk: Desk) -> None:
    desk.add("plates.csv", PLATES)
    desk.clock.forward(days=400)
    [erased] = desk.workspace().purge().erased
    assert erased.n == 2
