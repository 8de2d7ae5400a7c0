"""What may be registered at all."""

import pytest

from faisceau.errors import Refused
from faisceau.mandate.policy_files import load_policies
from faisceau.mandate.registration import judge_kind
from faisceau.words import speaking


@pytest.mark.parametrize("kind", ["query", "assist", "matching", "ai"])
def test_the_known_kinds_are_registered(kind: str) -> None:
    judge_kind(kind, {"message", "person"}, "plugin.analysis")


@pytest.mark.parametrize("kind", ["biometric", "face", "voice-print", "AI", ""])
def test_no_biometric_kind_exists(kind: str) -> None:
    with pytest.raises(Refused, match=r"plugin\.gait.*AI Act art\. 5") as error:
        judge_kind(kind, {"media"}, "plugin.gait")
    assert "S8" in str(error.value)
    assert error.value.exit_code == 3
    with speaking("fr"):
        assert "règlement IA" in str(error.value)


@pytest.mark.parametrize("tables", [{"person"}, {"person", "contact"}, set()])
def test_predicting_from_a_profile_is_refused(tables: set[str]) -> None:
    with pytest.raises(Refused, match=r"from a profile is prohibited \(.*AI Act art\. 5"):
        judge_kind("ai", tables, "plugin.oracle")


def test_a_written_query_over_persons_is_no_prediction() -> None:
    judge_kind("query", {"person"}, "plugin.list")


@pytest.mark.parametrize(
    ("policy", "kind", "tables"),
    [("register-no-profiling", "ai", {"person"}), ("register-known-kinds", "query", {"message"})],
)
def test_each_policy_of_registration_counts(policy: str, kind: str, tables: set[str]) -> None:
    def verdict(without: str) -> bool:
        try:
            judge_kind(kind, tables, "plugin.x", load_policies([]).without(without))
        except Refused:
            return False
        return True

    assert verdict(policy) is not verdict("none")


def test_without_its_rule_a_biometric_kind_is_still_permitted_by_nothing() -> None:
    with pytest.raises(Refused) as error:
        judge_kind("face", {"media"}, "x", load_policies([]).without("register-no-biometrics"))
    assert "AI Act" not in str(error.value)
