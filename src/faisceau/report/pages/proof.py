"""How to check the report, and the mention that a procedure file needs."""

from datetime import tzinfo

from faisceau.report.blocks import Block, cell, command, facts, grouped, heading, note, paragraph
from faisceau.report.model import ReportData
from faisceau.report.shown import AUTHORISATIONS, REGIMES, day, moment, number, word
from faisceau.words import N_, say


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """The ledger's checkpoint, how to verify it offline, the mention."""
    proof = data.proof
    return [
        heading(1, say(N_("Verification"))),
        paragraph(
            say(
                N_(
                    "Every act on the case, refusals included, is an entry of its ledger. The "
                    "entries form a tree whose root hash is signed by two keys, one of which is "
                    "meant to withstand a quantum computer. This report rests on the checkpoint "
                    "of the last change or review:"
                )
            )
        ),
        facts(
            [
                (say(N_("Case")), cell(["mono", proof.case_id])),
                (say(N_("Entries")), cell(number(proof.size))),
                (say(N_("Root (SHA-256)")), cell(grouped(proof.root))),
                (say(N_("Signed on")), cell(moment(proof.at, zone))),
                *(
                    (say(N_("Key {algorithm}"), algorithm=name), cell(grouped(digest)))
                    for name, digest in sorted(proof.fingerprints.items())
                ),
            ]
        ),
        paragraph(
            say(
                N_(
                    "Whoever holds the case folder can check, without a network, that no entry, "
                    "table or exhibit has changed since, and that the keys are those above:"
                )
            )
        ),
        command(proof.command),
        paragraph(
            say(
                N_(
                    "The command names the first thing that differs. To check one line of this "
                    "report: find the exhibit by its hash, then the place given beside the line."
                )
            )
        ),
        heading(1, say(N_("Mention for the procedure file"))),
        *_mention(data),
    ]


def _mention(data: ReportData) -> list[Block]:
    mandate = data.mandate
    agents = "; ".join(
        ", ".join(filter(None, (agent.name or agent.id, agent.service))) for agent in mandate.agents
    )
    authorised = "; ".join(
        say(
            N_("{what}: {reference}, {date}"),
            what=word(AUTHORISATIONS, one.name),
            reference=one.reference,
            date=day(one.dated),
        )
        for one in mandate.authorisations
    )
    return [
        paragraph(
            say(
                N_(
                    "The data described in this report were examined with the software {name}, "
                    "version {version}, under mandate {reference} of {date} ({regime}), given by "
                    "{authority}."
                ),
                name=data.software.name,
                version=data.software.version,
                reference=mandate.reference,
                date=day(mandate.authorised_on),
                regime=word(REGIMES, mandate.regime),
                authority=mandate.authority,
            )
        ),
        facts(
            [
                (say(N_("Habilitated agents")), cell(agents)),
                (
                    say(N_("Authorisations")),
                    cell(authorised or say(N_("none beyond the mandate itself"))),
                ),
            ]
        ),
        note(
            say(N_("Value of the findings")),
            cell(
                say(
                    N_(
                        "The findings bring together and order data lawfully held. They help to "
                        "decide; they do not prove by themselves, and no decision may rest on "
                        "them alone. Whoever uses one answers for having checked the lines that "
                        "it quotes."
                    )
                )
            ),
        ),
    ]
