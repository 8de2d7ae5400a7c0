"""``declaration``, ``scan``: what parcels say they hold, and what the scanner shows."""

from faisceau.tables.schemas.schema import BOOLEAN, NUMBER, STRING, TIME, Column, Schema

DECLARATION = Schema(
    "declaration",
    "A customs declaration of a parcel.",
    (
        Column("declaration_id", STRING, "Its number.", headers=("déclaration", "n° déclaration")),
        Column("lodged_at", TIME, "When it was lodged.", headers=("date de dépôt",)),
        Column("kind", STRING, "Form.", values=("H1", "H7", "CN22", "CN23")),
        Column("sender", STRING, "Sender.", headers=("expéditeur",)),
        Column(
            "sender_address",
            STRING,
            "Address of the sender.",
            mention="address",
            headers=("adresse expéditeur",),
        ),
        Column("sender_country", STRING, "Country of the sender.", headers=("pays expéditeur",)),
        Column("recipient", STRING, "Recipient.", headers=("destinataire",)),
        Column(
            "recipient_address",
            STRING,
            "Address of the recipient.",
            mention="address",
            headers=("adresse destinataire",),
        ),
        Column("goods", STRING, "What is declared.", headers=("marchandise", "contenu")),
        Column("hs_code", STRING, "Harmonised System code.", headers=("code sh",)),
        Column("value", NUMBER, "Declared value.", headers=("valeur",)),
        Column("currency", STRING, "ISO 4217.", headers=("devise",)),
        Column("weight_kg", NUMBER, "Kilograms.", headers=("poids", "poids (kg)")),
        Column("carrier", STRING, "Carrier.", headers=("transporteur",)),
        Column("tracking", STRING, "Tracking number.", headers=("suivi", "n° de suivi")),
    ),
)

SCAN = Schema(
    "scan",
    "One image of a parcel, bag or container.",
    (
        Column("scan_id", STRING, "Its number."),
        Column("tracking", STRING, "Tracking number.", headers=("suivi",)),
        Column("scanned_at", TIME, "When.", headers=("date",)),
        Column("scanner", STRING, "The scanner."),
        Column(
            "modality",
            STRING,
            "What was scanned.",
            values=("parcel", "baggage", "container"),
        ),
        Column("image_sha256", STRING, "Hash of the image."),
        Column("label", STRING, "What the operator called it."),
        Column("inspected", BOOLEAN, "It was opened.", headers=("inspecté", "ouvert")),
        Column("outcome", STRING, "What was found.", headers=("résultat",)),
    ),
)
