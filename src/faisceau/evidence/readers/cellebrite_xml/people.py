"""Calls, contacts and the holder's accounts: rows of ``call`` and ``contact``."""

from collections.abc import Iterator

from faisceau.evidence.readers.cellebrite_xml.model import (
    ALWAYS,
    entries,
    inside,
    is_owner,
    known_as,
    locator,
    of_role,
    seconds,
    time_of,
    word,
)
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.evidence.report_sheets.handset import Handset
from faisceau.tables.schemas import CALL, CONTACT, Row

_DIRECTIONS = {"incoming": "in", "outgoing": "out", "missed": "missed", "rejected": "missed"}
_OF_CALL = (
    *ALWAYS,
    *("@deleted_state", "Source", "Parties", "Party", "Type", "Status", "CountryCode", "Account"),
    *("NetworkCode", "NetworkName", "DisconnectionCause", "VideoCall", "Identifier", "Folder"),
)
_OF_CONTACT = (
    *ALWAYS,
    *("@deleted_state", "Source", "Name", "Account", "Entries", "Group", "Type", "Notes", "Photos"),
    *("Addresses", "Organizations", "InteractionStatuses", "TimeContacted", "TimeCreated", "Id"),
    *("TimeModified", "TimesContacted", "AdditionalInfo"),
)
_OF_ACCOUNT = (
    *ALWAYS,
    *("@deleted_state", "Source", "ServiceType", "ServerAddress", "TimeCreated", "Entries"),
    *("Addresses", "Organizations", "Notes", "Photos", "AdditionalInfo", "Id", "Name", "Username"),
    *("Account", "TimeModified", "LastLogin", "TimeLastLoggedIn"),
)
"""Fields that no column holds, or that a rule below has looked at."""


def call(source: Source, said: Said) -> Iterator[Row]:
    """A call: one row for each number called."""
    with source.record(said, locator(said)) as record:
        record.leave(*_OF_CALL)
        people = inside(said, "Parties") or inside(said, "Party")
        me = word(said, "Account") or source.owner or OWNER
        words = [str(record.maybe("Direction")).lower(), str(said.get("Type")).lower()]
        direction = next((_DIRECTIONS[w] for w in words if w in _DIRECTIONS), None)
        if "missed" in words and direction != "out":
            direction = "missed"
        callers, callees = of_role(people, "From"), of_role(people, "To")
        if not callers and not callees:
            others = [p for p in people if not is_owner(p)]
            callers, callees = ([], others) if direction == "out" else (others, [])
        started_at, zone = time_of(source, record, "TimeStamp")
        duration = record.maybe("Duration", seconds)
        caller = known_as(callers[0]) if callers else me
        for callee in [known_as(p) for p in callees] or [me]:
            yield CALL.row(
                ref=said["@id"] or None,
                caller=caller,
                callee=callee,
                started_at=started_at,
                zone=zone,
                duration_s=duration,
                kind="voice",
                direction=direction,
            )


def contact(source: Source, said: Said) -> Iterator[Row]:
    """An entry of an address book, of the handset or of an application."""
    with source.record(said, locator(said)) as record:
        record.leave(*_OF_CONTACT)
        yield contact_row(record, said)


def contact_row(record: Record, said: Said) -> Row:
    """The row of a contact, also of one shared in a message."""
    return CONTACT.row(
        ref=said["@id"] or None,
        account=word(said, "Account"),
        name=word(said, "Name"),
        identifiers=entries(record, said) or None,
    )


def account(source: Source, said: Said, handset: Handset) -> Iterator[Row]:
    """An account of the holder: a contact that stands in itself. Passwords are never kept."""
    with source.record(said, locator(said)) as record:
        record.leave(*_OF_ACCOUNT)
        own = [value for value in (word(said, "Username"), word(said, "Account")) if value]
        found = list(dict.fromkeys([*own, *entries(record, said)]))
        name = word(said, "Name")
        for value in found:
            handset.add("accounts", value)
        services = ("ServiceType", "Source", "ServiceIdentifier")
        handset.add("apps", next(filter(None, (word(said, n) for n in services)), None))
        if not found and not name:
            record.set_aside("UserAccount")
            return
        yield CONTACT.row(
            ref=said["@id"] or None,
            account=found[0] if found else None,
            name=name,
            identifiers=found or None,
        )
