"""Rows of ``ChatStorage.sqlite`` as messages, in Arrow columns."""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import (
    NULL,
    Cells,
    cocoa_times,
    count_unread,
    epoch_times,
    joined,
    looked_up,
)
from faisceau.evidence.reading import Source
from faisceau.evidence.whatsapp.columns import carried, hashes, places
from faisceau.evidence.whatsapp.database import Database, Field, Join, Query, plain
from faisceau.evidence.whatsapp.ios_notices import (
    ADDED,
    BY_MIME,
    CONTACT,
    CREATED,
    DELETED,
    HASHED,
    KINDS,
    LOCATION,
    NOTICES,
    POLL,
    REMOVED,
    label,
)
from faisceau.evidence.whatsapp.ios_people import Sessions
from faisceau.evidence.whatsapp.jids import is_shared
from faisceau.evidence.whatsapp.protobuf import Reaction, answer, receipts
from faisceau.evidence.whatsapp.recipients import recipient_lists, with_recipients
from faisceau.tables.schemas.schema import STRING, Batch

FIELDS: Mapping[str, Field] = {
    **plain(
        "ZWAMESSAGE",
        id="Z_PK", chat="ZCHATSESSION", member="ZGROUPMEMBER", mine="ZISFROMME",
        type="ZMESSAGETYPE", event="ZGROUPEVENTTYPE", text="ZTEXT", time="ZMESSAGEDATE",
        sender="ZFROMJID", push="ZPUSHNAME", key="ZSTANZAID", flags="ZFLAGS", starred="ZSTARRED",
    ),
    **plain(
        "ZWAMEDIAITEM",
        title="ZTITLE", mime="ZVCARDSTRING", hash="ZVCARDNAME", path="ZMEDIALOCALPATH",
        latitude="ZLATITUDE", longitude="ZLONGITUDE", metadata="ZMETADATA",
    ),
    **plain("ZWAMESSAGEINFO", receipts="ZRECEIPTINFO"),
}  # fmt: skip
_SEPARATOR = "_$!<VCard-Separator>!$_"
_FORWARDED = 1 << 7


def query(db: Database) -> Query:
    """Every message with its media and receipts, joined by the columns that this version has."""
    joins = {}
    for side, link in (("ZWAMEDIAITEM", "ZMEDIAITEM"), ("ZWAMESSAGEINFO", "ZMESSAGEINFO")):
        if db.has(side, "ZMESSAGE"):
            joins[side] = Join("ZMESSAGE", "ZWAMESSAGE.Z_PK")
        if db.has("ZWAMESSAGE", link):
            joins[side] = Join("Z_PK", f"ZWAMESSAGE.{link}")
    return Query("ZWAMESSAGE", "Z_PK", FIELDS, joins)


def batches(given: Cells, who: Sessions, source: Source) -> Iterator[Batch]:
    """The rows of one query as messages, then the reactions to them."""
    ids, kinds = given.integers("id"), pc.fill_null(given.integers("type"), 0)
    mine = pc.equal(pc.fill_null(given.integers("mine"), 0), 1)
    thread = looked_up(given.integers("chat"), who.threads)
    thread = pc.coalesce(thread, given.texts("sender"))
    threads = [t for t in pc.unique(thread).to_pylist() if t]
    who.spoken.update(threads)
    member = looked_up(given.integers("member"), who.members)
    sender = pc.if_else(mine, pa.scalar(who.me), _received(given, who, threads, thread, member))
    times = cocoa_times(given, "time")
    latitude, longitude, nowhere = places(
        given.numbers("latitude"), given.numbers("longitude"), pc.equal(kinds, LOCATION)
    )
    answers = {
        n: answer(raw) for n, raw in enumerate(given.raw("metadata")) if isinstance(raw, bytes)
    }
    received = _receipts(given)
    polls = {n: "\n".join(poll) for n, (_, poll) in received.items() if poll}
    text = _words(given, kinds, polls)
    notice, sender, text = _with_notices(given, who, kinds, member=member, sender=sender, text=text)
    attached, bad = _attached(given, kinds, source)
    count_unread(source, "message.latitude", nowhere)
    count_unread(source, "message.attachment_sha256", bad)
    key = given.texts("key")
    at = pa.array(range(given.n))
    often = pa.array([n for n, found in answers.items() if found.forwards], pa.int64())
    quoted = looked_up(at, {n: found.quoted for n, found in answers.items() if found.quoted})
    flags = pc.fill_null(given.integers("flags"), 0)
    columns = {
        "app": pa.repeat("whatsapp", given.n),
        "account": pa.repeat(pa.scalar(who.account, STRING), given.n),
        "ref": key,
        "thread_id": thread,
        "thread_name": looked_up(thread, {t: who.title(t) for t in threads}),
        "sender_id": sender,
        "sender_name": pc.coalesce(
            looked_up(sender, who.names), pc.if_else(pc.or_(mine, notice), NULL, _pushed(given))
        ),
        "sent_at": times.at,
        "text": text,
        "kind": _kinds(given, kinds, text, source),
        "forwarded": pc.or_(
            pc.is_in(at, value_set=often), pc.not_equal(pc.bit_wise_and(flags, _FORWARDED), 0)
        ),
        "deleted": given.deleted(pc.equal(kinds, DELETED)),
        "reply_to": quoted,
        "attachment_sha256": attached,
        "latitude": latitude,
        "longitude": longitude,
    }
    locators = given.located(ids)
    everyone, which = recipient_lists(thread, sender, notice, who.recipients)
    yield from with_recipients(columns, everyone, which, locators=locators, reasons=times.reasons)
    reactions = [(n, one) for n, (found, _) in received.items() for one in found if one.emoji]
    if reactions:
        yield from _reactions(reactions, thread=thread, key=key, locators=locators, who=who)


def _received(
    given: Cells, who: Sessions, threads: list[str], thread: pa.Array, member: pa.Array
) -> pa.Array:
    """Who sent what was received: the one peer, or in a shared chat the member that is named."""
    peer = looked_up(thread, {t: who.person(t) for t in threads if not is_shared(t)})
    named = given.texts("sender")
    people = {
        jid: jid if jid.endswith("@newsletter") else who.person(jid)
        for jid in pc.unique(named).to_pylist()
        if jid and (not is_shared(jid) or jid.endswith("@newsletter"))
    }
    return pc.coalesce(peer, member, looked_up(named, people))


def _pushed(given: Cells) -> pa.Array:
    """The name that the sender chose; recent versions keep an encoded record in its place."""
    stored = given.texts("push")
    names = {name: name for name in pc.unique(stored).to_pylist() if name and not _is_record(name)}
    return looked_up(stored, names)


def _is_record(name: str) -> bool:
    if len(name) % 4 or len(name) < 8:
        return False
    try:
        return b64decode(name, validate=True)[:1] in (b"\x08", b"\x0a", b"\x10", b"\x12")
    except (binascii.Error, ValueError):
        return False


def _receipts(given: Cells) -> dict[int, tuple[list[Reaction], list[str]]]:
    """Reactions and polls by position; most receipts tell of deliveries alone."""
    found = {}
    for n, raw in enumerate(given.raw("receipts")):
        if isinstance(raw, bytes) and (b"\x3a" in raw or b"\x42" in raw):
            found[n] = receipts(raw)
    return found


def _words(given: Cells, kinds: pa.Array, polls: Mapping[int, str]) -> pa.Array:
    text, title = given.texts("text"), given.texts("title")
    described = pc.if_else(
        pc.equal(kinds, LOCATION), joined(title, given.texts("hash"), "\n"), title
    )
    cards = pc.replace_substring(given.texts("mime"), _SEPARATOR, "\n")
    cards = pc.if_else(pc.equal(kinds, CONTACT), cards, NULL)
    text = pc.coalesce(joined(text, cards, "\n"), described)
    if polls:
        asked = pa.array([polls.get(n) for n in range(given.n)], STRING)
        text = pc.if_else(pc.equal(kinds, POLL), pc.coalesce(asked, text), text)
    path = pc.binary_join_element_wise("[", given.texts("path"), "]", "")
    return pc.coalesce(text, path)


def _with_notices(
    given: Cells,
    who: Sessions,
    kinds: pa.Array,
    *,
    member: pa.Array,
    sender: pa.Array,
    text: pa.Array,
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Which rows are notices; senders and texts, of a notice who did it and what it says."""
    notice = pc.is_in(kinds, value_set=pa.array(sorted(NOTICES)))
    at = pc.indices_nonzero(notice)
    doers: list[str | None] = []
    said: list[str] = []
    columns = (kinds, pc.fill_null(given.integers("event"), 0), member, text)
    for kind, event, one, words in zip(*(c.take(at).to_pylist() for c in columns), strict=True):
        doer, about = one, words
        if kind == 6 and event in ADDED | REMOVED:
            by, _, others = (words or "").partition(";")
            doer = who.person(by) if by else who.me
            listed = [jid for jid in others.split(",") if jid] or ([one] if one else [])
            about = ", ".join(map(who.shown, listed))
        elif kind == 6 and event in CREATED:
            doer = one or who.me
        doers.append(doer)
        said.append(f"{label(kind, event)} {about or ''}".rstrip())
    sender = pc.replace_with_mask(sender, notice, pa.array(doers, STRING))
    return notice, sender, pc.replace_with_mask(text, notice, pa.array(said, STRING))


def _attached(given: Cells, kinds: pa.Array, source: Source) -> tuple[pa.Array, int]:
    """The hash that the database keeps of a file, else that of the file where it lies beside."""
    hashed = pc.is_in(kinds, value_set=pa.array(HASHED))
    kept, bad = hashes(pc.if_else(hashed, given.texts("hash"), NULL))
    path = given.texts("path")
    if pc.all(pc.or_(pc.is_null(path), pc.is_valid(kept))).as_py():
        return kept, bad
    found = []
    for known, where in zip(kept.to_pylist(), path.to_pylist(), strict=True):
        file = None
        if known is None and where:
            file = source.attached(f"Message/{where}") or source.attached(where)
        found.append(known if file is None else file.sha256())
    return pa.array(found, STRING), bad


def _kinds(given: Cells, kinds: pa.Array, text: pa.Array, source: Source) -> pa.Array:
    """What each message carries."""
    told = carried(given, kinds, KINDS, BY_MIME, source)
    return pc.coalesce(told, pc.if_else(pc.is_valid(text), "text", NULL))


def _reactions(
    found: list[tuple[int, Reaction]],
    *,
    thread: pa.Array,
    key: pa.Array,
    locators: pa.Array,
    who: Sessions,
) -> Iterator[Batch]:
    n = len(found)
    rows = pa.array([row for row, _ in found])
    senders = [who.me if one.sender is None else who.person(one.sender) for _, one in found]
    sender = pa.array(senders, STRING)
    times = epoch_times(Cells("", {"at": [one.at for _, one in found]}, n), "at", 1000)
    thread = thread.take(rows)
    titles = {t: who.title(t) for t in pc.unique(thread).to_pylist() if t}
    columns = {
        "app": pa.repeat("whatsapp", n),
        "account": pa.repeat(pa.scalar(who.account, STRING), n),
        "thread_id": thread,
        "thread_name": looked_up(thread, titles),
        "sender_id": sender,
        "sender_name": looked_up(sender, who.names),
        "sent_at": times.at,
        "text": pa.array([one.emoji for _, one in found], STRING),
        "kind": pa.repeat("system", n),
        "reply_to": key.take(rows),
    }
    at = pc.binary_join_element_wise(locators.take(rows), "reaction", " ")
    everyone, which = recipient_lists(thread, sender, pa.repeat(False, n), who.recipients)
    yield from with_recipients(columns, everyone, which, locators=at, reasons=times.reasons)
