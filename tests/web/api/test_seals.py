"""What is sealed, over HTTP: told and never given, lifted by the authority alone."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from faisceau.case.workspace import Workspace
from faisceau.client import RemoteCase
from faisceau.errors import FaisceauError, NotFound, Refused, UsageError
from faisceau.testing import in_force

from .conftest import Running, Start

ROLES = {"A1": ["investigator", "analyst", "lead"], "J1": ["authority"], "A2": ["auditor"]}
LAWYER = """
[[protected]]
name = "Me X"
quality = "lawyer"
identifiers = ["+33639980009"]
"""
MESSAGES = """\
app,account,thread_id,sender_id,recipients,sent_at,text
sms,me,t1,me,+33639980009,2026-03-01T10:00:00Z,maitre 200g de coke ce soir
sms,me,t1,+33639980009,me,2026-03-01T10:01:00Z,ne dites rien
sms,me,t2,me,+33639980002,2026-03-01T10:03:00Z,200g de coke ce soir
"""
SECRETS = ("maitre", "dites rien", "639980009")
TOLD = [{"table": "message", "quality": "lawyer", "n": 1}]


@pytest.fixture
def house(tmp_path: Path, start: Start) -> Running:
    """A case in which triage found two conversations before one of them was sealed."""
    folder = tmp_path / "cases" / "lille"
    folder.parent.mkdir()
    work = Workspace.create(folder, in_force(roles=ROLES), agent="A1")
    (tmp_path / "messages.csv").write_text(MESSAGES)
    list(work.add([tmp_path / "messages.csv"]))
    work.run(["messages.triage"])
    work.replace_mandate(in_force(roles=ROLES, more=LAWYER))
    return start(folder.parent)


def clean(shown: object) -> bool:
    return not any(secret in str(shown) for secret in SECRETS)


def ask(remote: RemoteCase, method: str, path: str, body: Any = None) -> Any:
    return remote.client.request(method, f"/cases/lille{path}", json=body).json()


def test_every_answer_leaves_it_out_and_tells_it(house: Running, tmp_path: Path) -> None:
    with house.client() as client:
        remote = client.open("lille", "requisition 12")
        findings = ask(remote, "GET", "/findings")
        rows = ask(remote, "POST", "/rows", {"table": "message"})
        mentions = ask(remote, "POST", "/rows", {"table": "mention"})
        found = ask(remote, "POST", "/search", {"query": "coke"})
        status = remote.status()
        assert (findings["total"], len(findings["findings"])) == (1, 1)
        assert ask(remote, "GET", "/findings?status=new&analysis=messages.triage")["total"] == 1
        assert (len(rows["rows"]), found["total"], status["findings_withheld"]) == (1, 1, 1)
        for answer in (findings, rows, mentions, found, status):
            assert answer["sealed"] == TOLD
            assert clean(answer)
        assert remote.search("maitre")["total"] == 0
        for to in ("csv", "graphml", "ftm", "case"):
            path = remote.export(to, tmp_path / f"out.{to}")
            content = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    content = b"".join(archive.read(name) for name in archive.namelist())
            assert clean(content), to
        report = remote.report(tmp_path / "report.html", "judge", "en").read_text()
        assert clean(report)
        assert "sealed: lawyer" in report


def test_a_withheld_finding_is_refused_by_its_id_too(house: Running) -> None:
    with house.client() as client, house.client("J1") as authority:
        remote, judge = client.open("lille", "requisition 12"), authority.open("lille", "order")
        [seal] = remote.seals()
        assert (seal["exhibit_id"], seal["quality"], seal["rows"]) == ("E1", "lawyer", 2)
        [entry] = [e for e in remote.ledger() if "findings_withheld" in e["data"]]
        [gone] = entry["data"]["findings_withheld"]
        with pytest.raises(FaisceauError, match="rests on sealed") as withheld:
            remote.finding(gone)
        assert clean(withheld.value.facts)
        judge.lift_seal(seal["seal_id"], "order of 12 October")
        assert remote.finding(gone)["subjects"][0]["value"] == "t1"


def test_the_authority_alone_lifts_under_an_act(house: Running) -> None:
    with house.client("A1") as client:
        remote = client.open("lille", "requisition 12")
        with pytest.raises(Refused):
            remote.lift_seal("S1", "order of 12 October")
    with house.client("A2") as client, pytest.raises(Refused):
        client.open("lille", "audit").seals()
    with house.client("J1") as client:
        judge = client.open("lille", "order")
        for act in ("", "  "):
            with pytest.raises(UsageError):
                judge.lift_seal("S1", act)
        with pytest.raises(NotFound):
            judge.lift_seal("S9", "order of 12 October")
        with pytest.raises(FaisceauError):
            judge.lift_seal("t1", "order of 12 October")  # by its id: a thread may name persons
        lifted = judge.lift_seal("S1", "order of 12 October")
        assert (lifted["lifted_by"], lifted["lifted_under"]) == ("J1", "order of 12 October")
        assert len(list(judge.rows("message"))) == 3
        assert judge.status()["sealed"] == []
