"""Whether an analysis may be registered at all, before any mandate is asked.

What is refused, and by which text, is said in ``policies/registration.cedar``.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import cedarpy

from faisceau.mandate.act import Act, Decision
from faisceau.mandate.decide import spoken
from faisceau.mandate.model import today
from faisceau.mandate.policy_files import Policies, compiled, default_policies


def judge_kind(
    kind: str, reads: Iterable[str], name: str, policies: Policies | None = None
) -> None:
    """Raise ``Refused`` unless the analysis ``name``, of ``kind``, reading these tables, may be
    registered."""
    policies = policies or default_policies()
    tables = frozenset(reads)
    request = {
        "principal": {"type": "Analysis", "id": name},
        "action": {"type": "Action", "id": "register"},
        "resource": {"type": "House", "id": "faisceau"},
        "context": {"kind": kind, "tables": sorted(tables)},
    }
    policy_set = compiled(policies, today(datetime.now(UTC)), warnings=False)
    answer = cedarpy.is_authorized(request, policy_set, "[]")
    if answer.allowed and not answer.diagnostics.errors:
        return
    facts = {"analysis": name, "kind": kind, "tables": ", ".join(sorted(tables))}
    decided = [policies[policy_id] for policy_id in sorted(answer.diagnostics.reasons)]
    act = Act("register", kind=kind, analysis=name, tables=tables)
    raise Decision(act, allowed=False, rules=spoken(decided, facts)).refusal()
