"""What the tests of exports share: invented rows of every table, as the desk hands them over."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from faisceau.findings.model import Finding, Kind, Lead, Reason, Review, Status, Subject
from faisceau.report.exports import FORMATS
from faisceau.report.exports.model import ExportData, Observation
from faisceau.report.model import ExhibitCard, FindingCard, Proof, Software
from faisceau.tables.schemas import MENTION, TABLES

AT = datetime(2026, 3, 4, 20, 14, 5, 250000, tzinfo=UTC)
BASE = 1 << 32

ROWS: list[tuple[str, dict[str, Any]]] = [
    (
        "message",
        {
            "app": "whatsapp",
            "account": "+33 6 12 34 56 78",
            "thread_id": "T1",
            "sender_id": "33612345679@s.whatsapp.net",
            "sender_name": "Kamel V.",
            "recipients": ["+33 6 12 34 56 78"],
            "sent_at": AT,
            "text": "20g à 140 <b>vite</b> 💶 \x00\x0b fin",
            "ref": "m1",
        },
    ),
    ("message", {"app": "whatsapp", "thread_id": "T1", "sent_at": AT, "kind": "system"}),
    ("message", {"app": "mail", "sender_id": "Zoe@Example.org", "recipients": [], "sent_at": AT}),
    ("message", {"app": "telegram", "sender_id": "@zoe_75", "text": "=1+1", "sent_at": AT}),
    (
        "call",
        {
            "caller": "+33612345679",
            "callee": "0612345678",
            "started_at": AT,
            "duration_s": 61.5,
            "count": 3,
            "kind": "voice",
            "imei": "490154203237518",
            "imsi": "208011234567890",
        },
    ),
    ("contact", {"account": "+33612345678", "name": "Kam", "identifiers": ["+33612345679"]}),
    ("contact", {"name": "Sans numéro", "identifiers": []}),
    (
        "handset",
        {
            "imei": "490154203237518",
            "imsi": "208011234567890",
            "iccid": "8933011234567890123",
            "msisdn": "+33612345678",
            "make": "Nokia",
            "model": "3310",
            "apps": ["WhatsApp"],
            "accounts": ["zoe@example.org"],
        },
    ),
    (
        "person",
        {
            "role": "courier",
            "last_name": "Durand",
            "first_names": "Zoé",
            "birth_date": date(1999, 3, 12),
            "nationality": "FR",
            "document_number": "12AB34567",
            "phone": "+33612345679",
            "email": "zoe@example.org",
            "address": "12 rue de la Paix, 75002 Paris",
        },
    ),
    (
        "person",
        {
            "role": "courier",
            "last_name": "⁂aaaaaaaaaa",
            "birth_date": "⁂0612345678",
            "phone": "⁂0612345679",
            "nationality": "surinamaise",
            "procedure": "PV-2026-2",
        },
    ),
    ("person", {"role": "suspect"}),
    (
        "trip",
        {
            "person_ref": "a",
            "carrier": "Air X",
            "number": "AF853",
            "departed_at": AT,
            "origin": "CAY",
            "destination": "ORY",
            "booking_ref": "QX7ZPA",
            "payer": "Durand Zoé",
            "ticket_price": 540.0,
        },
    ),
    ("trip", {"payer": "Durand Zoé", "ticket_price": 90.5}),
    (
        "seizure",
        {
            "seized_at": AT,
            "place": "Orly",
            "latitude": 48.72,
            "longitude": 2.36,
            "product": "cocaïne",
            "quantity_g": 1020.0,
            "marking": "étoile",
        },
    ),
    (
        "plate_read",
        {"plate": "AB-123-CD", "country": "FR", "camera_id": "A6", "read_at": AT, "latitude": 48.1},
    ),
    (
        "payment",
        {
            "account": "FR1420041010050500013M02606",
            "holder": "Durand Zoé",
            "counterparty": "SARL X",
            "counterparty_account": "DE89370400440532013000",
            "booked_at": AT,
            "amount": -120.5,
            "currency": "EUR",
            "label": "loyer",
        },
    ),
    ("payment", {"account": "FR1420041010050500013M02606", "amount": 10.0, "booked_at": AT}),
    (
        "coin_transfer",
        {
            "chain": "bitcoin",
            "tx_id": "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16",
            "block_time": AT,
            "inputs": [{"address": "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S", "value": 50.0}],
            "outputs": [{"address": "1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3", "value": 10.0}],
        },
    ),
    (
        "declaration",
        {
            "declaration_id": "D1",
            "lodged_at": AT,
            "sender": "Shop",
            "sender_country": "NL",
            "recipient": "Durand Zoé",
            "recipient_address": "12 rue de la Paix, 75002 Paris",
            "goods": "jouets",
            "value": 12.0,
            "tracking": "LX1",
        },
    ),
    ("scan", {"scan_id": "S1", "scanned_at": AT, "label": "dense", "inspected": True}),
    (
        "post",
        {
            "platform": "telegram",
            "account": "zoe_75",
            "url": "https://t.me/zoe_75/1",
            "posted_at": AT,
            "text": "dispo ce soir",
        },
    ),
    (
        "sim_sale",
        {
            "sold_at": AT,
            "retailer": "Tabac",
            "buyer_name": "Durand Zoé",
            "msisdn": "+33612345678",
            "iccid": "8933011234567890123",
        },
    ),
    (
        "media",
        {
            "kind": "image",
            "path": "DCIM/1.jpg",
            "sha256": "ab" * 32,
            "size": 12,
            "media_type": "image/jpeg",
            "recorded_at": AT,
        },
    ),
    ("media", {"kind": "audio", "path": "PTT/1.opus", "duration_s": 3.0, "media_type": "junk"}),
    ("position", {"device": "D1", "at": AT, "latitude": 48.7, "longitude": 2.3, "kind": "gps"}),
    (
        "mention",
        {"kind": "phone", "value": "+33612345679", "table": "message", "role": "text", "n": 2},
    ),
    (
        "mention",
        {
            "kind": "person",
            "value": "durand zoe|1999-03-12",
            "table": "person",
            "role": "last_name",
            "n": 1,
        },
    ),
]


def observations() -> Iterator[Observation]:
    """A row per example, with every column of its table."""
    order = sorted({table for table, _ in ROWS})
    for table in order:
        for n, (of, given) in enumerate(ROWS):
            if of == table:
                schema = MENTION if table == "mention" else TABLES[table]
                row_id, source = BASE + n, f"export.csv#line {n + 2}"
                desk = {"row_id": row_id, "exhibit_id": "E1", "source": source}
                values = {**dict.fromkeys(schema.columns), **given, **desk}
                yield Observation(table, row_id, "E1", source, values)


def cited() -> dict[str, list[int]]:
    """Row ids by table."""
    found: dict[str, list[int]] = {}
    for row in observations():
        found.setdefault(row.table, []).append(row.row_id)
    return found


def finding() -> Finding:
    """One finding about subjects of every type, resting on every row."""
    subjects = [
        Subject("thread", "T1", "Kamel V. (E1)"),
        Subject("phone", "06 12 34 56 79"),
        Subject("plate", "AB-123-CD"),
        Subject("person", "Durand Zoé"),
        Subject("procedure", "PV-2026-2"),
        Subject("place", "Orly"),
        Subject("account", "zoe@example.org"),
        Subject("coin_address", "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S"),
        Subject("scan", "S1"),
        Subject("declaration", "D1"),
        Subject("post", "https://t.me/zoe_75/1"),
        Subject("device", "490154203237518"),
    ]
    rows: dict[Any, Any] = {**cited()}
    reasons = [
        Reason("everything", "All of it, in {n} rows", {"n": 27}, 2.5, rows),
        Reason("against", "Talk of a restaurant", {}, -0.8, {"message": rows["message"][:1]}),
    ]
    return Finding(
        finding_id="0f" * 10,
        analysis="messages.triage",
        version="1",
        kind=Kind.QUERY,
        lead=Lead("Talk of {what}", subjects, 0.93, reasons, {"what": "deliveries"}),
        params={"window": 20},
        mandate_version="1:ab",
        agent="A1",
        created_at=AT,
        status=Status.CONFIRMED,
        limits=("Table not covered by the mandate: call",),
    )


def keyed(secret: bytes) -> Callable[..., str]:
    """Keys as the desk makes them."""

    def key(*parts: str) -> str:
        return hmac.new(secret, repr(parts).encode(), hashlib.sha256).hexdigest()

    return key


@dataclass
class Exports:
    """An invented case, and its exports."""

    data: ExportData = field(default_factory=lambda: export_data(b"secret"))

    def files(self, to: str, secret: bytes | None = None) -> dict[str, bytes]:
        """The files of one export, by name."""
        data = export_data(secret) if secret else self.data
        return {name: b"".join(pieces) for name, pieces in FORMATS[to](data)}

    def file(self, to: str) -> bytes:
        """The one file of an export."""
        [content] = self.files(to).values()
        return content


def export_data(secret: bytes) -> ExportData:
    """The invented case under a secret."""
    found = finding()
    return ExportData(
        software=Software("Faisceau", "0.1"),
        reference="PR/2026/0417",
        proof=Proof("c" * 32, 12, "ab" * 32, AT, {"Ed25519 + ML-DSA-65": "cd" * 32}),
        exhibits=(
            ExhibitCard("E1", "export.csv", "ef" * 32, 4096, "/mnt/export.csv", AT, "A1"),
            ExhibitCard("E2", "photo", "01" * 32, 12, "/mnt/photo", AT, "A1"),
        ),
        findings=(
            FindingCard(
                found, reviews=(Review(found.finding_id, "A1", Status.CONFIRMED, "lu", AT),)
            ),
        ),
        rows=observations,
        key=keyed(secret),
        held_back=1,
    )


@pytest.fixture
def exports() -> Exports:
    """An invented case with a row of every kind, cited by one finding."""
    return Exports()
