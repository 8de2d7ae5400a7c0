"""One conversation, read in order: a stretch of its messages around one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
from ibis import Table, _

from faisceau.case.cards import conversation, talk_of
from faisceau.case.door import Door
from faisceau.case.masking import Mask
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.case.searching import SHOWN
from faisceau.errors import NotFound
from faisceau.mandate.act import Act
from faisceau.tables.engines import LakeEngine
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

STRETCH = 80
"""Messages read at once unless it is asked for more or fewer."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages of a conversation in the order they were sent: ``total`` in all, those shown from
    ``offset`` on; ``at``: the place of the one that was asked for."""

    title: str
    total: int
    offset: int
    at: int
    messages: Sequence[Mapping[str, Any]]
    sealed: Sealed = NOTHING_SEALED
    """What is sealed, which no reader sees."""


def around(door: Door, row_id: int, *, offset: int | None, limit: int) -> Stretch:
    """The conversation of a message, by its row: see ``stretch``. Raises ``NotFound``."""
    act = Act("rows", tables=frozenset({MESSAGE.name}))
    with door.passing(act, [SHOWN]) as (permit, closing, listed):
        [*asked] = door.picker.pick(permit, listed, SHOWN, [row_id])
        if not asked:
            raise NotFound(N_("There is no message {row_id} to be seen"), row_id=row_id)
        with door.engine(permit, listed, [SHOWN]) as engine:
            found = stretch(engine, door.mask(), asked[0], offset=offset, limit=limit)
        closing.data["rows"] = len(found.messages)
    return replace(found, sealed=door.sealed({MESSAGE.name}))


def stretch(
    engine: LakeEngine,
    mask: Mask,
    asked: Mapping[str, Any],
    *,
    offset: int | None = None,
    limit: int = STRETCH,
) -> Stretch:
    """The stretch from ``offset`` on, or that in whose middle the message ``asked`` stands.

    ``asked`` is that message's row, as it is stored.
    """
    talk = _same(engine.tables[MESSAGE.name].select("row_id", *SHOWN.names), asked)
    sent, row_id = ibis.literal(asked["sent_at"]), int(asked["row_id"])
    before = (talk.sent_at < sent) | ((talk.sent_at == sent) & (talk.row_id < row_id))
    [counted] = engine.rows(talk.aggregate(total=talk.count(), at=before.sum()))
    total, at = int(counted["total"]), int(counted["at"] or 0)
    first = max(0, at - limit // 2) if offset is None else max(0, offset)
    ordered = talk.order_by("sent_at", "row_id").limit(limit, offset=first)
    messages = [mask.values(MESSAGE, row) for row in engine.rows(ordered)]
    shown = mask.values(MESSAGE, asked)
    title = shown["thread_name"] or shown["thread_id"] or shown["sender_name"] or ""
    return Stretch(f"{shown['exhibit_id']} · {title}", total, first, at, messages)


def _same(message: Table, asked: Mapping[str, Any]) -> Table:
    """The messages of the same conversation: same exhibit, account, and thread or people."""
    own = message.filter(_.exhibit_id == asked["exhibit_id"])
    if asked["account"] is None:
        own = own.filter(_.account.isnull() | (_.account == ""))
    else:
        own = own.filter(_.account == asked["account"])
    if asked["thread_id"] is not None:
        return own.filter(_.thread_id == asked["thread_id"])
    alone = own.filter(_.thread_id.isnull())
    return alone.filter(conversation(alone) == talk_of(asked))
