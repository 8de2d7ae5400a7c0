"""The whole job over HTTP, by the client: exhibits, analyses, findings, report, proof."""

import hashlib
from pathlib import Path
from time import monotonic, sleep

import pytest

from faisceau.case.workspace import Workspace
from faisceau.client import RemoteCase
from faisceau.errors import FaisceauError, NotFound, Refused, UsageError

READS = """\
read_at,camera_id,plate,procedure
2026-03-01T10:00:00Z,A6,AB-123-CD,PR/2026/0417
2026-03-01T10:01:00Z,A6,EF-456-GH,PR/2026/0417
2026-03-01T11:00:00Z,A7,AB-123-CD,PR/2026/0417
2026-03-01T11:02:00Z,A7,EF-456-GH,PR/2026/0417
"""
MESSAGES = """\
app,thread_id,sender_id,sent_at,text
Signal,t1,Zoé,2026-03-01T10:00:00Z,on se voit demain
Signal,t1,Max,2026-03-01T10:01:00Z,<script>alert(1)</script> demain
"""


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    path = tmp_path / "reads.csv"
    path.write_text(READS)
    return path


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "messages.csv"
    path.write_text(MESSAGES)
    return path


def test_from_an_exhibit_to_the_report(remote: RemoteCase, reads: Path, tmp_path: Path) -> None:
    added = remote.wait(remote.add(reads, label="cameras of the A6"))
    assert added["state"] == "done"
    assert added["result"]["exhibit"]["tables"] == {"plate_read": {"rows": 4, "rejected": 0}}
    search = {"plate": "AB-123-CD", "reads": 2}
    ran = remote.wait(remote.run("plates.search", settings={"plates.search": search}))
    assert ran["result"]["ran"][0]["findings"]["new"] == 1
    [finding] = remote.findings("plates.search")
    assert remote.finding(finding["finding_id"])["title"] == finding["title"]
    remote.review(finding["finding_id"], "confirmed", "seen by a patrol")
    [confirmed] = remote.findings(page=1)
    assert confirmed["status"] == "confirmed"
    for name in ("report.pdf", "report.html"):
        assert remote.report(tmp_path / name, "judge").stat().st_size > 1000
    assert remote.export("graphml", tmp_path / "g.graphml").read_text().startswith("<?xml")
    assert remote.verify()["ok"]
    last = [entry for entry in remote.ledger() if entry["act"] == "report"][-1]
    assert (last["agent"], last["reason"]) == ("A1", "requisition 12")


def test_rows_and_hits_come_page_by_page(remote: RemoteCase, messages: Path) -> None:
    remote.wait(remote.add(messages, as_table="message"))
    rows = list(remote.rows("message", page=1))
    assert [row["sender_id"] for row in rows] == ["Zoé", "Max"]
    assert [r["text"] for r in remote.rows("message", "sender_id = 'Max'", page=1)] == [
        "<script>alert(1)</script> demain"
    ]
    answer = remote.search("demain", limit=1, offset=1)
    assert (answer["total"], len(answer["hits"])) == (2, 1)


def test_a_refusal_is_a_403_with_its_source(remote: RemoteCase, case: Path) -> None:
    with pytest.raises(Refused) as refused:
        remote.run("links.identity")
    problem = refused.value.facts["problem"]
    assert problem["status"] == 403
    assert any("230-20" in rule["source"] for rule in problem["rules"])
    assert Workspace.open(case, agent="A1").ledger_entries()[-1].operation == "refusal"


def test_mistakes_are_told_as_the_command_line_tells_them(remote: RemoteCase) -> None:
    with pytest.raises(NotFound, match="No finding 00"):
        remote.finding("00")
    with pytest.raises(UsageError, match="There is no table nothing"):
        list(remote.rows("nothing"))
    with pytest.raises(NotFound, match="There is no analysis"):
        remote.run("plates.nothing")
    with pytest.raises(FaisceauError, match="verdict"):
        remote.review("00", "perhaps")  # type: ignore[arg-type]


def test_an_unreadable_exhibit_is_a_job_that_failed(remote: RemoteCase, tmp_path: Path) -> None:
    (tmp_path / "empty.db").write_bytes(b"")
    job = remote.wait(remote.add(tmp_path / "empty.db"))
    assert job["state"] == "failed"
    assert job["result"]["error"]["status"] == 400


def test_what_is_handed_over_is_what_the_ledger_keeps_the_hash_of(remote: RemoteCase) -> None:
    answer = remote.client.request("POST", "/cases/lille/reports", json={"format": "html"})
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["x-faisceau-sha256"] == digest
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert remote.ledger()[-1]["data"]["sha256"] == digest


def test_nothing_sent_in_stays_beside_the_case(remote: RemoteCase, reads: Path, case: Path) -> None:
    remote.wait(remote.add(reads))
    remote.wait(remote.add(reads))
    assert [e["label"] for e in remote.status()["exhibits"]] == ["reads.csv"]
    until = monotonic() + 20
    while list((case / "index" / "uploads").iterdir()):
        assert monotonic() < until
        sleep(0.05)
