"""WhatsApp's address book on Android, ``wa.db``, by columns."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import batch
from faisceau.evidence.databases import NULL, Cells, joined, looked_up, text
from faisceau.evidence.whatsapp.database import Database, Field, Query
from faisceau.evidence.whatsapp.jids import PHONE
from faisceau.tables.schemas import CONTACT
from faisceau.tables.schemas.schema import STRING, STRINGS, Batch

_NAMES = ("display_name", "given_name", "family_name", "wa_name", "nickname", "sort_name")


def is_android_book(tables: Mapping[str, frozenset[str]]) -> bool:
    """True for the tables of ``wa.db``."""
    return tables.get("wa_contacts", frozenset()) >= {"jid", "display_name"}


def android_book(db: Database, account: str | None) -> Iterator[Batch]:
    """Every row of ``wa_contacts``, then the verified businesses that have none there."""
    verified = _verified(db)
    row = "_id" if "_id" in db.tables["wa_contacts"] else "rowid"
    fields = {name: Field("wa_contacts", name) for name in (row, "jid", "number", *_NAMES)}
    met: set[str] = set()
    for cells in db.read(Query("wa_contacts", row, fields, {})):
        jid = cells.texts("jid")
        met.update(pc.unique(jid).drop_null().to_pylist() if verified else ())
        listed = looked_up(jid, {key: name for key, (_, name) in verified.items()})
        columns = {
            "ref": jid,
            "name": _names(cells, listed),
            "identifiers": _identifiers(jid, cells.texts("number")),
        }
        yield batch(CONTACT, {"account": account, **columns}, cells.locators(row))
    others = {jid: said for jid, said in verified.items() if jid not in met}
    if others:
        jid = pa.array([*others], STRING)
        columns = {
            "ref": jid,
            "name": pa.array([name for _, name in others.values()], STRING),
            "identifiers": _identifiers(jid, pa.nulls(len(jid), STRING)),
        }
        locators = pa.array([f"wa_vnames {at}" for at, _ in others.values()], STRING)
        yield batch(CONTACT, {"account": account, **columns}, locators)


def _names(cells: Cells, verified: pa.Array) -> pa.Array:
    """The name in the address book, else the verified one, else what the person chose."""
    names = {name: _unless_blank(cells.texts(name)) for name in _NAMES}
    whole = joined(names["given_name"], names["family_name"], " ")
    given = (names["display_name"], whole, verified, names["wa_name"], names["nickname"])
    return pc.coalesce(*given, names["sort_name"])


def _unless_blank(names: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(names), ""), NULL, names)


def _identifiers(jid: pa.Array, number: pa.Array) -> pa.Array:
    """The number of a person's jid, or the jid; then the number kept, where it is another."""
    person = pc.fill_null(pc.match_substring_regex(jid, f"^(?:{PHONE})$"), False)
    plain = pc.replace_substring_regex(jid, f"^(?:{PHONE})$", r"+\1")
    first = pc.if_else(person, plain, jid)
    said, known = _number_of(number), _number_of(first)
    same = pc.or_(pc.equal(number, first), pc.and_(pc.not_equal(said, ""), pc.equal(said, known)))
    second = pc.if_else(pc.fill_null(same, False), NULL, number)
    both = pa.concat_arrays([first, second]).take(_interleaved(len(jid)))
    lengths = pc.add(*(pc.is_valid(one).cast(pa.int32()) for one in (first, second)))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    lists = pa.ListArray.from_arrays(offsets, both.drop_null(), mask=pc.equal(lengths, 0))
    return lists.cast(STRINGS)


def _number_of(values: pa.Array) -> pa.Array:
    """The digits of what is no jid and no address; empty for one that is."""
    digits = pc.replace_substring_regex(values, r"\D", "")
    return pc.if_else(pc.match_substring(values, "@"), "", digits)


def _interleaved(n: int) -> pa.Array:
    return pa.array(np.arange(2 * n).reshape(2, n).T.ravel())


def _verified(db: Database) -> dict[str, tuple[str | None, str | None]]:
    """Where they stand and their names, by jid: businesses whose name WhatsApp verified."""
    if not db.has("wa_vnames", "jid", "verified_name"):
        return {}
    found = db.rows("SELECT rowid, jid, verified_name FROM wa_vnames ORDER BY rowid")
    return {
        known: (text(row), text(name))
        for row, jid, name in found
        if (known := text(jid)) and (text(name) or "").strip()
    }
