"""Reading ``mandate.toml``: what is accepted, and the line to mend for what is not."""

import hashlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faisceau.errors import MandateError
from faisceau.mandate.model import Mandate, Series
from faisceau.mandate.reading import LONGEST, read_mandate
from faisceau.mandate.vocabulary import TABLES

Read = Callable[[str], Mandate]


def test_the_mandate_of_the_design_reads_whole(mandate: Mandate) -> None:
    assert mandate.reference == "PR/2026/0417"
    assert (mandate.regime, mandate.family) == ("judicial-preliminary", "judicial")
    assert mandate.data == {"message", "call", "contact", "handset"}
    assert mandate.offence is not None
    assert mandate.offence.penalty_years == 10
    assert mandate.scope is not None
    assert mandate.scope.since == date(2026, 1, 1)
    assert mandate.agents[0].roles == {"investigator", "analyst", "lead"}
    assert mandate.series == (
        Series(("PV-2026-00012", "PV-2026-01*"), "ORD/7", date(2026, 9, 2), date(2027, 2, 1)),
    )
    assert mandate.interconnections[0].other == "PR/2026/0533"


def test_only_what_stands_above_offence_and_one_agent_is_required(read: Read, text: str) -> None:
    head = text.partition("[offence]")[0]
    mandate = read(head + '[[agents]]\nid = "A1"\nroles = ["auditor"]\n')
    assert (mandate.offence, mandate.scope, mandate.series) == (None, None, ())


def test_the_hash_is_that_of_the_exact_bytes(text: str) -> None:
    raw = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    mandate = read_mandate(raw, "mandate.toml")
    assert mandate.sha256 == hashlib.sha256(raw).hexdigest()
    assert mandate == read_mandate(text, "mandate.toml")


MISTAKES = [
    # (what is replaced, by what, the line to mend, the message, the hint)
    ("expires_on", "expire_on", 5, "unknown key expire_on", "Write expires_on"),
    ("organised", "organized", 12, "unknown key offence.organized", "Write organised"),
    ("[scope]", "[skope]", 14, "unknown key skope", "Write scope"),
    ("act = ", "zzz = ", 32, "unknown key exhibit_access.zzz", "the keys known here are"),
    ("2027-03-01\np", '"2027-03-01"\np', 5, "expires_on cannot be 2027", "without quotes"),
    ("= 2027-03-01\n", "= 2027-03-01T10:00:00Z\n", 5, "cannot be 2027", "2026-09-01"),
    ("penalty_years = 10", "penalty_years = true", 11, "cannot be true", "whole number"),
    ("penalty_years = 10", "penalty_years = -1", 11, "-1 is not a number of years", "from 0"),
    ("organised = true", 'organised = "yes"', 12, "cannot be yes", "true or false"),
    ('data = ["message"', 'data = ["mesage"', 7, "unknown table mesage", "Write message"),
    ('data = ["message"', 'data = ["mention"', 7, "mention is derived", "Take mention out"),
    ('data = ["message"', "data = [1", 7, "data cannot hold 1", 'data = ["message"]'),
    ("judicial-prelim", "judicial-prelimm", 2, "unknown regime", "Write judicial-preliminary"),
    ('"analyst"', '"analist"', 44, "unknown agents.roles analist", "Write analyst"),
    ('["investigator", "analyst", "lead"]', "[]", 44, "missing or empty", 'roles = ["invest'),
    ('roles = ["investigator", "analyst", "lead"]\n', "", 40, "agents.roles is missing", "roles"),
    ('reference = "PR/2026/0417"', 'reference = " "', 1, "reference is empty", "PR/2026/0417"),
    ('authority = "Procureur', '#authority = "', 1, "authority is missing", "Add authority"),
    ("expires_on = 2027-03-01", "expires_on = 2026-08-31", 5, "contradictory dates", "mend"),
    ("to = 2026-09-01", "to = 2025-12-31", 18, "contradictory dates", "2026-01-01"),
    ("until = 2027-02-01", "until = 2026-09-01", 28, "contradictory dates", "2026-09-02"),
    ("date = 2026-09-02\n\n[[s", "date = 2027-03-02\n\n[[s", 22, "contradictory dates", "mend"),
    ("date = 2026-09-01", "date = 2027-03-02", 34, "contradictory dates", "mend"),
    ("PV-2026-01*", "PV-*-01", 25, "elsewhere than at the end", "last only"),
    ("[authorisations.matching]", "[authorisations.maching]", 20, "unknown key", "matching"),
    ('[[agents]]\nid = "A1"', "[[agents]]\nid = 1", 41, "agents.id cannot be 1", '"A1"'),
    ("[scope]", "[[scope]]", 14, "scope is not written", "Write [scope] on"),
    ("[[designated]]", "[designated]", 36, "designated is not", "[[designated]]"),
    ("with = ", "# = ", 47, "interconnections.with is missing", "Add"),
    ('reference = "PR', "reference = PR", 1, "not TOML", "straight quotes"),
]


@pytest.mark.parametrize(("good", "bad", "line", "message", "hint"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_what_to_write(  # noqa: PLR0917
    read: Read, text: str, good: str, bad: str, line: int, message: str, hint: str
) -> None:
    assert good in text
    with pytest.raises(MandateError) as error:
        read(text.replace(good, bad, 1))
    assert f"mandate.toml, line {line}: " in str(error.value)
    assert message in str(error.value)
    assert hint in error.value.hint


def test_a_protected_person_has_a_known_quality(read: Read, text: str) -> None:
    clause = '\n[[protected]]\nquality = "lawier"\nidentifiers = ["+33612345678"]\n'
    with pytest.raises(MandateError, match="line 59: unknown protected") as error:
        read(text + clause)
    assert error.value.hint == "Write lawyer"
    assert read(text + clause.replace("lawier", "lawyer")).protected[0].quality == "lawyer"


def test_the_same_agent_twice_is_refused_at_the_second(read: Read, text: str) -> None:
    twin = '\n[[agents]]\nid = "A1"\nroles = ["lead"]\n'
    with pytest.raises(MandateError, match="line 59: A1 stands twice"):
        read(text + twin)


def test_a_mandate_without_agent_is_refused(read: Read, text: str) -> None:
    with pytest.raises(MandateError, match="no agent is designated"):
        read(text.partition("[offence]")[0])


def test_designating_nobody_is_refused(read: Read, text: str) -> None:
    with pytest.raises(MandateError, match="designates nobody"):
        read(text + "\n[[designated]]\n")


def test_the_tables_known_can_be_given(text: str) -> None:
    mandate = read_mandate(text.replace('"handset"]', '"smoke"]'), "m", tables=[*TABLES, "smoke"])
    assert "smoke" in mandate.data


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"reference = 1\nauthority = '\xff'", "line 2: this is not UTF-8"),
        (b"#" * (LONGEST + 1), "too many for a mandate"),
        (b"x = " + b"[" * 5000, "not TOML"),
        (b"x = " + b"9" * 5000, "not TOML"),
        (b"", "reference is missing"),
    ],
)
def test_hostile_files_are_one_line_errors(raw: bytes, message: str) -> None:
    with pytest.raises(MandateError, match=message) as error:
        read_mandate(raw, "mandate.toml")
    assert "\n" not in str(error.value)


def _survives(raw: str | bytes) -> None:
    try:
        read_mandate(raw, "mandate.toml")
    except MandateError as error:
        said = f"{error} {error.hint}"
    else:
        return
    assert said.startswith("mandate.toml, line ")


@given(st.one_of(st.text(), st.binary()))
@example("\ud800")
@example("reference = '\ud800'")
def test_random_text_is_a_mandate_or_a_mandate_error(raw: str | bytes) -> None:
    _survives(raw)


KEYS = ["reference", "regime", "authorised_on", "data", "agents", "scope", "series", "from", "id"]
VALUES = ['"A1"', "1", "2026-09-01", '["message"]', "[]", "{ a = 1 }", "[{ id = 1 }]", "true"]
_lines = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES)),
    st.sampled_from(["[scope]", "[[agents]]", "[[series]]", "[authorisations.matching]", "[x.y]"]),
)


@given(st.lists(_lines, max_size=12).map("\n".join))
def test_any_toml_is_a_mandate_or_a_mandate_error(text: str) -> None:
    _survives(text)


@given(st.data())
def test_any_damage_to_a_good_mandate_is_survived(data: st.DataObject) -> None:
    text = SMALL.splitlines()
    number = data.draw(st.integers(0, len(text) - 1))
    change = data.draw(st.sampled_from(["", *text, "x", '"""', "[", "= 1"]))
    _survives("\n".join([*text[:number], change, *text[number + 1 :]]))


SMALL = """\
reference = "PR/2026/0417"
regime = "customs"
authority = "X"
authorised_on = 2026-09-01
expires_on = 2027-03-01
purposes = ["a"]
data = ["message"]
[scope]
from = 2026-01-01
[[agents]]
id = "A1"
roles = [
  "lead",
]"""
