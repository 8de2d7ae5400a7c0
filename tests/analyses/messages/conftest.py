"""Triage over message rows, and the conversations of ``tests/data``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from faisceau.analyses.messages.triage import READS, TriageParams, triage
from faisceau.findings.model import Lead

from .tables import ParquetEngine

TALKS = Path(__file__).parents[2] / "data" / "conversations"
ROW_SCHEMA = READS.arrow


@dataclass(frozen=True, slots=True)
class Told:
    """One conversation written for the tests, with what its writer says it is."""

    name: str
    series: str
    relevant: bool
    coded: bool
    about: str
    lines: tuple[tuple[str, str], ...]


def told(series: str) -> list[Told]:
    """The conversations of one series of ``tests/data/conversations``."""
    items = yaml.safe_load((TALKS / f"{series}.yaml").read_text(encoding="utf-8"))
    return [
        Told(i["id"], series, i["relevant"], i.get("coded", False), i["about"], _lines(i["text"]))
        for i in items
    ]


def _lines(text: str) -> tuple[tuple[str, str], ...]:
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        who, colon, said = line.partition(": ")
        if colon and len(who) <= 3:
            lines.append((who, said))
        else:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]}\n{line.strip()}")
    return tuple(lines)


def rows(talks: list[Told]) -> list[dict[str, Any]]:
    """Message rows: one exhibit, one thread a conversation, one a day, a minute between
    messages."""
    start = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    found: list[dict[str, Any]] = []
    for number, talk in enumerate(talks):
        people = sorted({who for who, _ in talk.lines})
        for position, (who, said) in enumerate(talk.lines):
            found.append(
                {
                    "row_id": 2**32 + len(found),
                    "exhibit_id": "E1",
                    "account": None,
                    "thread_id": talk.name,
                    "sender_id": f"{talk.name}-{who}",
                    "recipients": [f"{talk.name}-{p}" for p in people if p != who],
                    "sent_at": start + timedelta(days=number, minutes=position),
                    "text": said,
                }
            )
    return found


Run = Callable[..., list[Lead]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Triage over message rows: ``run(rows, limit=…)``."""

    def go(given: list[dict[str, Any]], **params: Any) -> list[Lead]:
        path = tmp_path / "message.parquet"
        pq.write_table(pa.Table.from_pylist(given, schema=ROW_SCHEMA), path)
        table = ibis.table(ibis.Schema.from_pyarrow(ROW_SCHEMA), name="message")
        return list(triage(table, TriageParams(**params), ParquetEngine(path)))

    return go
