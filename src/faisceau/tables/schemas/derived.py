"""``mention`` and ``reject``: what the desk derives while it adds an exhibit.

``mention`` holds one row per distinct (exhibit, procedure, table, role, kind, value), with its
first row and the number of rows. It is covered where its table is covered. ``reject`` holds each
record that became no row, with the reason; it is read with the exhibit, never analysed.
"""

from faisceau.tables.schemas.schema import INTEGER, STRING, Column, Schema

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
