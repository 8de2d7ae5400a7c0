"""Messages of a conversation of Snapchat, read column by column; the rest alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.json_blocks import Alike, Blocks, Form, plain_batch
from faisceau.evidence.json_columns import (
    Cells,
    converted,
    counts,
    each,
    either,
    flags,
    lists,
    present,
    texts,
)
from faisceau.evidence.json_events import Events
from faisceau.evidence.readers.snapchat.archive import (
    GROUP,
    MICROSECONDS,
    Archive,
    utc_moment,
)
from faisceau.evidence.reading import OWNER, Source
from faisceau.tables.schemas import MESSAGE, Batch, Row
from faisceau.tables.schemas.schema import BOOLEAN, EARLIEST, INTEGER, LATEST, STRING, TIME

_FIRST, _LAST = pa.scalar(EARLIEST, TIME), pa.scalar(LATEST, TIME)
_MOST = 1_000_000 * int(LATEST.timestamp())
_NOTHING = pa.scalar(None, STRING)


def section_rows(
    source: Source, archive: Archive, name: str, events: Events
) -> Iterator[Row | Batch]:
    """The rows of a section that is a list."""
    # until 2022 a section was a direction, whose messages are of many conversations
    by_direction = name.startswith(("Sent ", "Received "))
    number, blocks = 1, Blocks(source, None if by_direction else _MESSAGE)
    for block in events.blocks():
        for some in _by_owner(archive, block):
            yield from blocks.read(
                some,
                number,
                lambda number, item: archive.item(name, number, item),
                lambda alike: _plain(archive, name, alike),
            )
            number += len(some)


def _by_owner(archive: Archive, block: list[Any]) -> Iterator[list[Any]]:
    """The message that names the owner, alone, those before it, and the others."""
    start = 0
    for place, one in enumerate(block) if archive.owner is None else ():
        if isinstance(one, dict) and one.get("IsSender") and one.get("From"):
            yield block[start:place]
            yield block[place : place + 1]
            start = place + 1
            if archive.owner is not None:
                break
    yield block[start:]


def _plain(archive: Archive, name: str, alike: Alike) -> Batch:
    """Messages, as ``Archive`` reads them one by one."""
    sent = pc.fill_null(alike.of("IsSender", BOOLEAN), False)
    writer, title = alike["From"], alike["Conversation Title"]
    if archive.owner is None:
        named = pc.drop_null(writer.filter(sent))
        archive.owner = named[0].as_py() if len(named) else None
    owner = archive.owner or OWNER
    alone = GROUP.fullmatch(name) is None
    other = pc.if_else(sent, pc.fill_null(alike["To"], name), owner)
    if not alone:
        other = pa.nulls(len(other), STRING)
    other = pc.if_else(pc.is_null(title), other, _NOTHING)
    system = each(alike["Media Type"], _event)
    kind, sha256 = _files(archive, alike)
    columns = {
        "app": "snapchat",
        "account": archive.owner,
        "thread_id": name,
        "thread_name": pc.fill_null(title, name) if alone else title,
        "sender_id": pc.coalesce(writer, pc.if_else(sent, owner, _NOTHING)),
        "recipients": lists(other, lambda one: None if one is None else [one]),
        "sent_at": pc.coalesce(alike.of("Created(microseconds)", TIME), alike.of("Created", TIME)),
        "text": pc.coalesce(alike["Content"], system),
        "kind": pc.if_else(pc.is_valid(system), "system", kind),
        "attachment_sha256": sha256,
        "deleted": pc.if_else(
            pc.fill_null(pc.starts_with(system, "STATUSERASED"), False),
            True,
            pa.scalar(None, BOOLEAN),
        ),
    }
    return plain_batch(MESSAGE, columns, alike.where(f"{name}/"))


def _event(said: str) -> str | None:
    """The type of a message that no one wrote."""
    return said.upper() if said.upper().startswith("STATUS") else None


def _files(archive: Archive, alike: Alike) -> tuple[pa.Array, pa.Array]:
    """Kinds, and hashes of the files that lie in the exhibit."""
    types, named = alike["Media Type"], alike["Media IDs"]
    if named.null_count == len(named):
        kinds = each(types, lambda said: archive.files(said.upper(), "", "")[0])
        return kinds, pa.nulls(len(named), STRING)
    found = [
        archive.files(said.upper(), ids or "", str(one["Created"]))
        for said, ids, one in zip(types.to_pylist(), named.to_pylist(), alike.said, strict=True)
    ]
    return pa.array([k for k, _ in found], STRING), pa.array([h for _, h in found], STRING)


def _created(values: Sequence[Any]) -> Cells:
    """``2026-01-01 12:00:00 UTC``."""
    written, odd = texts(values)
    if pc.all(pc.ends_with(written, " UTC")).as_py():
        written = pc.utf8_slice_codeunits(written, 0, -4)
        try:
            found = written.cast(pa.timestamp("us")).cast(TIME)
        except pa.ArrowInvalid:
            return _created_each(values)
        inside = pc.and_(pc.greater_equal(found, _FIRST), pc.less(found, _LAST))
        return found, either(odd, pc.invert(pc.fill_null(inside, True)))
    return _created_each(values)


def _exact(values: Sequence[Any]) -> Cells:
    """The count that its name calls microseconds and is, mostly, of milliseconds; 0 is none."""
    found, odd = counts(values)
    found = pc.if_else(pc.equal(found, 0), pa.scalar(None, INTEGER), found)
    inside = pc.and_(pc.greater(found, 0), pc.less(found, _MOST))
    found = pc.if_else(inside, found, pa.scalar(None, INTEGER))
    odd = either(odd, pc.invert(pc.fill_null(inside, True)))
    exact = pc.if_else(pc.greater_equal(found, MICROSECONDS), found, pc.multiply(found, 1000)).cast(
        TIME
    )
    late = pc.greater_equal(exact, _LAST)
    return exact, either(odd, pc.fill_null(late, False))


_created_each = converted(utc_moment, TIME)
_MESSAGE = Form(
    takes={
        "From": texts,
        "To": texts,
        "IsSender": flags,
        "Conversation Title": texts,
        "Media Type": present(texts),
        "Content": texts,
        "Media IDs": texts,
        "Created(microseconds)": _exact,
        "Created": _created,
    },
    leaves=frozenset(("IsSaved", "Saved")),
    apart=frozenset(("Text",)),
    needs=frozenset(("Media Type", "Created")),
)
