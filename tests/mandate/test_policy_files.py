"""The policies as files: whole, verified, replaceable, and refused when they say nothing."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import cedarpy
import pytest

from faisceau.errors import MandateError
from faisceau.mandate.act import OPERATIONS, Act
from faisceau.mandate.decide import decide
from faisceau.mandate.model import Mandate
from faisceau.mandate.policy_files import (
    FOLDER_VARIABLE,
    Policies,
    default_policies,
    load_policies,
    schema_text,
)
from faisceau.mandate.vocabulary import AUTHORISATIONS

FOLDER = Path(str(files("faisceau.mandate") / "policies"))
TRIAGE = Act("run", "query", "messages.triage", frozenset({"message"}))

RULE = """\
@id("service-no-export")
@source("Service note 12")
@message("{agent} may not export here, {whoever}")
@message_fr("{agent} n'exporte pas ici")
@valid_from("2026-01-01")
@verified_on("2026-06-01")
forbid (principal is Agent, action == Action::"export", resource is Case);
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service's folder of policies, with one that forbids exports."""
    (tmp_path / "service.cedar").write_text(RULE, "utf-8")
    return tmp_path


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.cedar")), ids=lambda path: path.name)
def test_every_file_fits_the_schema(path: Path) -> None:
    result = cedarpy.validate_policies(path.read_text("utf-8"), schema_text())
    assert [str(error) for error in result.errors] == []


def test_every_policy_is_annotated_in_both_languages_and_bears_its_own_id() -> None:
    policies = list(load_policies([FOLDER / "strict.cedar"]))
    assert len({policy.id for policy in policies}) == len(policies) > 40
    for policy in policies:
        assert policy.source
        assert policy.message
        assert policy.message_fr
        assert policy.message != policy.message_fr
        assert policy.valid_from <= policy.verified_on <= date(2026, 11, 24)


def test_the_placeholders_of_messages_are_facts() -> None:
    names = {
        *("agent", "until", "reference", "regime", "begins", "ends", "penalty", "clauses"),
        *("analysis", "kind", "tables", "outside", "exhibits", "handsets", "procedures"),
        *("recipient", "other"),
    }
    for policy in load_policies([]):
        found = set(re.findall(r"\{(\w+)\}", policy.message + policy.source))
        assert found <= names
        french = set(re.findall(r"\{(\w+)\}", policy.message_fr + (policy.source_fr or "")))
        assert french <= found | {"clauses"}


def test_the_schema_knows_every_operation_in_its_group() -> None:
    text = schema_text()
    for operation in OPERATIONS.values():
        if operation.name != "register":
            line = rf"action [\w, ]*\b{operation.name}\b[\w, ]* in \[{operation.group}\]"
            assert re.search(line, text), operation.name
    for name in AUTHORISATIONS:
        assert f"{name}?: Authorisation" in text


def test_strict_is_an_example_that_a_service_may_add(mandate: Mandate, now: datetime) -> None:
    assert "strict.cedar" not in {policy.file for policy in load_policies([])}
    strict = load_policies([FOLDER / "strict.cedar"])
    assert decide(mandate, TRIAGE, "A1", now, strict).allowed  # matching is authorised
    bare = replace(mandate, authorisations=())
    assert decide(bare, TRIAGE, "A1", now).allowed
    refused = decide(bare, TRIAGE, "A1", now, strict)
    assert [rule.id for rule in refused.rules] == ["strict-triage-is-matching"]
    assert "CPP 230-20" in refused.text()


def test_a_service_adds_rules_through_the_environment(
    mandate: Mandate, now: datetime, service: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decide(mandate, Act("export"), "A1", now).allowed
    monkeypatch.setenv(FOLDER_VARIABLE, str(service))
    refused = decide(mandate, Act("export"), "A1", now)
    assert "A1 may not export here, {whoever} (Service note 12" in refused.text()
    assert default_policies().digest != load_policies([]).digest


def test_a_file_of_the_same_name_replaces_the_house_s(service: Path) -> None:
    (service / "service.cedar").rename(service / "communications.cedar")
    ids = {policy.id for policy in load_policies([service])}
    assert "service-no-export" in ids
    assert "traffic-three-years" not in ids


def test_a_policy_counts_from_its_first_day_to_its_last(mandate: Mandate, service: Path) -> None:
    text = RULE.replace('@valid_from("2026-01-01")', '@valid_from("2026-11-24")')
    text = text.replace("forbid", '@valid_to("2026-11-25")\n@successor("next")\nforbid')
    (service / "service.cedar").write_text(text)
    policies = load_policies([service])
    allowed = [
        decide(mandate, Act("export"), "A1", _noon(day), policies).allowed
        for day in (23, 24, 25, 26)
    ]
    assert allowed == [True, False, False, True]


def _noon(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


def test_a_policy_not_verified_for_twelve_months_warns(mandate: Mandate, service: Path) -> None:
    (service / "service.cedar").write_text(RULE.replace("2026-06-01", "2025-11-24"))
    policies = load_policies([service])
    assert policies.stale(date(2026, 11, 24)) == []
    assert [policy.id for policy in policies.stale(date(2026, 11, 25))] == ["service-no-export"]
    fresh = decide(mandate, Act("export"), "A1", _noon(24), policies)
    stale = decide(mandate, Act("export"), "A1", _noon(25), policies)
    assert fresh.warnings == ()
    assert "service-no-export was last compared with its source on 2025-11-24" in stale.text()


@pytest.mark.parametrize(
    ("change", "by", "message"),
    [
        ('@source("Service note 12")\n', "", "service-no-export) lacks @source"),
        ('@id("service-no-export")\n', "", "lacks @id"),
        ('@valid_from("2026-01-01")', '@valid_from("soon")', "@valid_from soon, which is no day"),
        ('@source("S', '@sauce("x")\n@source("S', "says nothing: sauce"),
        ("forbid", '@level("warning")\npermit', "says nothing: level"),
        ("forbid (", "forbid ((", "service.cedar is not Cedar"),
        ('Action::"export"', 'Action::"exprot"', "does not fit the schema"),
        ("resource is Case)", "resource is Case) when { resource.nope }", "does not fit"),
        ("principal is Agent", "principal == ?principal", "policy template"),
        ('"service-no-export"', '"ai-judicial"', "stands in kinds.cedar and in service.cedar"),
    ],
)
def test_a_policy_that_cannot_stand_is_named(
    service: Path, change: str, by: str, message: str
) -> None:
    assert change in RULE
    (service / "service.cedar").write_text(RULE.replace(change, by))
    with pytest.raises(MandateError, match=re.escape(message)) as error:
        load_policies([service])
    assert error.value.hint


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MandateError, match="No policies at"):
        load_policies([tmp_path / "absent"])


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.cedar").write_bytes(b"\xff")
    with pytest.raises(MandateError, match="cannot be read"):
        load_policies([tmp_path])


def test_the_digest_is_the_version_of_the_whole_set(service: Path) -> None:
    assert load_policies([]).digest == load_policies([]).digest
    first = load_policies([service]).digest
    (service / "service.cedar").write_text(RULE + "\n")
    assert load_policies([service]).digest != first
    assert Policies(()).digest == ""
