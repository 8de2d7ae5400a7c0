"""Networks found among procedures, against the hidden truth."""

import pytest

from faisceau.demo.couriers import Plan
from faisceau.findings.model import Finding

from .conftest import Filled, b_cubed

PLAN = Plan(procedures=800, seed=11)
FRIENDLIER = Plan(procedures=400, seed=12, own_traces=(2, 4), acquaintances=0.06, rare_names=0.7)


@pytest.mark.parametrize(("plan", "least"), [(PLAN, 0.94), (FRIENDLIER, 0.95)])
def test_networks_are_those_that_were_hidden(filled: Filled, plan: Plan, least: float) -> None:
    made, desk = filled(plan)
    found = desk.run("links.network")
    precision, recall = b_cubed(made.truth, found)
    f1 = 2 * precision * recall / (precision + recall)
    print(f"networks {len(found)}: B-cubed {precision:.3f}, {recall:.3f}, F1 {f1:.3f}")
    assert f1 >= least


def test_a_network_says_who_when_where_and_what_would_confirm_it(filled: Filled) -> None:
    found = filled(PLAN)[1].run("links.network")
    codes = {r.code for f in found for r in f.reasons}
    assert {"members", "member", "period", "route", "recruiter", "payer", "device"} <= codes
    surest: Finding = found[0]
    assert all(s.type == "procedure" for s in surest.subjects)
    said = " ".join(r.in_words() for r in surest.reasons)
    assert "To confirm: request" in said
    members = [r for r in surest.reasons if r.code == "member"]
    assert len(members) == len(surest.subjects)


def test_each_procedure_is_of_one_network_at_most(filled: Filled) -> None:
    found = filled(PLAN)[1].run("links.network")
    members = [s.value for f in found for s in f.subjects]
    assert len(members) == len(set(members))
