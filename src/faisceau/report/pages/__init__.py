"""The pages of a report, in their order: from nouns to blocks, in the current language."""

from typing import Any

from faisceau.report.model import ReportData
from faisceau.report.pages import exhibits, findings, gaps, mandate, method, proof, summary
from faisceau.report.shown import moment, zone_of
from faisceau.words import N_, language, say


def document(data: ReportData) -> dict[str, Any]:
    """The whole report as one tree of strings, for either typesetter."""
    zone = zone_of(data.zone)
    at = data.proof.at
    return {
        "lang": language(),
        "title": say(N_("Examination report")),
        "reference": data.mandate.reference,
        "authority": data.mandate.authority,
        "software": f"{data.software.name} {data.software.version}",
        "state": say(N_("State of the case on {moment}"), moment=moment(at, zone)),
        "page": say(N_("page")),
        "seal": data.proof.root[:16],
        "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "summary": summary.blocks(data, zone),
        "body": [
            *mandate.blocks(data),
            *exhibits.blocks(data, zone),
            *method.blocks(data),
            *findings.blocks(data, zone),
            *gaps.blocks(data, zone),
            *proof.blocks(data, zone),
        ],
    }
