"""How the findings were made: each analysis in plain words, with all that fixes its result."""

from collections.abc import Mapping
from typing import Any

from faisceau.findings.model import Kind
from faisceau.report.blocks import Block, cell, facts, heading, mono, note, paragraph
from faisceau.report.model import ReportData, Words
from faisceau.report.shown import KINDS, pair, put, word
from faisceau.words import N_, say


def blocks(data: ReportData) -> list[Block]:
    """One heading an analysis; same data, parameters and version give the same findings."""
    out = [
        heading(1, say(N_("The method"))),
        paragraph(
            say(
                N_(
                    "The same data, parameters and version give the same findings, with the same "
                    "identifiers. A score goes from 0 to 1 and serves to order the findings: it "
                    "is not a probability of guilt. The figure before a reason is its weight: the "
                    "larger, the more it counts; below zero, it counts against."
                )
            )
        ),
    ]
    for method in data.methods:
        meaning = method.meaning
        text = put(meaning) if isinstance(meaning, Words) else say(meaning)
        out += [
            heading(2, method.analysis),
            *(paragraph(" ".join(part.split())) for part in text.split("\n\n") if part.strip()),
            facts(
                [
                    (say(N_("Version")), cell(method.version)),
                    (say(N_("Kind of work")), cell(pair(method.kind, word(KINDS, method.kind)))),
                    (say(N_("Parameters")), cell(mono(_params(method.params)))),
                    (say(N_("Lexicon")), cell(put(method.lexicon))),
                ]
            ),
        ]
        if method.kind == Kind.AI:
            out.append(note(say(N_("Learnt model")), cell(say(UNCONFIRMED)), alert=True))
    if not data.methods:
        out.append(paragraph(say(N_("No analysis was run."))))
    return out


UNCONFIRMED = N_(
    "What a learnt model ranks or predicts is established only once a person has confirmed it."
)


def _params(params: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in sorted(params.items()))
