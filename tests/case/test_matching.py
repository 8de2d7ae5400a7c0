"""Two cases compared: only under complete protocols, only what both hold, in both ledgers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.case.matching import Matched
from faisceau.cli import run
from faisceau.errors import BadInput, FaisceauError, Refused, UsageError
from faisceau.testing import Desk, in_force, mandate

ONE, TWO = "PR/2026/0417", "PR/2026/0533"
AUTHORISED = """
[authorisations.matching]
reference = "R"
date = 2026-09-02

[[series]]
procedures = ["PV-2026-*"]
authorisation = "S"
date = 2026-09-02
until = 2027-03-01
"""
PROTOCOL = """
[[interconnections]]
with = "{other}"
purposes = ["narcotics-trafficking"]
data = [{data}]
recipients = ["A1"]
justification = "One courier was stopped in each"
safeguards = ["tokens only"]
cnil_reference = "CNIL-2026-7"
impact_assessment = "AIPD-2026-3"
expires_on = {until}
"""


def desk(
    folder: Path, own: str, more: str = "", *, data: str = '"mention"', until: str = "2027-03-01"
) -> Desk:
    other = TWO if own == ONE else ONE
    protocol = more or AUTHORISED + PROTOCOL.format(other=other, data=data, until=until)
    return Desk(folder / own.replace("/", "-"), mandate(reference=own, more=protocol))


def fill(one: Desk, two: Desk) -> None:
    one.add("calls.csv", "caller,callee\n+33612345678,+33687654321\n+33611111111,+33612345678\n")
    two.add(
        "book.csv",
        "account,name,identifiers\nzoe@example.org,Le grand,06 12 34 56 78\n"
        "zoe@example.org,Kim,+33699999999\n",
        as_table="contact",
    )


@pytest.fixture
def both(tmp_path: Path) -> tuple[Desk, Desk]:
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO)
    fill(one, two)
    return one, two


def shared(matched: Matched) -> list[tuple[str, str]]:
    return [(held.kind, held.shown) for held in matched.shared]


NUMBER = [("phone", "+33612345678")]


def test_each_side_sees_its_own_rows_of_what_both_hold(both: tuple[Desk, Desk]) -> None:
    one, two = both
    mine, theirs = one.workspace().match(two.workspace())
    assert shared(mine) == shared(theirs) == NUMBER
    assert (mine.shared[0].tables, theirs.shared[0].tables) == ({"call"}, {"contact"})
    assert (mine.compared, mine.others) == (theirs.others, theirs.compared) == (3, 3)


def test_both_ledgers_record_the_combination_and_no_identifier(both: tuple[Desk, Desk]) -> None:
    one, two = both
    one.workspace().match(two.workspace())
    for side, other in ((one, TWO), (two, ONE)):
        opening, closing = side.ledger[-2:]
        assert (opening.operation, opening.act, closing.outcome) == ("combination", "match", "done")
        assert opening.data["with"] == other
        assert closing.data["shared"] == 1
        assert "612345678" not in str(side.ledger)
        assert side.verify().ok


def test_what_is_sealed_takes_no_part(tmp_path: Path) -> None:
    """The first case's only trace of the number is a call with a lawyer."""
    lawyer = '\n[[protected]]\nquality = "lawyer"\nidentifiers = ["06 87 65 43 21"]\n'
    protocol = AUTHORISED + PROTOCOL.format(other=TWO, data='"mention"', until="2027-03-01")
    one, two = desk(tmp_path, ONE, protocol + lawyer), desk(tmp_path, TWO)
    one.add("calls.csv", "caller,callee\n+33612345678,+33687654321\n+33611111111,+33622222222\n")
    fill_two = "account,name,identifiers\nzoe@example.org,Le grand,06 12 34 56 78\n"
    two.add("book.csv", fill_two, as_table="contact")
    mine, theirs = one.workspace().match(two.workspace())
    assert (mine.compared, mine.shared, theirs.shared) == (2, (), ())


@pytest.mark.parametrize("lacking", ["justification", "cnil_reference", "impact_assessment"])
def test_a_protocol_with_a_condition_left_empty_is_refused_on_either_side(
    lacking: str, tmp_path: Path
) -> None:
    whole = AUTHORISED + PROTOCOL.format(other=ONE, data='"mention"', until="2027-03-01")
    lines = [line for line in whole.splitlines() if not line.startswith(lacking)]
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO, "\n".join(lines))
    fill(one, two)
    for first, second in ((one, two), (two, one)):
        with pytest.raises(Refused, match="leaves a condition of the CNIL empty"):
            first.workspace().match(second.workspace())
    assert two.ledger[-1].operation == "refusal"
    assert one.ledger[-1].outcome == "failed"


def test_without_a_protocol_or_after_its_end_nothing_is_compared(tmp_path: Path) -> None:
    one = desk(tmp_path, ONE, AUTHORISED)
    two = desk(tmp_path, TWO, until="2026-09-30")
    fill(one, two)
    for side, other in ((one, TWO), (two, ONE)):
        with pytest.raises(Refused, match="No interconnection protocol"):
            side.workspace().match_offer(other, tmp_path / "offer")
    assert not (tmp_path / "offer").exists()


def test_both_magistrates_must_have_authorised_it(tmp_path: Path) -> None:
    bare = PROTOCOL.format(other=ONE, data='"mention"', until="2027-03-01")
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO, bare)
    fill(one, two)
    with pytest.raises(Refused, match="230-20"):
        one.workspace().match(two.workspace())


# ---- what takes part ----


def test_only_the_tables_that_the_protocol_names_take_part(tmp_path: Path) -> None:
    one, two = desk(tmp_path, ONE, data='"mention", "contact"'), desk(tmp_path, TWO)
    fill(one, two)
    mine, _theirs = one.workspace().match(two.workspace())
    assert (mine.compared, mine.shared) == (0, ())


def test_what_is_invalid_expired_rejected_or_withdrawn_takes_no_part(tmp_path: Path) -> None:
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO)
    for side in (one, two):
        side.add("wrong.csv", "caller,callee\n0639980001,0639980002\n")  # numbers of nobody
        side.add("reads.csv", "plate,camera_id,read_at\nAB-123-CD,A6,2026-09-25T10:00:00Z\n")
        side.add("calls.csv", "caller,callee\n+33612345678,\n+33687654321,+33611111111\n")
        side.workspace().withdraw("E3", "CA Douai, 2026-09-30")
    mine, _theirs = one.workspace().match(two.workspace())
    assert (mine.compared, mine.shared) == (0, ())


def test_rows_outside_the_series_take_no_part(tmp_path: Path) -> None:
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO)
    for side, procedure in ((one, "PV-2019-1"), (two, "PV-2026-1")):
        side.add("calls.csv", "caller,callee\n+33612345678,+33687654321\n", procedure=procedure)
    mine, theirs = one.workspace().match(two.workspace())
    assert (mine.compared, theirs.compared, mine.shared) == (0, 2, ())


def test_an_identity_of_another_procedure_shows_as_a_pseudonym(tmp_path: Path) -> None:
    one, two = desk(tmp_path, ONE), desk(tmp_path, TWO)
    for side, procedure in ((one, "PV-2026-1"), (two, None)):
        side.add(
            "p.csv", "nom,téléphone\nDurand,0612345678\n", as_table="person", procedure=procedure
        )
    mine, theirs = one.workspace().match(two.workspace())
    assert ("phone", "+33612345678") in shared(theirs)
    assert all(shown.startswith("⁂") for _kind, shown in shared(mine))


# ---- between services that share no network ----


def test_tokens_travel_in_files_and_hold_no_identifier(
    both: tuple[Desk, Desk], tmp_path: Path
) -> None:
    one, two = both
    first, second, third = (tmp_path / name for name in ("1.tokens", "2.tokens", "3.tokens"))
    assert one.workspace().match_offer(TWO, first).shared == ()
    assert two.workspace().match_reply(first, second).shared == ()
    assert shared(one.workspace().match_reply(second, third)) == NUMBER
    ended = two.workspace().match_reply(third)
    assert (shared(ended), ended.step) == (NUMBER, "")
    for letter in (first, second, third):
        text = letter.read_text("utf-8")
        assert "612345678" not in text
        assert "example" not in text
    assert len(json.loads(third.read_text("utf-8"))["own"]) == 1
    assert [e.act for e in two.ledger if e.phase == "open"][-2:] == ["match", "match"]


def test_a_letter_for_another_case_is_refused(both: tuple[Desk, Desk], tmp_path: Path) -> None:
    one, _two = both
    one.workspace().match_offer(TWO, tmp_path / "1.tokens")
    with pytest.raises(BadInput, match=f"is for the case {TWO}"):
        one.workspace().match_reply(tmp_path / "1.tokens", tmp_path / "2.tokens")


def test_a_case_that_changed_meanwhile_begins_anew(both: tuple[Desk, Desk], tmp_path: Path) -> None:
    one, two = both
    one.workspace().match_offer(TWO, tmp_path / "1.tokens")
    two.workspace().match_reply(tmp_path / "1.tokens", tmp_path / "2.tokens")
    one.add("more.csv", "caller,callee\n+33677777777,+33688888888\n")
    with pytest.raises(FaisceauError, match="no longer as it was"):
        one.workspace().match_reply(tmp_path / "2.tokens", tmp_path / "3.tokens")


def test_an_answer_that_is_due_wants_a_place(both: tuple[Desk, Desk], tmp_path: Path) -> None:
    one, two = both
    one.workspace().match_offer(TWO, tmp_path / "1.tokens")
    with pytest.raises(UsageError, match="An answer is due"):
        two.workspace().match_reply(tmp_path / "1.tokens")


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    today, year = datetime.now(UTC).date(), timedelta(days=365)
    for name, own, other in (("one", ONE, TWO), ("two", TWO, ONE)):
        clauses = AUTHORISED.partition("[[series]]")[0].replace("2026-09-02", str(today))
        more = clauses + PROTOCOL.format(other=other, data='"mention"', until=today + year)
        Path(f"{name}.toml").write_bytes(in_force(reference=own, more=more))
        Path(f"{name}.csv").write_text(f"caller,callee\n+33612345678,{name}@example.org\n")
        assert run(["new", name, "--mandate", f"{name}.toml"]) == 0
        assert run(["add", name, f"{name}.csv"]) == 0
    capsys.readouterr()
    assert run(["match", "one", "two", "--format", "json"]) == 0
    mine, theirs = json.loads(capsys.readouterr().out)
    assert [held["value"] for held in mine["shared"]] == ["+33612345678"]
    assert (mine["with"], theirs["with"]) == (TWO, ONE)
    assert run(["match", "one", "--with", TWO, "-o", "1.tokens"]) == 0
    assert run(["match", "two", "1.tokens", "-o", "2.tokens"]) == 0
    assert run(["match", "one", "2.tokens", "-o", "3.tokens"]) == 0
    assert run(["match", "two", "3.tokens"]) == 0
    assert capsys.readouterr().out.count("+33612345678") == 2
    assert run(["match", "one"]) == 2
    assert run(["match", "one", "--with", TWO]) == 2
    assert run(["match", "one", "one"]) == 2
