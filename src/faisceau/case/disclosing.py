"""Disclosing: what leaves the case for others to read, a report or an export, and its proof."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faisceau.case import reporting
from faisceau.case.cards import cards
from faisceau.case.door import Door
from faisceau.case.plugins import plugins
from faisceau.case.running import judged
from faisceau.case.status import warnings
from faisceau.errors import FaisceauError, NotFound, UsageError
from faisceau.findings import store as findings
from faisceau.findings.model import Finding
from faisceau.ledger.entry import Entry
from faisceau.ledger.keys import PublicKeys
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit
from faisceau.report.model import Proof, ReportData
from faisceau.tables.correspondence import SEALED
from faisceau.tables.engines import LakeEngine
from faisceau.words import N_, speaking

if TYPE_CHECKING:
    from faisceau.case.exporting import Exported

REPORTED = 100
"""Findings in a report unless it is asked for more or fewer."""
REPORTED_LINES = 40
"""Messages shown around each of them, at most."""


def report(
    door: Door,
    output: Path,
    *,
    lang: str,
    top: int | None,
    recipient: str,
    chosen: Sequence[str],
) -> dict[str, Any]:
    """Write the report to ``output`` (``.pdf`` or ``.html``); returns path, sha256, counts.

    ``chosen``: these findings alone (ids), in that order. The same case gives the same bytes.
    Raises ``UsageError`` for another ending.
    """
    from faisceau.report.html import render_html  # slow to import, both
    from faisceau.report.pdf import render_pdf

    render = {".pdf": render_pdf, ".html": render_html}.get(output.suffix.casefold())
    if render is None:
        raise UsageError(N_("A report ends in .pdf or .html, not {path}"), path=output.name)
    with door.citing(Act("report", recipient=recipient)) as (permit, closing, engine):
        data = _report_data(door, permit, engine, top, chosen)
        content = render(data, lang)
        try:
            output.write_bytes(content)
        except OSError as error:
            raise FaisceauError(
                N_("{path} cannot be written: {why}"), path=output, why=error.strerror
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        named = [card.finding.finding_id for card in data.findings]
        closing.data.update(sha256=digest, recipient=recipient, findings=named)
    return {"path": output, "sha256": digest, "findings": len(named), "of": data.found}


def export(door: Door, output: Path, to: str, *, lang: str, recipient: str) -> "Exported":
    """Write the findings that stand, and the rows they rest on, for another program.

    ``to``: a format of ``report.exports``. The same case gives the same bytes. Raises
    ``UsageError`` for an unknown format.
    """
    from faisceau.case import exporting  # what one command in ten needs

    told = {"format": exporting.format_named(to), "recipient": recipient}
    act = Act("export", recipient=recipient)
    with door.citing(act) as (permit, closing, engine), speaking(lang):
        with door.database.connect() as connection:
            found = findings.listed(connection, permit)
            reviews = findings.reviews(connection, permit)
        written, ids = exporting.export(
            engine,
            output,
            to,
            findings=found,
            reviews=reviews,
            exhibits=door.listing().exhibits,
            mandate=door.mandate,
            proof=_proof(door, list(door.gate.ledger.entries())),
            mask=door.mask(),
            secret=door.secret(),
        )
        closing.data.update(told, sha256=written.sha256, findings=ids, rows=written.rows)
    return written


def _report_data(
    door: Door, permit: Permit, engine: LakeEngine, top: int | None, chosen: Sequence[str]
) -> ReportData:
    """The state of the case, as the report room puts it on pages."""
    exhibits = door.listing().exhibits
    with door.database.connect() as connection:
        found = findings.listed(connection, permit)
        reviews = findings.reviews(connection, permit)
    entries = list(door.gate.ledger.entries())
    shown = _chosen(found, chosen) if chosen else found[: top or REPORTED]
    known = plugins().analyses
    gave = {entry.act.removeprefix("run ") for entry in entries if entry.outcome == "done"}
    not_run = [
        (a, None if decision.allowed else decision)
        for a in known.values()
        if a.name not in gave
        for decision in [judged(door, a)]
    ]
    hidden = _hidden(door, engine)
    return ReportData(
        software=reporting.software(),
        mandate=reporting.mandate_card(door.mandate, warnings(door, exhibits)),
        exhibits=tuple(reporting.exhibit_card(e, door.mandate) for e in exhibits),
        methods=reporting.methods(found, known),
        findings=tuple(
            cards(shown, reviews, engine, door.mask(), lines_per_finding=REPORTED_LINES)
        ),
        proof=_proof(door, entries),
        refusals=reporting.refusals(entries),
        rejects=reporting.rejects(engine),
        unexamined=reporting.unexamined(exhibits, hidden, not_run, door.sealed(SEALED)),
        conversations=reporting.conversations(engine),
        found=len(found),
        chosen=bool(chosen),
    )


def _chosen(found: Iterable[Finding], ids: Sequence[str]) -> list[Finding]:
    """The findings of these ids, in their order. Raises ``NotFound`` for one that is none."""
    known = {finding.finding_id: finding for finding in found}
    for missing in (one for one in ids if one not in known):
        raise NotFound(N_("No finding {finding}"), finding=missing)
    return [known[one] for one in dict.fromkeys(ids)]


def _proof(door: Door, entries: Sequence[Entry]) -> Proof:
    """The checkpoint of the last act after which a report is another one."""
    last = max(entry.number for entry in entries if reporting.lasting(entry))
    keys = PublicKeys.read(door.case.folder / "ledger" / "keys")
    checkpoint = door.gate.ledger.checkpoint_covering(last)
    fingerprints = {"Ed25519 + ML-DSA-65": keys.fingerprint}
    return reporting.proof(door.case.case_id, checkpoint, fingerprints)


def _hidden(door: Door, engine: LakeEngine) -> dict[str, int]:
    """Rows that the mandate's scope keeps out of sight, by table."""
    if door.mandate.scope is None:
        return {}
    listed = door.listing()
    held = Counter[str]()
    for segment in listed.segments:
        held[segment.table] += segment.rows
    for seal in listed.seals:
        held[seal.table] -= seal.rows if seal.in_force else 0
    hidden = {}
    for name, table in engine.tables.items():
        [seen] = engine.rows(table.aggregate(n=table.count()))
        if held[name] > seen["n"]:
            hidden[name] = held[name] - seen["n"]
    return hidden
