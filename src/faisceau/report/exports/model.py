"""The nouns of an export: what the desk hands over, before any format has a say.

Rows come in batches and as often as they are asked for, so that a format may first say what the
rows name and then the rows themselves, without holding them.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from faisceau.findings.model import Finding, Reason
from faisceau.report.model import ExhibitCard, FindingCard, Proof, Software
from faisceau.tables.schemas.schema import DESK_COLUMNS, PROCEDURE

LABEL = 80
"""Characters of a label; the whole text stands in the attributes."""

_DESK = {column.name for column in DESK_COLUMNS}
_CELLS = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """A row that a reason rests on, masked as everywhere; ``values`` holds all its columns."""

    table: str
    row_id: int
    exhibit_id: str
    source: str
    values: Mapping[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        """What the row says: its columns, without those the desk gave and those left empty."""
        return {
            name: value
            for name, value in self.values.items()
            if name not in _DESK and value not in (None, [], "")
        }

    @property
    def label(self) -> str:
        """The row in a few words."""
        if self.table == "message":
            text = self.values.get("text") or self.values.get("kind") or ""
        else:
            cells = [
                written(value)
                for name, value in self.attributes.items()
                if name not in (PROCEDURE.name, "ref", "zone")
            ]
            text = " · ".join(cells[:_CELLS])
        return shortened(str(text)) or self.source


@dataclass(frozen=True)
class ExportData:
    """All that an export says. The same case at the same checkpoint gives the same.

    ``rows`` gives the rows cited, by table and row id, anew each time it is called. ``key`` makes
    a keyed digest (64 hexadecimal digits) of what it is given: it names things within this case,
    and links no two cases. ``held_back`` counts the findings of kind ``ai`` that no person
    confirmed: they are not exported.
    """

    software: Software
    reference: str
    proof: Proof
    exhibits: tuple[ExhibitCard, ...]
    findings: tuple[FindingCard, ...]
    rows: Callable[[], Iterator[Observation]]
    key: Callable[..., str]
    held_back: int = 0

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables that the findings cite."""
        return tuple(sorted({table for table, _ in self.cited}))

    @cached_property
    def cited(self) -> Mapping[tuple[str, int], tuple[tuple[Finding, Reason], ...]]:
        """For each row, by table and row id, the findings and reasons that rest on it."""
        found: dict[tuple[str, int], list[tuple[Finding, Reason]]] = defaultdict(list)
        for card in self.findings:
            for reason in card.finding.reasons:
                for table, ids in reason.by_table().items():
                    for row_id in ids:
                        found[table, row_id].append((card.finding, reason))
        return {key: tuple(reasons) for key, reasons in found.items()}

    def sha256(self, exhibit_id: str) -> str:
        """The hash of an exhibit; empty when it is no longer in the case."""
        return self._hashes.get(exhibit_id, "")

    @cached_property
    def _hashes(self) -> Mapping[str, str]:
        return {card.exhibit_id: card.sha256 for card in self.exhibits}

    def row_key(self, table: str, row_id: int) -> str:
        """The name of a row."""
        return self.key("row", table, str(row_id))

    def exhibit_key(self, exhibit_id: str) -> str:
        """The name of an exhibit."""
        return self.key("exhibit", exhibit_id)

    def finding_key(self, finding_id: str) -> str:
        """The name of a finding."""
        return self.key("finding", finding_id)

    @property
    def made_by(self) -> str:
        """Name and version of what made it."""
        return f"{self.software.name} {self.software.version}"

    @property
    def checkpoint(self) -> str:
        """The ledger's checkpoint it rests on, on one line: size, root, time."""
        return f"{self.proof.size} {self.proof.root} {iso(self.proof.at)}"


Members = Iterator[tuple[str, Iterator[bytes]]]
"""The files of an export, each a name and its bytes in pieces; one alone has only a suffix."""


def iso(at: datetime) -> str:
    """A time as ISO 8601 with ``Z``."""
    return at.isoformat().replace("+00:00", "Z")


def written(value: Any) -> str:
    """A cell as text: times ISO 8601, lists separated by ``; ``, coins as address and value."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return " ".join(written(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return "; ".join(written(part) for part in value)
    return "" if value is None else str(value)


def shortened(text: str) -> str:
    """The text on one line, cut to the length of a label."""
    line = " ".join(text.split())
    return line if len(line) <= LABEL else line[: LABEL - 1] + "…"


def json_line(value: Any) -> bytes:
    """A value as compact JSON, keys sorted, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def joined(pieces: Iterable[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    """The same bytes in fewer, larger pieces."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)
