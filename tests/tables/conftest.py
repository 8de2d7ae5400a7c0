"""A small lake under a live permit, and a real Spark Connect server beside DuckDB."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

# The gate alone holds the mint (it can be claimed once, and the gate claims it when imported).
# A test that needs a permit in force without a whole case borrows it here, and nowhere else.
from faisceau.case.gate import _mint
from faisceau.mandate.permit import Permit, RowRule
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.schemas import Schema

Rows = Sequence[Mapping[str, Any]]
PermitFor = Callable[..., Permit]


def at(day: str, hour: str = "12:00:00") -> datetime:
    """A moment of 2026, UTC: ``at("03-01", "23:30:00")``."""
    return datetime.fromisoformat(f"2026-{day}T{hour}+00:00").astimezone(UTC)


MESSAGES: Rows = [
    {"exhibit_id": "E1", "app": "sms", "sender_id": "+33601", "recipients": ["+33602", "+33603"],
     "sent_at": at("03-01", "23:30:00"), "text": "Été à Lille", "kind": "text"},
    {"exhibit_id": "E1", "app": "sms", "sender_id": "+33602", "recipients": ["+33601"],
     "sent_at": at("03-02", "00:30:00"), "text": "10 g 50€", "kind": "text", "deleted": True},
    {"exhibit_id": "E2", "app": "whatsapp", "sender_id": "+33603", "recipients": [],
     "sent_at": at("07-01"), "text": None, "kind": "voice", "procedure": "PV-2026-0001"},
    {"exhibit_id": "E2", "app": "whatsapp", "sender_id": None, "recipients": None,
     "sent_at": None, "text": "", "kind": "system", "procedure": "PV-2027-0001"},
    {"exhibit_id": "E3", "app": "telegram", "sender_id": "l'ami", "recipients": ["+33601", None],
     "sent_at": at("12-31", "23:59:59"), "text": "a\nb", "edited_at": at("12-31", "23:59:59"),
     "latitude": 50.63, "kind": "text", "procedure": "PR/2026/0417"},
]  # fmt: skip
READS: Rows = [
    {"plate": plate, "camera_id": camera, "read_at": at("03-01", hour), "confidence": 0.5}
    for plate, camera, hour in (
        ("AB-123-CD", "A6", "10:00:00"),
        ("EF-456-GH", "A6", "10:01:00"),
        ("AB-123-CD", "A7", "11:00:00"),
        ("EF-456-GH", "A7", "11:02:00"),
        ("IJ-789-KL", "A7", "20:00:00"),
    )
]
PAYMENTS: Rows = [
    {"account": "FR1", "holder": "X", "booked_at": at("03-01"), "amount": 12.5, "currency": "EUR"},
    {"account": "FR2", "holder": "Y", "booked_at": at("03-02"), "amount": -7.0, "currency": "EUR"},
    {"account": None, "holder": None, "booked_at": at("03-03"), "amount": None},
]
COINS: Rows = [
    {"chain": "btc", "tx_id": "t1", "block_time": at("03-01"),
     "inputs": [{"address": "a", "value": 1.0}],
     "outputs": [{"address": "b", "value": 0.4}, {"address": "c", "value": 0.5}]},
]  # fmt: skip
MENTIONS: Rows = [
    {"kind": "phone", "value": "+33601", "table": "message", "role": "sender_id", "n": 1},
    {"kind": "plate", "value": "AB-123-CD", "table": "plate_read", "role": "plate", "n": 2},
]
FILLED: Mapping[str, Rows] = {
    "message": MESSAGES,
    "plate_read": READS,
    "payment": PAYMENTS,
    "coin_transfer": COINS,
    "mention": MENTIONS,
}
EMPTY = "call"
"""A table that a permit covers and that holds no segment."""


def batch(schema: Schema, rows: Rows, first: int = 1) -> pa.RecordBatch:
    """Stored rows, numbered from ``first``."""
    desk = {"exhibit_id": "E1", "source": "a"}
    whole = [{**desk, **row, "row_id": n} for n, row in enumerate(rows, first)]
    return pa.RecordBatch.from_pylist(whole, schema=schema.arrow)


@pytest.fixture
def permit_for() -> Iterator[PermitFor]:
    """Makes permits in force: ``permit_for("run", {"message": None}, {"message": RowRule()})``."""
    made: list[Permit] = []

    def make(
        operation: str = "run",
        columns: Mapping[str, frozenset[str] | None] | None = None,
        rows: Mapping[str, RowRule] | None = None,
    ) -> Permit:
        every: Mapping[str, frozenset[str] | None] = dict.fromkeys((*FILLED, EMPTY))
        permit = Permit(
            operation=operation,
            agent="A1",
            reason="a test",
            number=1,
            columns=every if columns is None else columns,
            rows=rows or {},
        )
        _mint(permit, True)
        made.append(permit)
        return permit

    yield make
    for permit in made:
        end(permit)


def end(permit: Permit) -> None:
    """What the gate does when the act is over."""
    _mint(permit, False)


def write(lake: Lake, permit: Permit, filled: Mapping[str, Rows], token: str) -> list[Segment]:
    """One segment a table."""
    with lake.writing(permit, token) as writer:
        writer.exhibit(1)
        writer.exhibit(3)
        for name, rows in filled.items():
            writer.append(STORED[name], batch(STORED[name], rows))
        return writer.finish()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """The lake of an empty case."""
    return Lake(tmp_path / "case")


@pytest.fixture
def listed(lake: Lake, permit_for: PermitFor) -> list[Segment]:
    """The segments of the small lake, ``FILLED``."""
    return write(lake, permit_for("add"), FILLED, "0-small")
