"""``faisceau mandate explain``: every act as allowed or refused, why, and what would unlock it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from faisceau.mandate.act import OPERATIONS, Act, Decision, Notice, Rule
from faisceau.mandate.decide import decide
from faisceau.mandate.model import Mandate
from faisceau.mandate.policy_files import Policies
from faisceau.mandate.vocabulary import TABLES

BY_TABLE = ("add", "rows")
"""Operations explained table by table; ``run`` is explained analysis by analysis."""

WITHOUT_CASE = ("register",)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One act and the answer to it. ``rules``: those that decided or, failing any, those under
    which someone may."""

    act: Act
    label: str
    allowed: bool
    rules: tuple[Rule, ...]
    unlocked_by: tuple[Notice, ...]
    decision: Decision


def explain(
    mandate: Mandate,
    agent_id: str,
    now: datetime,
    analyses: Iterable[tuple[str, str, Iterable[str]]],
    policies: Policies | None = None,
) -> list[Explanation]:
    """Every act this agent could ask for at ``now``; ``analyses`` as (name, kind, tables).

    Reads are judged as those of rows of no procedure, and a comparison with each case that the
    mandate names under ``[[interconnections]]``.
    """
    return [
        _explained(decide(mandate, act, agent_id, now, policies))
        for act in _acts(mandate, analyses)
    ]


def _acts(mandate: Mandate, analyses: Iterable[tuple[str, str, Iterable[str]]]) -> Iterator[Act]:
    own = frozenset({""})
    for name in OPERATIONS:
        if name in WITHOUT_CASE:
            continue
        if name in BY_TABLE:
            for table in TABLES:
                yield Act(name, tables=frozenset({table}), procedures=own)
        elif name == "run":
            for analysis, kind, tables in analyses:
                yield Act(name, kind, analysis, frozenset(tables), procedures=own)
        elif name == "match":
            for other in [p.other for p in mandate.interconnections] or ["..."]:
                yield Act(name, other=other, tables=frozenset({"mention"}))
        else:
            yield Act(name)


def _explained(decision: Decision) -> Explanation:
    return Explanation(
        act=decision.act,
        label=decision.act.label,
        allowed=decision.allowed,
        rules=decision.rules or decision.permits,
        unlocked_by=decision.unlocked_by,
        decision=decision,
    )
