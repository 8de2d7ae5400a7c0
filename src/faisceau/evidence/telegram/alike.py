"""Messages of Telegram that resemble many others, as columns: words, and who said them to whom."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import NULL, Cells, combinations, true
from faisceau.evidence.telegram import messages as tg
from faisceau.evidence.telegram.book import Book, sides
from faisceau.evidence.telegram.shaped import Shaped, shaped
from faisceau.evidence.telegram.tl import Fields
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import NUMBER, STRING

_NOT_SAID = -1
"""Stands for a direction that the table does not say."""


@dataclass(frozen=True, slots=True)
class Some:
    """Some messages of a chunk: their places, and the columns that tell of each."""

    places: pa.Array
    columns: Mapping[str, Any]


def alike(cells: Cells, book: Book) -> Iterator[Some]:
    """Messages of words alone, by columns: those that many others of the chunk resemble."""
    keys = [key for n in ("mid", "uid", "date", "out") if (key := cells.whole(n)) is not None]
    if len(keys) < 4:
        return
    mids, uids, dates, outs = keys
    outs = pc.fill_null(outs, _NOT_SAID)
    for group in shaped(cells.raw("data")):
        places = pa.array(group.places, pa.int64())
        own = pc.equal(dates.take(places), pa.array(group.fields["date"], pa.int64()))
        own = pc.and_(pc.fill_null(own, False), pc.is_valid(uids.take(places)))
        if not true(own):
            continue
        places = places.filter(own)
        dialogs = uids.take(places)
        book.spoken.update(pc.unique(dialogs).to_pylist())
        sender, peers = _peers(group, own)
        found, which = combinations([sender, dialogs, outs.take(places)])
        both = [
            sides(peers(number), dialog, None if out == _NOT_SAID else out, book)
            for number, dialog, out in found
        ]
        shown = [
            {
                "thread_name": book.thread(dialog) or None,
                "sender_id": who,
                "sender_name": book.name(who),
                "recipients": None if other is None else [other if mine else book.me],
            }
            for (_, dialog, _), (who, other, mine) in zip(found, both, strict=True)
        ]
        flags = group.fields.get("flags", 0)
        text = group.text.filter(own)
        n = len(places)
        yield Some(
            places,
            {
                **{
                    name: pa.array([one[name] for one in shown], MESSAGE.columns[name].type).take(
                        which
                    )
                    for name in ("thread_name", "sender_id", "sender_name", "recipients")
                },
                "ref": mids.take(places).cast(STRING),
                "thread_id": dialogs.cast(STRING),
                "text": pc.if_else(pc.equal(text, ""), NULL, text),
                "kind": "text",
                "forwarded": pa.repeat(bool(flags & tg.FORWARDED), n),
                "edited_at": _edited(group, own),
                "reply_to": _reply(group, own),
                "latitude": pa.nulls(n, NUMBER),
                "longitude": pa.nulls(n, NUMBER),
            },
        )


def _peers(group: Shaped, own: pa.Array) -> tuple[pa.Array, Callable[[int], Fields]]:
    """The number of who each message is from, and the object that a number stands for."""
    said = {name: group.fields.get(name) for name in ("_", "flags", "out")}
    said["flags"] = said["flags"] or 0
    peer = group.fields.get("from_id")
    if peer is None:
        return pa.repeat(0, true(own)), lambda _: said
    if not isinstance(peer, Mapping):
        return pa.array(peer, pa.int64()).filter(own), lambda n: {**said, "from_id": n}
    [name] = peer.keys() - {"_"}
    return (
        pa.array(peer[name], pa.int64()).filter(own),
        lambda n: {**said, "from_id": {"_": peer["_"], name: n}},
    )


def _edited(group: Shaped, own: pa.Array) -> Sequence[int | None]:
    moments = group.fields.get("edit_date")
    if moments is None or group.fields.get("flags", 0) & tg.EDIT_HIDDEN:
        return [None] * true(own)
    found: list[int | None] = pa.array(moments, pa.int64()).filter(own).to_pylist()
    return found


def _reply(group: Shaped, own: pa.Array) -> pa.Array:
    """The number of the message that each one answers."""
    numbers = (group.fields.get("reply_to") or group.fields).get("reply_to_msg_id")
    if numbers is None:
        return pa.nulls(true(own), STRING)
    given = pa.array(numbers, pa.int64()).filter(own)
    return pc.if_else(pc.equal(given, 0), NULL, given.cast(STRING))
