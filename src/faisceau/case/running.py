"""Running: an analysis gets its tables and its engine; its leads come back stamped as findings."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from faisceau.analyses import Analysis, Params
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.errors import FaisceauError, PluginError, UsageError
from faisceau.findings.model import SUBJECT_TYPES, Finding, Lead
from faisceau.mandate.act import Decision
from faisceau.words import N_, say

ID_BYTES = 10


@dataclass(frozen=True, slots=True)
class Ran:
    """One analysis that ran: how many findings are new, were there already, no longer come out."""

    analysis: str
    new: int
    kept: int
    superseded: int
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """One analysis that did not run: refused by the mandate, without rows, or failed."""

    analysis: str
    why: str
    facts: Mapping[str, Any]
    decision: Decision | None = None
    error: FaisceauError | None = None

    def in_words(self) -> str:
        """Why, in the current language."""
        return say(self.why, **self.facts)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one ``run`` did."""

    ran: tuple[Ran, ...]
    not_run: tuple[NotRun, ...]
    sealed: Sealed = NOTHING_SEALED
    """What is sealed in the tables that were read, and was not."""

    @property
    def refused(self) -> tuple[NotRun, ...]:
        """Those the mandate refused."""
        return tuple(n for n in self.not_run if n.decision is not None)


def parameters(analysis: Analysis, settings: Mapping[str, Any]) -> Params:
    """The parameters of one run. Raises ``UsageError`` for a name or value that does not fit."""
    try:
        return analysis.params.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            N_("{analysis} cannot run with {name}: {why}"),
            hint=N_("Its parameters are: {known}"),
            analysis=analysis.name,
            name=name,
            why=first["msg"],
            known=list(analysis.params.model_fields) or ["-"],
        ) from error


def settings_for(
    names: Sequence[str], known: Iterable[str], given: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """``--set`` options by analysis: ``name=value`` for the one analysis named, else
    ``analysis:name=value``. Raises ``UsageError``."""
    known = set(known)
    by_analysis: dict[str, dict[str, Any]] = {}
    for option in given:
        name, equals, value = option.partition("=")
        analysis, colon, parameter = name.partition(":")
        if not colon:
            analysis, parameter = (names[0] if len(names) == 1 else ""), name
        if not equals or analysis not in known:
            raise UsageError(
                N_("--set {option} does not say what to set"),
                hint=N_("Write name=value with one analysis named, else analysis:name=value"),
                option=option,
            )
        by_analysis.setdefault(analysis, {})[parameter] = value
    return by_analysis


def stamp(
    lead: Lead,
    *,
    analysis: Analysis,
    params: Mapping[str, Any],
    secret: bytes,
    mandate_version: str,
    agent: str,
    at: datetime,
    limits: tuple[str, ...],
) -> Finding:
    """A lead as a finding. Raises ``PluginError`` when the lead is not one."""
    _check(lead, analysis)
    return Finding(
        finding_id=finding_id(lead, analysis, params, secret),
        analysis=analysis.name,
        version=analysis.version,
        kind=analysis.kind,
        lead=lead,
        params=params,
        mandate_version=mandate_version,
        agent=agent,
        created_at=at,
        limits=limits,
    )


def finding_id(lead: Lead, analysis: Analysis, params: Mapping[str, Any], secret: bytes) -> str:
    """HMAC-SHA-256, cut to 80 bits, over analysis, version, parameters, subjects and rows.

    Stable from run to run; under the case's secret, it links no two cases.
    """
    rows: dict[str, set[int]] = {}
    for reason in lead.reasons:
        for table, ids in reason.by_table().items():
            rows.setdefault(table, set()).update(ids)
    content = [
        analysis.name,
        analysis.version,
        params,
        sorted([s.type, s.value] for s in lead.subjects),
        {table: sorted(ids) for table, ids in rows.items()},
    ]
    message = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[: 2 * ID_BYTES]


def _check(lead: Lead, analysis: Analysis) -> None:
    wrong = {subject.type for subject in lead.subjects} - SUBJECT_TYPES
    if wrong or not lead.subjects or not lead.reasons or not 0 <= lead.score <= 1:
        raise PluginError(
            N_("{analysis} gave a lead without subject, reason or a score from 0 to 1: {title}"),
            analysis=analysis.name,
            title=lead.title,
        )
