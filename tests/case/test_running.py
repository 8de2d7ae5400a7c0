"""What a run does with findings, told by examples."""

from pathlib import Path

import pytest

from faisceau.errors import UsageError
from faisceau.findings.model import Status
from faisceau.testing import Desk, Register

from .conftest import MESSAGES, word


@pytest.fixture
def ready(desk: Desk, registering: Register) -> Desk:
    registering(word)
    desk.add("messages.csv", MESSAGES)
    return desk


def test_a_finding_cites_the_lines_it_rests_on(ready: Desk) -> None:
    [finding] = ready.run("case.word")
    assert finding.subjects[0].value == "T1"
    assert ready.cited(finding) == [MESSAGES.splitlines()[1]]


def test_running_again_adds_nothing_and_keeps_reviews(ready: Desk) -> None:
    [finding] = ready.run("case.word")
    ready.workspace().review(finding.finding_id, "confirmed", "lu avec le magistrat")
    report = ready.workspace().run(["case.word"])
    assert (report.ran[0].new, report.ran[0].kept, report.ran[0].superseded) == (0, 1, 0)
    [again] = ready.workspace().findings()
    assert again.finding_id == finding.finding_id
    assert again.status is Status.CONFIRMED


def test_a_finding_that_no_longer_comes_out_is_superseded_and_can_come_back(ready: Desk) -> None:
    [first] = ready.run("case.word")
    ready.workspace().review(first.finding_id, "unsure")
    ready.add("more.csv", MESSAGES.replace("ok", "le sac est là"))
    [second] = ready.run("case.word")
    assert second.finding_id != first.finding_id, "it rests on more rows"
    counts = ready.workspace().status().findings["case.word"]
    assert counts == {"superseded": 1, "new": 1}
    ready.workspace().withdraw("E2", "ordonnance du 2 octobre")
    [back] = ready.run("case.word")
    assert (back.finding_id, back.status) == (first.finding_id, Status.UNSURE)


def test_another_parameter_is_another_question(ready: Desk) -> None:
    [sac] = ready.run("case.word")
    found = ready.run("case.word", word="maman")
    assert {f.subjects[0].value for f in found} == {"T1", "T2"}
    assert sac.finding_id in {f.finding_id for f in found}


def test_ids_are_stable_in_a_case_and_link_no_two_cases(ready: Desk, tmp_path: Path) -> None:
    [here] = ready.run("case.word")
    other = Desk(tmp_path / "other")
    other.add("messages.csv", MESSAGES)
    [there] = other.run("case.word")
    assert [r.by_table() for r in here.reasons] == [r.by_table() for r in there.reasons]
    assert here.finding_id != there.finding_id


def test_a_parameter_that_does_not_fit_says_which_there_are(ready: Desk) -> None:
    with pytest.raises(UsageError, match="wrod") as error:
        ready.run("case.word", wrod="sac")
    assert "word" in error.value.hint


def test_a_table_it_can_do_without_is_named_in_the_limits(
    tmp_path: Path, registering: Register
) -> None:
    from faisceau.testing import mandate

    registering(word)
    desk = Desk(tmp_path / "narrow", mandate(data=["message"]))
    desk.add("messages.csv", MESSAGES)
    [finding] = desk.run("case.word")
    assert any("call" in limit for limit in finding.limits)


def test_a_table_it_can_do_without_and_may_not_read_is_named_too(
    tmp_path: Path, registering: Register
) -> None:
    """Calls need an offence punished by three years: the words can be looked for all the same."""
    from faisceau.testing import mandate

    registering(word)
    mild = mandate(data=["message", "call"]).replace(b"penalty_years = 10", b"penalty_years = 1")
    desk = Desk(tmp_path / "mild", mild)
    desk.add("messages.csv", MESSAGES, as_table="message")
    [finding] = desk.run("case.word")
    assert finding.limits == ("Table refused to this run: call",)
    [opening] = [e for e in desk.ledger if e.act == "run case.word" and e.phase == "open"]
    assert opening.data["tables"] == ["message"]


def test_a_run_leaves_an_opening_and_a_closing_line_with_counts(ready: Desk) -> None:
    ready.run("case.word")
    opening, closing = [e for e in ready.ledger if e.act == "run case.word"]
    assert (opening.phase, closing.phase, closing.of) == ("open", "close", opening.number)
    assert closing.data["findings"] == {"new": 1, "kept": 0, "superseded": 0}
    assert "sac" not in str(opening.data), "references and counts, never the data"
