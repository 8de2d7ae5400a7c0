"""The observation tables (design, section 5): Arrow schemas with the meaning of each column."""

from faisceau.tables.schemas.communication import CALL, CONTACT, HANDSET
from faisceau.tables.schemas.derived import MENTION, REJECT, REVIEW
from faisceau.tables.schemas.goods import DECLARATION, SCAN
from faisceau.tables.schemas.message import MESSAGE
from faisceau.tables.schemas.money import COIN_TRANSFER, PAYMENT
from faisceau.tables.schemas.movement import PLATE_READ, POSITION
from faisceau.tables.schemas.online import MEDIA, POST, SIM_SALE
from faisceau.tables.schemas.people import PERSON, SEIZURE, TRIP
from faisceau.tables.schemas.schema import Batch, Column, Row, Schema, Selection

TABLES: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        MESSAGE,
        CALL,
        CONTACT,
        HANDSET,
        PERSON,
        TRIP,
        SEIZURE,
        PLATE_READ,
        PAYMENT,
        COIN_TRANSFER,
        DECLARATION,
        SCAN,
        POST,
        SIM_SALE,
        MEDIA,
        POSITION,
    )
}
"""Every table a mandate can cover, by name."""

__all__ = [
    "CALL",
    "COIN_TRANSFER",
    "CONTACT",
    "DECLARATION",
    "HANDSET",
    "MEDIA",
    "MENTION",
    "MESSAGE",
    "PAYMENT",
    "PERSON",
    "PLATE_READ",
    "POSITION",
    "POST",
    "REJECT",
    "REVIEW",
    "SCAN",
    "SEIZURE",
    "SIM_SALE",
    "TABLES",
    "TRIP",
    "Batch",
    "Column",
    "Row",
    "Schema",
    "Selection",
]
