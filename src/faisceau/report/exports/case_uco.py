"""CASE/UCO JSON-LD: exhibits, rows, parties and findings in the ontology of cyber-investigation.

Ontologies: CASE 1.5 (https://caseontology.org) on UCO 1.5 (https://unifiedcyberontology.org). An
exhibit is a file with its hash and a provenance record; a row is a ``Message``, a ``Call``, a
``Person`` or an observable object, contained in its exhibit at the path told; a finding is an
annotation of what it is about and of the rows it rests on. Identifiers end in UUIDs that the
case's secret makes.
"""

import re
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from faisceau.report.exports.graph import story
from faisceau.report.exports.model import (
    ExportData,
    Members,
    Observation,
    joined,
    json_line,
    written,
)
from faisceau.report.exports.parties import Party, gathered, of_subject, parties, person_name
from faisceau.report.exports.tabular import whole
from faisceau.report.model import ExhibitCard, FindingCard

UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "kb": "urn:faisceau:kb:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    **{f"uco-{n}": f"{UCO}{n}/" for n in ("core", "identity", "location", "observable", "tool")},
    "uco-types": f"{UCO}types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_OBSERVED = "uco-observable:ObservableObject"
_TYPES = {
    "phone": "uco-observable:PhoneAccount",
    "email": "uco-observable:EmailAddress",
    "handle": "uco-observable:DigitalAccount",
    "account": "uco-observable:DigitalAccount",
    "imei": "uco-observable:MobileDevice",
    "imsi": "uco-observable:SIMCard",
    "iccid": "uco-observable:SIMCard",
    "person": "uco-identity:Person",
    "address": "uco-location:Location",
    "place": "uco-location:Location",
    "procedure": "uco-core:UcoObject",
}
_FACETS = {
    "phone": ("PhoneAccountFacet", "phoneNumber"),
    "email": ("EmailAddressFacet", "addressValue"),
    "handle": ("AccountFacet", "accountIdentifier"),
    "account": ("AccountFacet", "accountIdentifier"),
    "imei": ("MobileDeviceFacet", "IMEI"),
    "imsi": ("SIMCardFacet", "IMSI"),
    "iccid": ("SIMCardFacet", "ICCID"),
}
"""The facet that says what a party is, and the property that holds its value."""
_NO_OBSERVABLES = ("person", "address", "place", "procedure")
_ENDS = {"message": ("sender_id", "recipients"), "call": ("caller", "callee")}
_HEX = re.compile("[0-9a-f]{64}")

Object = dict[str, Any]


def case_uco(data: ExportData) -> Members:
    """One graph, an object a line."""
    yield ".jsonld", joined(_document(data))


def _document(data: ExportData) -> Iterator[bytes]:
    yield b'{"@context":' + json_line(CONTEXT) + b',\n"@graph":[\n'
    for n, made in enumerate(_objects(data)):
        yield (b",\n" if n else b"") + json_line(made)
    yield b"\n]}\n"


def _objects(data: ExportData) -> Iterator[Object]:
    yield from _about(data)
    for card in data.exhibits:
        yield from _exhibit(data, card)
    for party in gathered(data):
        yield _party(data, party)
    there = {(row.table, row.row_id) for row in data.rows()}
    for finding in data.findings:
        yield _finding(data, finding, there)
    for row in data.rows():
        yield from _row(data, row)


# ---- how an object is written ----


def _iri(key: str, kind: str) -> str:
    """A name that ends in a UUID, made of a keyed digest."""
    return f"kb:{kind}-{UUID(hex=key[:32], version=5)}"


def _ref(key: str, kind: str) -> Object:
    return {"@id": _iri(key, kind)}


def _object(key: str, kind: str, type_: str, name: str, **more: Any) -> Object:
    """An object; empty properties are left out, ``uco-core`` is theirs unless they say another."""
    given = {"name": name, **more}
    told = {(n if ":" in n else f"uco-core:{n}"): v for n, v in given.items()}
    kept = {n: v for n, v in told.items() if v not in (None, "", [])}
    return {"@id": _iri(key, kind), "@type": type_, **kept}


def _facet(data: ExportData, key: str, type_: str, **properties: Any) -> Object:
    room, _, facet = type_.rpartition(":")
    kept = {f"{room}:{n}": v for n, v in properties.items() if v not in (None, "", [])}
    of = data.key("case", "facet", key, type_)
    return {"@id": _iri(of, facet.casefold()), "@type": type_, **kept}


def _typed(value: object, of: str) -> Object:
    return {"@type": f"xsd:{of}", "@value": str(value)}


def _moment(value: Any) -> Object | None:
    """A time or a day as the ontology writes it; None where it is neither (a pseudonym)."""
    if not isinstance(value, date):
        return None
    at = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
    return _typed(at.isoformat().replace("+00:00", "Z"), "dateTime")


def _link(data: ExportData, source: Object, target: Object, kind: str, **more: Any) -> Object:
    key = data.key("case", "link", source["@id"], target["@id"], kind)
    return {
        "@id": _iri(key, "relationship"),
        "@type": more.pop("type", "uco-core:Relationship"),
        "uco-core:source": {"@id": source["@id"]},
        "uco-core:target": {"@id": target["@id"]},
        "uco-core:kindOfRelationship": kind,
        "uco-core:isDirectional": _typed("true", "boolean"),
        **more,
    }


# ---- what is said ----


def _about(data: ExportData) -> Iterator[Object]:
    tool = data.key("case", "tool")
    version = {"uco-tool:version": data.software.version}
    yield _object(tool, "tool", "uco-tool:Tool", data.software.name, **version)
    records = [_ref(data.key("case", "record", e.exhibit_id), "record") for e in data.exhibits]
    if records:
        yield _object(
            data.key("case", "investigation"),
            "investigation",
            "case-investigation:Investigation",
            data.reference,
            description=[f"{name}: {value}" for name, value in whole(data)],
            object=records,
        )


def _exhibit(data: ExportData, card: ExhibitCard) -> Iterator[Object]:
    key = data.exhibit_key(card.exhibit_id)
    size = _typed(card.size, "integer")
    named = _facet(data, key, "uco-observable:FileFacet", fileName=card.label, filePath=card.origin)
    facets = [named]
    if _HEX.fullmatch(card.sha256):
        of = {
            "@id": _iri(data.key("case", "hash", key), "hash"),
            "@type": "uco-types:Hash",
            "uco-types:hashMethod": "SHA256",
            "uco-types:hashValue": _typed(card.sha256, "hexBinary"),
        }
        content = "uco-observable:ContentDataFacet"
        facets.append(_facet(data, key, content, hash=of, sizeInBytes=size))
    yield _object(key, "file", "uco-observable:File", card.label, hasFacet=facets)
    yield _object(
        data.key("case", "record", card.exhibit_id),
        "record",
        "case-investigation:ProvenanceRecord",
        f"{card.exhibit_id} {card.label}",
        description=[f"added by {card.added_by}"] if card.added_by else [],
        objectCreatedTime=_moment(card.added_at),
        object=[_ref(key, "file")],
        **{"case-investigation:exhibitNumber": card.exhibit_id},
    )


def _party(data: ExportData, party: Party) -> Object:
    facets = []
    if party.kind in _FACETS:
        facet, name = _FACETS[party.kind]
        facets.append(_facet(data, party.key, f"uco-observable:{facet}", **{name: party.value}))
        if party.kind == "phone":
            account = {"accountIdentifier": party.value}
            facets.append(_facet(data, party.key, "uco-observable:AccountFacet", **account))
    return _object(
        party.key,
        "party",
        _TYPES.get(party.kind, _OBSERVED),
        party.value,
        description=sorted(party.names),
        tag=[party.kind, *([party.service] if party.service else [])],
        hasFacet=facets,
    )


def _finding(data: ExportData, card: FindingCard, there: Container[tuple[str, int]]) -> Object:
    finding = card.finding
    said = story(card)
    about = [_ref(of_subject(data, s).key, "party") for s in finding.subjects]
    rows = sorted(
        {(t, i) for reason in finding.reasons for t, ids in reason.by_table().items() for i in ids}
    )
    about += [_ref(data.row_key(*row), "row") for row in rows if row in there]
    return _object(
        data.finding_key(finding.finding_id),
        "finding",
        "uco-core:Annotation",
        finding.title,
        statement=said["reasons"],
        description=[*said["reviews"], *said["limits"]],
        tag=[
            f"{finding.analysis} {finding.version}",
            f"kind {finding.kind}",
            f"status {finding.status}",
            f"score {finding.score:.6g}",
        ],
        objectCreatedTime=_moment(finding.created_at),
        object=about,
    )


def _row(data: ExportData, row: Observation) -> Iterator[Object]:
    key = data.row_key(row.table, row.row_id)
    named = list(parties(data, row))
    type_, facets = _shape(data, row, key, named)
    told = [f"{name}: {written(value)}" for name, value in row.attributes.items()]
    made = _object(key, "row", type_, row.label, description=told, tag=[row.table], hasFacet=facets)
    yield made
    if data.sha256(row.exhibit_id):
        path_facet = _facet(data, key, "uco-observable:PathRelationFacet", path=row.source)
        file = _ref(data.exhibit_key(row.exhibit_id), "file")
        yield _link(data, made, file, "Contained_Within", **{"uco-core:hasFacet": path_facet})
    for role, party in named:
        yield _link(data, made, _ref(party.key, "party"), role)


def _shape(
    data: ExportData, row: Observation, key: str, named: Iterable[tuple[str, Party]]
) -> tuple[str, list[Object]]:
    """The type of a row and its facets."""
    values = row.values
    if row.table == "person":
        name = _facet(
            data,
            key,
            "uco-identity:SimpleNameFacet",
            familyName=values.get("last_name"),
            givenName=values.get("first_names"),
        )
        born = _moment(values.get("birth_date"))
        birth = _facet(data, key, "uco-identity:BirthInformationFacet", birthdate=born)
        return "uco-identity:Person", [name, birth] if person_name(values) or born else []
    if row.table not in _ENDS:
        return _OBSERVED, []
    first, second = _ENDS[row.table]
    ends: dict[str, list[Object]] = {first: [], second: []}
    for role, party in named:
        if role in ends and party.kind not in _NO_OBSERVABLES:
            ends[role].append(_ref(party.key, "party"))
    both = {"from": ends[first][:1], "to": ends[second]}
    if row.table == "message":
        facet = _facet(
            data,
            key,
            "uco-observable:MessageFacet",
            **both,
            messageText=values.get("text"),
            messageType=values.get("kind"),
            messageID=values.get("ref"),
            sessionID=values.get("thread_id"),
            sentTime=_moment(values.get("sent_at")),
        )
        return "uco-observable:Message", [facet]
    seconds = values.get("duration_s")
    facet = _facet(
        data,
        key,
        "uco-observable:CallFacet",
        **both,
        callType=values.get("kind"),
        startTime=_moment(values.get("started_at")),
        duration=None if seconds is None else _typed(round(seconds), "integer"),
    )
    return "uco-observable:Call", [facet]
