"""Whom and what rows name: numbers, accounts, plates, documents, persons, places.

A party is one per case: the same number in two exhibits is one party, under one key. A name alone
is one party per exhibit and spelling, for the same name is not the same person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from faisceau.findings.model import Subject
from faisceau.report.exports.model import ExportData, Observation, shortened
from faisceau.tables.identifiers import normalise
from faisceau.tables.schemas import TABLES

PSEUDONYM = "⁂"
"""How a masked identity begins: it is never taken for the number its digits may look like."""

SENDING = frozenset({"sender_id", "caller", "inputs", "sender", "payer"})
"""Roles from which something goes to the row; from the others' side, the row goes to them."""

_NAMES: dict[str, dict[str, str | None]] = {
    "message": {"sender_name": "sender_id"},
    "contact": {"name": "identifiers"},
    "payment": {"holder": "account", "counterparty": "counterparty_account"},
    "trip": {"payer": None},
    "declaration": {"sender": None, "recipient": None},
    "sim_sale": {"buyer_name": None},
}
"""Columns that hold a name, and the column whose party it names, if any."""

_SERVICE = {"message": "app", "post": "platform"}
_SUBJECTS = {"phone": "phone", "plate": "plate", "account": "account", "device": "imei"}
_CONVERSATIONS = {"account", "handle"}


@dataclass(slots=True)
class Party:
    """One thing that rows name. ``kind``: a kind of identifier, ``person`` or a subject's type.

    ``value`` is its normal form (as the source has it when it has none); ``service`` the
    application a handle belongs to; ``names`` those it is shown under.
    """

    key: str
    kind: str
    value: str
    service: str = ""
    names: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        """What to call it in a drawing."""
        names = ", ".join(sorted(self.names))
        if not names or names == self.value:
            return shortened(self.value)
        return shortened(names if self.kind == "person" else f"{self.value} ({names})")


def parties(data: ExportData, observation: Observation) -> Iterator[tuple[str, Party]]:
    """Every party that a row names, with the column it stands in.

    The person of a row of ``person`` is that row itself: none is proved to be another.
    """
    if observation.table == "mention":
        yield "value", _mentioned(data, observation)
        return
    if observation.table not in TABLES:
        return
    values = observation.values
    names = _NAMES.get(observation.table, {})
    of = {column: values.get(name) for name, column in names.items() if column}
    service = str(values.get(_SERVICE.get(observation.table, "")) or "")
    for column in TABLES[observation.table]:
        raw = values.get(column.name)
        if raw in (None, [], ""):
            continue
        if column.mention is not None:
            for one in _each(raw):
                party = identified(data, column.mention, one, service)
                if of.get(column.name):
                    party.names.add(str(of[column.name]))
                yield column.name, party
        elif column.name in names:
            own = names[column.name]
            if own is None or not values.get(own):
                yield column.name, _called(data, observation.exhibit_id, str(raw))


def person_name(values: Mapping[str, Any]) -> str:
    """What the person of a row of ``person`` is called; empty when nothing says."""
    parts = [values.get("first_names"), values.get("last_name")]
    return " ".join(str(part) for part in parts if part) or str(values.get("alias") or "")


def of_subject(data: ExportData, subject: Subject) -> Party:
    """The party that a finding is about."""
    if subject.type in _SUBJECTS:
        party = identified(data, _SUBJECTS[subject.type], subject.value)
    elif subject.type == "coin_address":
        party = identified(data, "coin_address", subject.value)
    else:
        told = (subject.label,) if subject.type == "thread" else ()  # it adds exhibit and account
        key = data.key("subject", subject.type, subject.value, *told)
        party = Party(key, subject.type, subject.value)
    if subject.label:
        party.names.add(subject.label)
    return party


def identified(data: ExportData, kind: str, raw: str, service: str = "") -> Party:
    """The party an identifier stands for."""
    kind, value = _normal(kind, raw)
    service = service if kind in _CONVERSATIONS else ""
    return Party(data.key("party", kind, value, service), kind, value, service)


def gathered(data: ExportData) -> list[Party]:
    """Every party of the export once, with all its names, by kind and value."""
    found: dict[str, Party] = {}
    subjects = (of_subject(data, s) for card in data.findings for s in card.finding.subjects)
    named = (party for row in data.rows() for _, party in parties(data, row))
    for source in (subjects, named):
        for party in source:
            known = found.setdefault(party.key, party)
            known.names |= party.names
    return sorted(found.values(), key=lambda p: (p.kind, p.value, p.service, p.key))


def _called(data: ExportData, exhibit_id: str, name: str) -> Party:
    return Party(data.key("name", exhibit_id, name), "person", name, names={name})


def _mentioned(data: ExportData, observation: Observation) -> Party:
    kind, value = str(observation.values["kind"]), str(observation.values["value"])
    kind, value = _normal(kind, value) if kind not in ("person", "address") else (kind, value)
    return Party(data.key("party", kind, value, ""), kind, value)


def _each(raw: Any) -> list[str]:
    listed = raw if isinstance(raw, list) else [raw]
    ones = [one.get("address") if isinstance(one, dict) else one for one in listed]
    return [str(one) for one in ones if one]


@lru_cache(maxsize=1 << 16)
def _normal(kind: str, raw: str) -> tuple[str, str]:
    if raw.startswith(PSEUDONYM):
        return kind, raw
    found = normalise(kind, raw)
    if found is None:
        return kind, raw
    return found.kind, found.value.removeprefix("?") or raw
