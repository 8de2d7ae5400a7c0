"""``mention``, ``reject`` and ``review``: what the desk derives, and what persons decided.

``mention`` holds one row per distinct (exhibit, procedure, table, role, kind, value), with its
first row and the number of rows. It is covered where its table is covered. ``reject`` holds each
record that became no row, with the reason; it is read with the exhibit, never analysed. ``review``
holds the verdicts on findings, as an analysis may read them; they live in the catalog.
"""

from faisceau.tables.schemas.schema import INTEGER, INTEGERS, STRING, TIME, Column, Schema

MENTION = Schema(
    "mention",
    "An identifier, and where it occurs.",
    (
        Column("kind", STRING, "phone, email, handle, imei, iban, plate …"),
        Column("value", STRING, "Its normal form; raw, prefixed with ``?``, when invalid."),
        Column("table", STRING, "The table it occurs in."),
        Column("role", STRING, "The column it occurs in."),
        Column("n", INTEGER, "Number of rows."),
    ),
)

REJECT = Schema(
    "reject",
    "A record that became no row.",
    (
        Column("table", STRING, "The table it was meant for, where known."),
        Column("reason", STRING, "Why, as a template."),
        Column("facts", STRING, "What fills the template, as a JSON object."),
        Column("raw", STRING, "The beginning of the record, as far as it could be read."),
    ),
)

REVIEW = Schema(
    "review",
    "A verdict on a finding, the last one on it standing last.",
    (
        Column("finding_id", STRING, "The finding."),
        Column("analysis", STRING, "The analysis that made it."),
        Column("verdict", STRING, "confirmed, dismissed, unsure or exculpatory."),
        Column("agent", STRING, "Who decided."),
        Column("at", TIME, "When."),
        Column("rows", INTEGERS, "The rows that the finding rests on, of every table."),
    ),
)
