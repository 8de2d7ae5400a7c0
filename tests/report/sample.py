"""An invented case, told as a report: no name, number or place in it is real.

Telephone numbers are of the ranges that ARCEP keeps for fiction (+33 6 39 98 xx xx).
"""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from faisceau.findings.model import Finding, Kind, Lead, Reason, Review, Status, Subject
from faisceau.report.model import (
    AgentCard,
    AuthorisationCard,
    Evidence,
    Excerpt,
    ExhibitCard,
    FindingCard,
    Gap,
    Helped,
    Line,
    MandateCard,
    MethodCard,
    Proof,
    ReasonCard,
    Refusal,
    Reject,
    ReportData,
    Software,
    TableCount,
    Unexamined,
    Words,
)

BASE = 1 << 32
EVENING = datetime(2026, 3, 4, 20, 14, 5, tzinfo=UTC)

MORNING_TALK = [
    ("Kamel V.", "wsh t'as encore du 🍫 ?", (), "", ""),
    (
        "+33 6 39 98 01 17",
        "ouais 20g de 🍫 à 140, ou la plaquette 500",
        ("20g", "plaquette"),
        "",
        "",
    ),
    ("Kamel V.", "ok je passe à la tour, le guetteur est en bas ?", ("guetteur",), "", ""),
    ("+33 6 39 98 01 17", "oui. ramène les tickets d'hier 💶💶", ("tickets",), "", ""),
    ("Kamel V.", "", (), "photo", ""),
    ("+33 6 39 98 01 17", "السلام عليكم، جيب الفلوس", ("الفلوس",), "", "Salut, apporte l'argent"),
    ("Kamel V.", "change de puce après, #règle \\ $tup <b>vite</b>", ("puce",), "", ""),
]


def digest(text: str) -> str:
    """A hash that looks like one."""
    return sha256(text.encode()).hexdigest()


def line(n: int, exhibit: int = 1) -> Line:
    """The ``n``-th message of the conversation, which repeats itself."""
    sender, text, words, note, translation = MORNING_TALK[n % len(MORNING_TALK)]
    helped = (Helped(Words("Translation from Arabic"), translation),) if translation else ()
    return Line(
        row_id=exhibit * BASE + 1040 + n,
        exhibit_id=f"E{exhibit}",
        source=f"msgstore.db/message:{1040 + n}",
        sent_at=EVENING + timedelta(minutes=97 * n),
        sender=sender,
        text=text,
        zone="Europe/Paris",
        hit=bool(words),
        words=words,
        gap=12 if n == 3 else 0,
        note=note,
        helped=helped,
    )


def evidence(n: int, exhibit: int = 1) -> Evidence:
    """The row of :func:`line`."""
    return Evidence("message", exhibit * BASE + 1040 + n, f"E{exhibit}", f"msgstore.db/message:{n}")


def finding(place: int, status: Status = Status.NEW, kind: Kind = Kind.QUERY) -> Finding:
    """A finding of triage, weaker with each place."""
    reasons = [
        Reason(
            "quantity-price",
            "Quantities with prices: {terms}, in {n} messages within an hour",
            {"terms": ["20g", "plaquette", "140"], "n": 3},
            2.6 - place / 10,
        ),
        Reason("lookout", "Talk of a lookout: “{word}”", {"word": "guetteur"}, 1.4),
        Reason("collection", "Counted “tickets” beside money", {}, 0.9),
        Reason("food", "The same words occur in {n} messages about a restaurant", {"n": 4}, -0.8),
    ]
    return Finding(
        finding_id=digest(f"finding {place}")[:32],
        analysis="messages.triage",
        version="1",
        kind=kind,
        lead=Lead(
            "Conversation on drug trafficking between {people}",
            [
                Subject(
                    "thread",
                    f"3363998{place:04d}@s.whatsapp.net",
                    f"Kamel V. (E1, account +33 6 39 98 01 {place:02d})",
                )
            ],
            max(0.05, 0.97 - place / 20),
            reasons,
            {"people": ["Kamel V.", "+33 6 39 98 01 17"]},
        ),
        params={"window": 20},
        mandate_version=digest("mandate"),
        agent="A1",
        created_at=datetime(2026, 9, 3, 8, 2, tzinfo=UTC),
        status=status,
        limits=("Calls are not covered by the mandate: no tie through calls was looked for.",),
    )


def card(
    place: int, status: Status = Status.NEW, kind: Kind = Kind.QUERY, n: int = 7
) -> FindingCard:
    """A finding with its rows and ``n`` lines of its conversation."""
    made = finding(place, status, kind)
    elsewhere = Evidence(
        "call",
        2 * BASE + 7,
        "E2",
        "calls.csv line 8",
        "+33 6 39 98 01 17 → +33 6 39 98 02 04, 4 min",
    )
    rows = [(evidence(1),), (evidence(2),), (evidence(3), elsewhere), ()]
    reviews: tuple[Review, ...] = ()
    if status not in (Status.NEW, Status.SUPERSEDED, Status.WITHDRAWN):
        at = datetime(2026, 9, 4, 9, 30, tzinfo=UTC)
        reviews = (Review(made.finding_id, "A2", status, "Lu en entier, pièce E1.", at),)
    return FindingCard(
        made,
        tuple(
            ReasonCard(reason, tuple(cited), total=len(cited))
            for reason, cited in zip(made.reasons, rows, strict=True)
        ),
        reviews,
        (Excerpt("WhatsApp, Kamel V.", tuple(line(i) for i in range(n)), gap=40),),
    )


def exhibits() -> tuple[ExhibitCard, ...]:
    """Three: a telephone, a listing, and a file nobody can read."""
    added = datetime(2026, 9, 2, 7, 45, 12, tzinfo=UTC)
    return (
        ExhibitCard(
            "E1",
            "Téléphone de Kamel V. (msgstore.db)",
            digest("msgstore"),
            48_234_496,
            "scellé n° 4, perquisition du 1er septembre 2026",
            added,
            "A1",
            "whatsapp_android",
            (TableCount("message", 74_212, 3), TableCount("contact", 412, 0)),
            unread=2,
            unknown=14,
            left=31,
            zone="Europe/Paris",
        ),
        ExhibitCard(
            "E2",
            "Fadettes opérateur (calls.csv)",
            digest("calls"),
            1_204_331,
            "réquisition du 30 août 2026",
            added,
            "A1",
            "native",
            (TableCount("call", 9_312, 281),),
            in_place=True,
            zone="Europe/Paris",
            access=Words("Requisition of {day}", {"day": date(2026, 8, 30)}),
        ),
        ExhibitCard(
            "E3",
            "coffre.bin",
            digest("vault"),
            4_096,
            "scellé n° 5",
            added,
            "A2",
            told=(Words("{n} files flagged", {"n": 1}),),
        ),
    )


def mandate() -> MandateCard:
    """A preliminary inquiry with two agents and one warning."""
    return MandateCard(
        reference="PR/2026/0417",
        regime="judicial-preliminary",
        authority="Procureur de la République, tribunal judiciaire de Lille",
        authorised_on=date(2026, 9, 1),
        expires_on=date(2027, 3, 1),
        purposes=("narcotics-trafficking",),
        tables=("message", "contact", "handset"),
        agents=(
            AgentCard("A1", "Agent A1", "OFAST", ("investigator", "analyst"), date(2027, 6, 30)),
            AgentCard("A2", "Agent A2", "OFAST", ("lead",)),
        ),
        version=digest("mandate"),
        offence="CP 222-37",
        penalty_years=10,
        organised=True,
        authorisations=(AuthorisationCard("matching", "PR/2026/0417-R", date(2026, 9, 2)),),
        clauses=(Words("Scope: messages from {since}", {"since": date(2026, 1, 1)}),),
        warnings=(
            Words(
                "{exhibit} was opened without an [[exhibit_access]] entry (CJEU, C-548/21)",
                {"exhibit": "E1"},
                french="{exhibit} a été ouvert sans entrée [[exhibit_access]] (CJUE, C-548/21)",
            ),
        ),
    )


def report(cards: tuple[FindingCard, ...] | None = None) -> ReportData:
    """The whole report."""
    if cards is None:
        cards = (
            card(2, Status.CONFIRMED),
            card(1),
            card(3, Status.EXCULPATORY),
            card(4, kind=Kind.AI),
            card(5, Status.DISMISSED, n=3),
            card(6, Status.WITHDRAWN),
        )
    return ReportData(
        software=Software("Faisceau", "0.1.0"),
        mandate=mandate(),
        exhibits=exhibits(),
        methods=(
            MethodCard(
                "messages.triage",
                "1",
                Kind.QUERY,
                "Ranks conversations by relevance to drug trafficking.\n\nEach conversation is "
                "read for words of the lexicon, quantities, prices and meetings that come close "
                "together; ambiguous words count only where others confirm them.",
                {"window": 20, "most": 100_000},
                "stupefiants 2026-09-01, 1 812 entrées",
            ),
        ),
        findings=cards,
        proof=Proof(
            "7f1c2a9e-demo",
            1_284,
            digest("root"),
            datetime(2026, 9, 4, 9, 30, 2, tzinfo=UTC),
            {"Ed25519": digest("ed"), "ML-DSA-65": digest("ml")},
            "faisceau ledger verify dossier-0417",
        ),
        refusals=(
            Refusal(
                datetime(2026, 9, 3, 8, 0, tzinfo=UTC),
                "A1",
                Words("run {analysis} (ai)", {"analysis": "messages.predict"}),
                Words(
                    "Kind ai is refused in every judicial regime",
                    french="Le type ai est refusé dans tout régime judiciaire",
                ),
                "Sénat, commission d'enquête sur le narcotrafic, 2024, partie D",
                41,
            ),
        ),
        rejects=(
            Reject("E1", "message", Words("no time of sending"), 3, ("msgstore.db/message:17",)),
            Reject(
                "E2",
                "call",
                Words("caller and callee are both empty"),
                281,
                ("calls.csv line 12", "calls.csv line 40"),
            ),
        ),
        unexamined=(
            Unexamined(Gap.UNKNOWN, "E3 (coffre.bin)", Words("no reader knows this format"), 1),
            Unexamined(Gap.NOT_COVERED, "call (E2)", Words("not in the mandate's data"), 9_312),
            Unexamined(Gap.SEALED, "1 conversation", Words("a lawyer takes part in it"), 212),
            Unexamined(Gap.NOT_RUN, "plates.convoy", Words("no row of plate_read")),
        ),
        conversations=312,
        found=1_203 if len(cards) < 1_203 else 0,
    )
