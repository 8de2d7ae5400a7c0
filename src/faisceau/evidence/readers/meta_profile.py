"""Facebook and Instagram archives: the account, its contacts, its devices (JSON).

Meta publishes no description; the forms are known from archives. Facebook: ``profile_v2``,
``friends_v2`` and the lists of requests, ``address_book`` (contacts uploaded from a phone),
``mobile_devices``. Instagram: ``profile_user``, ``relationships_…`` and the bare list of
followers, ``contacts_contact_info``, ``devices_devices``, ``armadillo_devices``. Every text is
mis-encoded, and mended here (``meta_text``). Labels are in the account's language: a value is
told by what it looks like where its label is not known.

Other lists of an archive (posts, advertisers, activity) are no contacts and not claimed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import ijson
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.json_blocks import Alike, Blocks, Form, plain_batch
from faisceau.evidence.json_columns import converted, empty, lists, texts
from faisceau.evidence.json_events import CONTAINERS, Events, json_events
from faisceau.evidence.json_outline import ITEM, json_paths
from faisceau.evidence.meta_text import mend, mended, mended_tree
from faisceau.evidence.reading import Head, Record, Source
from faisceau.tables.schemas import CONTACT, HANDSET, Batch, Row
from faisceau.tables.schemas.schema import STRING, STRINGS
from faisceau.words import N_

FILLS = [CONTACT, HANDSET]
FROM_HANDSET = False

_NAMED = re.compile(
    r"(?:friends|(?:received|rejected|sent|deleted|removed)_?friend(?:s|_requests)"
    r"|deleted_friends|following|followers|blocked_users)(?:_v\d)?"
)
"""Facebook's lists of people: objects with a name and a time."""
_LINKED = re.compile(r"relationships_(?!following_hashtags)\w+")
"""Instagram's lists of accounts: objects with a ``string_list_data``."""
_BOOKS = ("address_book", "address_book_v2", "contacts_v2", "imported_contacts_v2")
_DEVICES = ("mobile_devices", "mobile_devices_v2", "devices_devices", "armadillo_devices")
_MAPPED = ("profile_user", "contacts_contact_info", "devices_devices")
_WORDS = (
    '"profile',
    "friend",
    "follow",
    "relationships_",
    "contact",
    "_devices",
    "address_book",
    "string_list_data",
)
_NOT_ONE = N_("not a record")
_PHONE = re.compile(r"\+?\d[\d .()-]{5,18}\d")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_AGENT = re.compile(r"\(([^()]*)\)")
_USER = re.compile(r"(?i)user ?name|utilisateur|usuario|benutzer|gebruiker|nome utente")
_NAME = re.compile(r"(?i)\b(?:name|nom|nombre|nome|naam|surname|prénom|apellidos?|cognome)\b")
_LOOSE = ("timestamp", "marked_as_spam", "updated_timestamp", "created_timestamp")


_IDENTIFIES = frozenset(("title", "string_list_data"))


def _alone(title: str | None) -> list[str] | None:
    return None if title is None else [title]


def _mended_links(said: Any) -> list[str]:
    return [mend(name) for name in _links(said)]


_PERSON = Form(
    takes={
        "name": mended(texts),
        "title": mended(texts),
        "contact_info": empty,
        "string_list_data": converted(_mended_links, STRINGS),
    },
    leaves=frozenset((*_LOOSE, "media_list_data", "media_map_data")),
    apart=frozenset(("string_map_data", "details")),
)
"""A friend, a follower."""


def detect(head: Head) -> bool:
    """True for an object of one of these lists, with the fields of its records; or followers."""
    if not head.is_json or not any(word in head.text for word in _WORDS):
        return False
    paths = json_paths(head)
    first = {path[0] for path in paths}
    if {
        (ITEM, "string_list_data", ITEM, "href"),
        (ITEM, "string_list_data", ITEM, "value"),
    } <= paths:
        return True
    return (
        any(
            _NAMED.fullmatch(key) and {(key, ITEM, "timestamp"), (key, ITEM, "name")} <= paths
            for key in first
        )
        or any(_LINKED.fullmatch(key) and (key, ITEM, "string_list_data") in paths for key in first)
        or any((key, ITEM, "string_map_data") in paths for key in _MAPPED)
        or any((*at, ITEM, "details") in paths for at in _book_paths(first))
        or {("profile_v2", "name"), ("profile_v2", "registration_timestamp")} <= paths
        or {("profile", "name"), ("profile", "registration_timestamp")} <= paths
        or any((key, ITEM, "os") in paths and (key, ITEM, "type") in paths for key in _DEVICES)
        or ("ig_secret_conversations", "armadillo_devices", ITEM, "device_model") in paths
    )


def _book_paths(first: set[str]) -> Iterator[tuple[str, ...]]:
    for key in _BOOKS:
        if key in first:
            yield (key,)
            yield from ((key, inner) for inner in _BOOKS)


def read(source: Source) -> Iterator[Row | Batch]:
    """Contacts, the owner's first where the file is of the account; devices."""
    try:
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            if source.head.text.lstrip().startswith("["):
                events.expect("start_array")
                yield from _list(source, "followers", events)
                return
            events.expect("start_map")
            yield from _object(source, events)
    except ijson.JSONError as error:
        raise BadInput(
            N_("{name} is damaged JSON: {why}"), name=source.name, why=str(error).partition("\n")[0]
        ) from error


def _object(source: Source, events: Events) -> Iterator[Row | Batch]:
    for key, event, value in events.fields():
        if event == "start_array" and _listed(key):
            yield from _list(source, key, events)
        elif event == "start_map" and key in ("profile_v2", "profile"):
            yield from _profile(source, mended_tree(events.value(event, value)))
        elif event == "start_map" and (key in _BOOKS or key == "ig_secret_conversations"):
            yield from _object(source, events)
        elif event in CONTAINERS:
            source.leave(key, events.skip())
        else:
            events.value(event, value)


def _listed(key: str) -> bool:
    known = key in _BOOKS or key in _DEVICES or key in _MAPPED
    return known or bool(_NAMED.fullmatch(key) or _LINKED.fullmatch(key))


def _list(source: Source, key: str, events: Events) -> Iterator[Row | Batch]:
    number, blocks = 1, Blocks(source, None if _special(key) else _PERSON)

    def alone(number: int, value: Any) -> Iterator[Row]:
        said, where = mended_tree(value), f"{key}/{number}"
        if not isinstance(said, dict):
            source.reject(where, _NOT_ONE, raw=str(said))
            return
        with source.record(said, where) as record:
            if key in _DEVICES:
                yield _device(source, record)
            elif key == "profile_user":
                yield _own(source, record)
            else:
                yield _contact(source, record)

    for block in events.blocks():
        yield from blocks.read(block, number, alone, lambda alike: _people(source, key, alike))
        number += len(block)


def _special(key: str) -> bool:
    return key in _DEVICES or key == "profile_user"


def _people(source: Source, key: str, alike: Alike) -> Batch:
    """Friends and followers: a name, or the account it links to."""
    names = alike["name"]
    columns = {"account": source.owner, "name": names, "identifiers": None}
    if not _IDENTIFIES.isdisjoint(alike.fields):
        links = alike.of("string_list_data", STRINGS)
        titles = pc.if_else(pc.is_null(names), alike["title"], pa.scalar(None, STRING))
        linked = pc.fill_null(pc.greater(pc.list_value_length(links), 0), False)
        columns["identifiers"] = pc.if_else(linked, links, lists(titles, _alone))
    return plain_batch(CONTACT, columns, alike.where(f"{key}/"))


def _contact(source: Source, record: Record) -> Row:
    """A friend, a follower or an entry of an address book."""
    record.leave(*_LOOSE, "media_list_data", "media_map_data", "string_list_data", "details")
    links = record.maybe("string_list_data", _links) or []
    points = record.maybe("details", _points) or []
    fields = record.maybe("string_map_data", _fields) or {}
    names = [value for label, value in fields.items() if not _identifies(label, value)]
    ids = [value for label, value in fields.items() if _identifies(label, value)]
    title, reached = record.maybe("title"), record.maybe("contact_info")
    own = record.maybe("name") or " ".join(names) or None
    accounts = links or ([title] if title and not own and not points and not ids else [])
    return CONTACT.row(
        account=source.owner,
        name=own,
        identifiers=[*accounts, *points, *ids, *([reached] if reached else [])] or None,
    )


def _own(source: Source, record: Record) -> Row:
    """The holder of an Instagram account."""
    record.leave("title", "media_map_data")
    fields = record.maybe("string_map_data", _fields) or {}
    user = next((value for label, value in fields.items() if _USER.search(label)), None)
    name = next((v for label, v in fields.items() if _NAME.search(label) and v != user), None)
    others = [v for v in fields.values() if _EMAIL.fullmatch(v) or _dialled(v)]
    source.owner = source.owner or user
    return CONTACT.row(
        account=source.owner,
        name=name,
        identifiers=[*([user] if user else []), *others] or None,
    )


def _profile(source: Source, said: Any) -> Iterator[Row]:
    """The holder of a Facebook account."""
    with source.record(said, "profile") as record:
        name = record.maybe("name", _full_name)
        emails = record.maybe("emails", _emails) or []
        phones = record.maybe("phone_numbers", _phones) or []
        user, address = record.maybe("username"), record.maybe("profile_uri")
        source.owner = source.owner or user or name
        record.leave(*said)
        others = len(said) - len(said.keys() & {"name", "emails", "phone_numbers", "username"})
        source.leave("fields of the profile without a column", others)
        ids: list[str | None] = [user, address, *emails, *phones]
        yield CONTACT.row(
            account=source.owner, name=name, identifiers=[i for i in ids if i] or None
        )


def _device(source: Source, record: Record) -> Row:
    """A device the account was used on."""
    fields = record.maybe("string_map_data", _fields) or {}
    agent = record.maybe("user_agent") or next(
        (value for value in fields.values() if "Android" in value or "iOS" in value), None
    )
    told = _told(agent)
    if record.maybe("last_connected_ip"):
        source.leave("addresses (IP) of devices")
    model = record.maybe("device_model") or record.maybe("type") or told.get("model")
    system = record.maybe("os") or record.maybe("device_os_version") or told.get("os")
    record.leave(
        "title",
        "media_map_data",
        "device_type",
        "update_time",
        "last_active_time",
        "device_locale",
        "advertiser_id",
        "push_token",
        "push_tokens",
        "redact_tokens",
        "family_device_id",
        "app_version",
    )
    return HANDSET.row(
        make=record.maybe("device_manufacturer") or told.get("make"),
        model=model,
        os=system,
        accounts=[source.owner] if source.owner else None,
    )


def _told(agent: str | None) -> dict[str, str]:
    """What an Instagram user agent says: ``(33/13; 420dpi; 1080x2400; samsung; SM-A32; …)``."""
    found = _AGENT.search(agent or "")
    parts = [part.strip() for part in found[1].split(";")] if found else []
    if "Android" in (agent or "") and len(parts) >= 5 and "x" in parts[2]:
        version = parts[0].partition("/")[2] or parts[0]
        return {"os": f"Android {version}", "make": parts[3].partition("/")[0], "model": parts[4]}
    if len(parts) >= 2 and parts[0].startswith(("iPhone", "iPad")):
        return {"os": parts[1].replace("_", "."), "make": "Apple", "model": parts[0]}
    return {"os": agent} if agent else {}


def _links(said: Any) -> list[str]:
    """Accounts of a list: their name, else the last part of their address."""
    found = [
        str(one.get("value") or str(one["href"]).rstrip("/").rpartition("/")[2]) for one in said
    ]
    return [name for name in found if name]


def _points(said: Any) -> list[str]:
    """Numbers and addresses of an entry of an address book."""
    return [str(one["contact_point"]) for one in said if one.get("contact_point")]


def _fields(said: Any) -> dict[str, str]:
    """Labels and values of a ``string_map_data``; empty ones left out."""
    found = {str(label): one.get("value") for label, one in said.items()}
    return {label: str(value) for label, value in found.items() if value}


def _identifies(label: str, value: str) -> bool:
    return bool(_EMAIL.fullmatch(value) or _dialled(value) or _USER.search(label))


def _dialled(value: str) -> bool:
    """True for what looks like a telephone number, and not like a date."""
    return bool(_PHONE.fullmatch(value)) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value)


def _full_name(said: Any) -> str:
    if isinstance(said, str):
        return said
    parts = [said.get(part) for part in ("first_name", "middle_name", "last_name")]
    return str(said.get("full_name") or " ".join(p for p in parts if p))


def _emails(said: Any) -> list[str]:
    """Addresses of now and before."""
    lists = said.values() if isinstance(said, Mapping) else [said]
    return [str(one) for found in lists if isinstance(found, list) for one in found if one]


def _phones(said: Any) -> list[str]:
    return [str(one["phone_number"]) for one in said if one.get("phone_number")]
