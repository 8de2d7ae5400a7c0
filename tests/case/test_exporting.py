"""What leaves a case, to whom, and what does not."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ibis import Table

from faisceau.analyses import Engine, Params, analysis
from faisceau.cli import exporting, run
from faisceau.errors import FaisceauError, Refused, UsageError
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.report.exports import FORMATS
from faisceau.tables.schemas import MESSAGE, PERSON
from faisceau.testing import Desk, Register, mandate

from .conftest import MESSAGES, word

PERSONS = """\
procedure;role;nom;prénoms;téléphone;ref
PV-2026-1;courier;Durand;Zoé;06 12 34 56 78;a
;courier;Martin;Luc;06 12 34 56 79;c
"""


def entities(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        text = archive.read("entities.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def ready(desk: Desk, registering: Register) -> Desk:
    registering(word)
    desk.add("messages.csv", MESSAGES)
    desk.run("case.word")
    return desk


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_the_same_case_gives_the_same_bytes_and_the_ledger_their_hash(
    ready: Desk, tmp_path: Path, to: str
) -> None:
    first = ready.workspace().export(tmp_path / "a.zip", to, recipient="Europol")
    ready.clock.forward(hours=2)
    second = ready.workspace().export(tmp_path / "b.zip", to, recipient="Europol")
    assert first.sha256 == second.sha256
    assert first.sha256 == hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    assert (first.findings, first.rows) == (1, 1)
    entry = ready.ledger[-1]
    assert (entry.operation, entry.outcome) == ("disclosure", "done")
    kept = {name: entry.data[name] for name in ("format", "recipient", "sha256", "rows")}
    assert kept == {"format": to, "recipient": "Europol", "sha256": first.sha256, "rows": 1}


def test_only_rows_that_reasons_rest_on_are_exported(ready: Desk, tmp_path: Path) -> None:
    ready.workspace().export(tmp_path / "a.zip", "csv")
    found = entities(tmp_path / "a.zip")
    [message] = [e for e in found if e["type"] == "message"]
    [exhibit] = [e for e in found if e["type"] == "exhibit"]
    assert message["source"] == "messages.csv#line 2"
    assert message["sha256"] == exhibit["sha256"]
    assert exhibit["sha256"] == hashlib.sha256(MESSAGES.encode()).hexdigest()


def test_without_zip_the_tables_go_into_a_new_folder(ready: Desk, tmp_path: Path) -> None:
    written = ready.workspace().export(tmp_path / "out", "csv")
    names = ["entities.csv", "links.csv", "provenance.csv"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    lines = [
        f"{hashlib.sha256((tmp_path / 'out' / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
    ]
    assert written.sha256 == hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    with pytest.raises(UsageError, match="not empty"):
        ready.workspace().export(tmp_path / "out", "csv")


def test_what_cannot_be_written_leaves_nothing_and_is_in_the_ledger(
    ready: Desk, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FaisceauError, match="cannot be written"):
        ready.workspace().export(tmp_path / "file" / "a.graphml", "graphml")
    assert ready.ledger[-1].outcome != "done"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["desk", "file"]


def test_a_format_that_does_not_exist_is_bad_usage(ready: Desk, tmp_path: Path) -> None:
    before = len(ready.ledger)
    with pytest.raises(UsageError, match="no export format dot"):
        ready.workspace().export(tmp_path / "a.dot", "dot")
    assert len(ready.ledger) == before


def test_a_finding_withdrawn_with_its_exhibit_is_not_exported(ready: Desk, tmp_path: Path) -> None:
    ready.workspace().withdraw("E1", "ordonnance du 2 octobre")
    written = ready.workspace().export(tmp_path / "a.zip", "csv")
    assert (written.findings, written.rows) == (0, 0)
    assert entities(tmp_path / "a.zip") == []


def test_who_may_not_disclose_gets_nothing(tmp_path: Path) -> None:
    roles = {"A1": ["investigator"], "A2": ["auditor"]}
    desk = Desk(tmp_path / "desk", mandate(roles=roles), agent="A1")
    with pytest.raises(Refused):
        desk.workspace("A2").export(tmp_path / "a.graphml", "graphml")
    assert not (tmp_path / "a.graphml").exists()
    assert desk.ledger[-1].operation == "refusal"


class GuessParams(Params):
    """No parameter."""


@analysis(reads=[MESSAGE["text"]], kind=Kind.AI, version=1)
def guess(message: Table, params: GuessParams, engine: Engine) -> Iterator[Lead]:
    """What a model would say of each message."""
    for row in engine.rows(message.order_by("row_id").limit(1)):
        why = Reason("guess", "A model says so", rows={MESSAGE: [row["row_id"]]})
        yield Lead("Guessed", [Subject("thread", "T1")], 0.5, [why])


def test_what_a_model_ranked_goes_only_once_a_person_confirmed_it(
    registering: Register, tmp_path: Path
) -> None:
    granted = '[authorisations.cnctr]\nreference = "PM/2026/1"\ndate = 2026-09-02\n'
    desk = Desk(tmp_path / "desk", mandate(regime="intelligence", more=granted))
    registering(guess)
    desk.add("messages.csv", MESSAGES)
    [finding] = desk.run("case.guess")
    held = desk.workspace().export(tmp_path / "held.zip", "csv")
    assert (held.findings, held.rows, held.held_back) == (0, 0, 1)
    desk.workspace().review(finding.finding_id, "unsure")
    assert desk.workspace().export(tmp_path / "held.zip", "csv").held_back == 1
    desk.workspace().review(finding.finding_id, "confirmed")
    gone = desk.workspace().export(tmp_path / "gone.zip", "csv")
    assert (gone.findings, gone.rows, gone.held_back) == (1, 1, 0)


@analysis(reads=[PERSON["last_name", "first_names", "phone"]], kind=Kind.QUERY, version=1)
def persons(person: Table, params: GuessParams, engine: Engine) -> Iterator[Lead]:
    """Says the name of each person."""
    for row in engine.rows(person.order_by("row_id")):
        why = Reason(
            "named",
            "{who} uses {phones}",
            {"who": f"{row['first_names']} {row['last_name']}", "phones": [row["phone"]]},
            rows={PERSON: [row["row_id"]]},
        )
        yield Lead("A person", [Subject("person", row["last_name"])], 0.5, [why])


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_identities_of_other_procedures_are_pseudonyms_wherever_they_stand(
    desk: Desk, registering: Register, tmp_path: Path, to: str
) -> None:
    named = registering(persons)
    desk.add("persons.csv", PERSONS, as_table="person")
    assert len(desk.run(named.name)) == 2
    desk.workspace().export(tmp_path / "out.zip", to)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    for hidden in ("Durand", "Zoé", "06 12 34 56 78", "+33612345678"):
        assert hidden not in text
    for own in ("Martin", "Luc", "+33612345679", "PV-2026-1", "⁂"):
        assert own in text


def test_the_command_line_knows_the_formats_there_are(
    ready: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(exporting.TO) == set(FORMATS)
    output = tmp_path / "case.graphml"
    assert (
        run(["export", str(ready.case), "--to", "graphml", "-o", str(output), "--format=json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert run(["export", str(ready.case), "--to", "dot", "-o", str(output)]) == 2
