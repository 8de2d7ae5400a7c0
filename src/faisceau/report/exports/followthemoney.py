"""FollowTheMoney: one entity a line, as Aleph and its kin read them.

Model: https://followthemoney.tech/explorer/ (version 4). Whoever is behind a number, an account or
a name is a ``LegalEntity``; exhibits are documents, and the proof of what rests on them; findings
are notes on what they are about. A row is what the model has for it (``Message``, ``Call``,
``Payment``, ``Person``), else an ``Event``; its locator and the findings that cite it stand in its
description. The model holds no value that it cannot read: such a one stands in the notes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from faisceau.report.exports.graph import story
from faisceau.report.exports.model import (
    ExportData,
    Members,
    Observation,
    joined,
    json_line,
    shortened,
    written,
)
from faisceau.report.exports.parties import Party, gathered, of_subject, parties, person_name
from faisceau.report.exports.tabular import whole
from faisceau.report.model import ExhibitCard, FindingCard
from faisceau.tables.identifiers import normalise

LONGEST = 60_000
"""Characters of a text; the model allows 65,000."""
LINK = "UnknownLink"
_SCHEMAS = {
    "person": "Person",
    "imei": "Asset",
    "imsi": "Asset",
    "iccid": "Asset",
    "device": "Asset",
    "plate": "Vehicle",
    "iban": "BankAccount",
    "coin_address": "CryptoWallet",
    "address": "Address",
    "place": "Address",
    "procedure": "CourtCase",
    **dict.fromkeys(("phone", "email", "handle", "account"), "LegalEntity"),
}
"""The schema of a party by its kind; a note for any other."""
_ACTORS = ("LegalEntity", "Person")
_WHEN = ("sent_at", "started_at", "booked_at", "read_at", "seized_at", "departed_at", "at")
_ON_ONE_LINE = ("name", "alias")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Properties = Mapping[str, Iterable[Any]]


def followthemoney(data: ExportData) -> Members:
    """Every entity once; links come after what they tie."""
    yield ".ftm.json", joined(json_line(entity) + b"\n" for entity in _entities(data))


def _entities(data: ExportData) -> Iterator[dict[str, Any]]:
    yield _about(data)
    yield from (_exhibit(data, card) for card in data.exhibits)
    yield from (_party(party) for party in gathered(data))
    yield from (_finding(data, card) for card in data.findings)
    for row in data.rows():
        yield from _row(data, row)


def _entity(key: str, schema: str, properties: Properties) -> dict[str, Any]:
    kept = {}
    for name, values in properties.items():
        texts = [_text(value) for value in values]
        if name in _ON_ONE_LINE:
            texts = [" ".join(text.split()) for text in texts]
        distinct = list(dict.fromkeys(text for text in texts if text))
        if distinct:
            kept[name] = distinct
    return {"id": key, "schema": schema, "properties": kept}


def _text(value: Any) -> str:
    text = _day(value) if isinstance(value, date) else written(value)
    return _CONTROL.sub("", text)[:LONGEST].strip()


def _day(value: date) -> str:
    """A time to the second, in UTC, as the model writes it; a day as a day."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return value.isoformat()


def _about(data: ExportData) -> dict[str, Any]:
    lines = "\n".join(f"{name}: {value}" for name, value in whole(data))
    properties = {"name": [data.made_by], "description": [lines]}
    return _entity(data.key("ftm", "about"), "Note", properties)


def _exhibit(data: ExportData, card: ExhibitCard) -> dict[str, Any]:
    return _entity(
        data.exhibit_key(card.exhibit_id),
        "Document",
        {
            "fileName": [card.label],
            "name": [shortened(f"{card.exhibit_id} {card.label}")],
            "fileSize": [card.size],
            "createdAt": [card.added_at],
            "notes": [f"SHA-256 {card.sha256}", f"origin: {card.origin}"],
        },
    )


def _party(party: Party) -> dict[str, Any]:
    schema = _SCHEMAS.get(party.kind, "Note")
    named = sorted(party.names) or [party.value]
    properties: dict[str, Iterable[Any]] = {
        "name": [shortened(name) for name in named],
        "notes": [f"{party.kind}: {party.value}", party.service],
    }
    own = {
        "plate": "registrationNumber",
        "iban": "iban",
        "coin_address": "publicKey",
        "procedure": "caseNumber",
        "phone": "phone",
        "email": "email",
    }.get(party.kind)
    if own is not None and _valid(party.kind, party.value):
        properties[own] = [party.value]
    return _entity(party.key, schema, properties)


def _valid(kind: str, value: str) -> bool:
    """True where the value is the normal form of what its kind says; a pseudonym never is."""
    return kind == "procedure" or normalise(kind, value) == (kind, value)


def _finding(data: ExportData, card: FindingCard) -> dict[str, Any]:
    finding = card.finding
    said = story(card)
    about = {
        "analysis": f"{finding.analysis} {finding.version} ({finding.kind})",
        "status": str(finding.status),
        "score": f"{finding.score:.6g}",
    }
    return _entity(
        data.finding_key(finding.finding_id),
        "Note",
        {
            "name": [shortened(finding.title)],
            "summary": [finding.title],
            "description": ["\n".join(said["reasons"])],
            "notes": [*(f"{k}: {v}" for k, v in about.items()), *said["reviews"], *said["limits"]],
            "entity": [of_subject(data, subject).key for subject in finding.subjects],
            "createdAt": [finding.created_at],
        },
    )


def _row(data: ExportData, row: Observation) -> Iterator[dict[str, Any]]:
    named = list(parties(data, row))
    by_role: dict[str, list[Party]] = {}
    for role, party in named:
        by_role.setdefault(role, []).append(party)
    schema, own = _shape(row, by_role)
    key = data.row_key(row.table, row.row_id)
    yield _entity(key, schema, {**own, **_grounds(data, row, schema)})
    if schema in ("Call", LINK):
        return  # a link is no end of another
    actors = {p.key for _role, p in named if _SCHEMAS.get(p.kind) in _ACTORS}
    for n, (role, party) in enumerate(named):
        if schema in ("Message", "Event") and party.key in actors:
            continue  # told by the entity itself
        ends = {"subject": [key], "object": [party.key], "role": [role]}
        yield _entity(data.key("ftm", key, role, str(n)), LINK, ends)


def _shape(row: Observation, by_role: Mapping[str, list[Party]]) -> tuple[str, Properties]:
    """The schema that a row fits, and what it says there."""
    values = row.values

    def keys(role: str) -> list[str]:
        actors = (p for p in by_role.get(role, ()) if _SCHEMAS.get(p.kind) in _ACTORS)
        return [party.key for party in actors]

    when = [values[name] for name in _WHEN if values.get(name) is not None][:1]
    if row.table == "message" and keys("sender_id") and _text(values.get("text")):
        return "Message", {
            "name": [row.label],
            "fileName": [row.source],
            "sender": keys("sender_id"),
            "recipients": keys("recipients"),
            "bodyText": [values["text"]],
            "date": when,
            "subject": [values.get("subject")],
            "threadTopic": [values.get("thread_name") or values.get("thread_id")],
            "messageId": [values.get("ref")],
        }
    if row.table == "call":
        return "Call", {
            "caller": keys("caller"),
            "receiver": keys("callee"),
            "duration": [values.get("duration_s")],
            "date": when,
        }
    if row.table == "person":
        return "Person", _person(values)
    if row.table == "contact" and keys("account") and keys("identifiers"):
        return LINK, {
            "subject": keys("account"),
            "object": keys("identifiers"),
            "role": [row.table],
        }
    everybody = [key for role in by_role for key in keys(role)]
    return "Event", {"name": [row.label], "date": when, "involved": everybody}


def _person(values: Mapping[str, Any]) -> Properties:
    born = values.get("birth_date")
    name = person_name(values)
    return {
        "name": [name or values.get("role") or "?"],
        "alias": [values.get("alias")] if name else [],
        "firstName": [values.get("first_names")],
        "lastName": [values.get("last_name")],
        "birthDate": [born] if isinstance(born, date) else [],  # a pseudonym is no date
        "birthPlace": [values.get("birth_place")],
        "idNumber": [values.get("document_number")],
    }


def _grounds(data: ExportData, row: Observation, schema: str) -> Properties:
    """Where the row stands, what it says column by column, and what rests on it."""
    told = "\n".join(f"{name}: {written(value)}" for name, value in row.attributes.items())
    cited = sorted({finding.finding_id for finding, _ in data.cited[row.table, row.row_id]})
    rests = f"{row.exhibit_id} {row.source} ({row.table} {row.row_id}); findings: {written(cited)}"
    known = bool(data.sha256(row.exhibit_id))
    return {
        "description": [rests],
        "summary": [told],
        "proof": [data.exhibit_key(row.exhibit_id)] if known else [],
        **({} if schema == "Person" else {"recordId": [shortened(row.source)]}),
    }
