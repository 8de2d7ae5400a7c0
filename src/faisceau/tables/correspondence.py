"""Correspondence: who takes part in it, under which key it is sealed, and where it stands.

What is sealed is sealed whole: a conversation of ``message`` (exhibit, account, thread; without a
thread, who talks), the calls between two numbers of one exhibit, the files attached to either.
Participants are compared in their normal form, whatever spelling a source keeps.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table
from ibis.expr.types import StringValue
from ibis.formats.pyarrow import PyArrowSchema

from faisceau.tables.identifiers import Identifier, normalise, spellings
from faisceau.tables.schemas import CALL, CONTACT, MEDIA, MENTION, MESSAGE, TABLES, Schema
from faisceau.tables.schemas.schema import STRINGS

PARTICIPANTS: Mapping[str, tuple[str, ...]] = {
    "message": ("account", "sender_id", "recipients", "thread_id"),
    "call": ("caller", "callee"),
    "contact": ("identifiers",),
    "handset": ("msisdn", "accounts"),
    "person": ("phone", "email"),
    "sim_sale": ("msisdn",),
}
"""Columns that name who takes part, by table."""
SEALED = (MESSAGE.name, CALL.name, MEDIA.name)
"""The tables whose rows a seal keeps out of sight."""
PART = "\x1f"
"""Between the parts of a key; in none of them, as sources write them."""
_TAIL = 7
"""Digits at the end of a number that no way of writing it changes."""
_NUMBER = re.compile(r"[+(]*[0-9][0-9 .\-/()]{5,}(?:@(?:s\.whatsapp\.net|c\.us))?")
_BATCH = 65_536


def key_of(table: Table, name: str) -> StringValue:
    """The key under which a row of ``message``, ``call`` or ``media`` is sealed; never null."""
    if name == MESSAGE.name:
        people = table.recipients.fill_null([]).concat(ibis.array([table.sender_id.fill_null("")]))
        thread = table.thread_id.fill_null(people.unique().sort().join(", ").fill_null(""))
        account = table.account.fill_null("")
        return table.exhibit_id + PART + account + PART + thread
    if name == CALL.name:
        a, b = table.caller.fill_null(""), table.callee.fill_null("")
        pair = ibis.least(a, b) + ", " + ibis.greatest(a, b)
        return table.exhibit_id + PART + pair
    return table.exhibit_id + PART + table.sha256.fill_null("")


def forms(written: Iterable[str]) -> frozenset[Identifier]:
    """The normal forms of identifiers as a mandate writes them."""
    each = [(normalise("account", one), normalise("phone", one)) for one in written]
    read = {account for account, _ in each if account is not None}
    dialled = {phone for _, phone in each if phone is not None and not phone.value.startswith("?")}
    return frozenset(read | dialled)


@dataclass(frozen=True, slots=True)
class Talk:
    """Something to seal: its key, where it stands, who of the protected takes part, its rows."""

    table: str
    key: str
    exhibit_id: str
    account: str
    thread: str
    who: frozenset[Identifier]
    rows: int = 0


class Correspondence:
    """Reads stored rows without any rule, for the desk that seals. Use it in a ``with`` block.

    ``files``: the segments of each table.
    """

    def __init__(self, files: Mapping[str, Iterable[Path]], scratch: Path) -> None:
        self._db = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        self._db.execute(
            f"SET TimeZone='UTC'; SET memory_limit='2GB'; SET temp_directory='{_quoted(scratch)}'"
        )
        self.tables: dict[str, Table] = {}
        for name, paths in files.items():
            if listed := [f"'{_quoted(path)}'" for path in paths]:
                self._db.execute(
                    f'CREATE VIEW "{name}" AS FROM read_parquet([{", ".join(listed)}])'
                )
                schema = PyArrowSchema.to_ibis((TABLES | {MENTION.name: MENTION})[name].arrow)
                self.tables[name] = ibis.table(schema, name=name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def spelled(self, wanted: Collection[Identifier]) -> dict[str, Identifier]:
        """How the columns of participants write the identifiers ``wanted``: by spelling."""
        found: dict[str, Identifier] = {}
        for name, columns in PARTICIPANTS.items():
            table = self.tables.get(name)
            for column in columns if table is not None else ():
                assert table is not None
                kind = TABLES[name].columns[column].mention or "account"
                found |= _written(self._distinct(table, column), kind, wanted)
        return found

    def carded(self, spelled: Mapping[str, Identifier]) -> dict[str, dict[str, Identifier]]:
        """By exhibit, what its contact cards call the same persons besides: user numbers, handles.

        A messenger may know a person by a number of its own, which a card alone ties to a
        telephone number.
        """
        cards: dict[str, dict[str, Identifier]] = {}
        contact = self.tables.get(CONTACT.name)
        if contact is None or not spelled:
            return cards
        held = contact.filter(_any_of(contact.identifiers, spelled))
        for row in self._rows(held.select("exhibit_id", "identifiers")):
            names = [name for name in row["identifiers"] if name]
            who = next(spelled[name] for name in names if name in spelled)
            more = cards.setdefault(row["exhibit_id"], {})
            more.update((name, who) for name in names if name not in spelled)
        return cards

    def talks(
        self, spelled: Mapping[str, Identifier], cards: Mapping[str, Mapping[str, Identifier]]
    ) -> Iterator[Talk]:
        """The conversations and calls in which one of these spellings takes part."""
        names = {*spelled, *(name for card in cards.values() for name in card)}
        for name in (MESSAGE.name, CALL.name) if names else ():
            table = self.tables.get(name)
            if table is None:
                continue
            held = table.filter(ibis.or_(*(_any_of(table[c], names) for c in PARTICIPANTS[name])))
            people = ibis.array([table[c] for c in PARTICIPANTS[name] if c != "recipients"])
            if name == MESSAGE.name:
                people = people.concat(table.recipients.fill_null([]))
            met = held.select("exhibit_id", key=key_of(held, name), who=people.unnest()).distinct()
            who: dict[tuple[str, str], set[Identifier]] = {}
            for row in self._rows(met):
                card = cards.get(row["exhibit_id"], {})
                if (one := spelled.get(row["who"]) or card.get(row["who"])) is not None:
                    who.setdefault((row["exhibit_id"], row["key"]), set()).add(one)
            counted = self._counted(name, [key for _, key in who])
            for (exhibit_id, key), those in who.items():
                _, *parts = key.split(PART)
                account, thread = parts if name == MESSAGE.name else ("", parts[0])
                yield Talk(
                    name, key, exhibit_id, account, thread, frozenset(those), counted.get(key, 0)
                )

    def _counted(self, name: str, keys: list[str]) -> dict[str, int]:
        """How many rows each key has."""
        if not keys:
            return {}
        table = self.tables[name].mutate(key=key_of(self.tables[name], name))
        chosen = table.filter(table.key.isin(keys)).group_by("key").agg(n=ibis._.count())
        return {row["key"]: row["n"] for row in self._rows(chosen)}

    def attached(self, keys: Collection[str]) -> dict[str, list[str]]:
        """By key of a conversation, the keys of the files attached to its messages."""
        found: dict[str, list[str]] = {}
        table = self.tables.get(MESSAGE.name)
        if table is None or not keys:
            return found
        held = table.filter(table.attachment_sha256.notnull(), key_of(table, "message").isin(keys))
        media = held.exhibit_id + PART + held.attachment_sha256
        for row in self._rows(held.select(key=key_of(held, "message"), media=media).distinct()):
            found.setdefault(row["key"], []).append(row["media"])
        return {key: sorted(media) for key, media in found.items()}

    def keys_of(self, ids: Collection[int], keys: Collection[str]) -> dict[int, str]:
        """Which of the rows ``ids`` stand under one of ``keys``, and which."""
        found: dict[int, str] = {}
        self._db.register("_given", pa.table({"row_id": pa.array(sorted(ids), pa.int64())}))
        self._db.execute("CREATE OR REPLACE TABLE _wanted AS FROM _given")
        wanted = ibis.table({"row_id": "int64"}, name="_wanted")
        for name in SEALED:
            table = self.tables.get(name)
            if table is not None:
                held = table.semi_join(wanted, "row_id")
                held = held.select("row_id", key=key_of(held, name))
                held = held.filter(held.key.isin(list(keys)))
                found |= {row["row_id"]: row["key"] for row in self._rows(held)}
        return found

    def of(self, schema: Schema, exhibit_id: str, keys: Collection[str]) -> Iterator[pa.Table]:
        """The rows of one table and exhibit that stand under none of ``keys``, in order."""
        table = self.tables.get(schema.name)
        if table is None:
            return
        kept = table.filter(table.exhibit_id == exhibit_id)
        if keys:
            kept = kept.filter(~key_of(kept, schema.name).isin(list(keys)))
        yield from self._batches(kept.order_by("row_id"))

    def _distinct(self, table: Table, column: str) -> pa.Array:
        values = (
            table[column].unnest()
            if TABLES[table.get_name()].columns[column].type == STRINGS
            else table[column]
        )
        chosen = table.select(value=values).filter(ibis._.value.notnull()).distinct()
        parts = [batch["value"] for batch in self._batches(chosen)]
        return pa.concat_arrays(parts) if parts else pa.array([], pa.string())

    def _rows(self, expression: Table) -> Iterator[dict[str, Any]]:
        for batch in self._batches(expression):
            yield from batch.to_pylist()

    def _batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        schema = expression.schema().to_pyarrow()
        sql = ibis.to_sql(expression, dialect="duckdb")
        for batch in self._db.cursor().execute(sql).to_arrow_reader(_BATCH):
            yield batch.cast(schema)


def _any_of(value: Any, names: Collection[str]) -> Any:
    """True where a column holds one of ``names``, or its list does."""
    if value.type().is_array():
        return value.fill_null([]).intersect(ibis.array(sorted(names))).length() > 0
    return value.isin(sorted(names)).fill_null(False)


def _written(values: pa.Array, kind: str, wanted: Collection[Identifier]) -> dict[str, Identifier]:
    """Which of ``values`` are one of the identifiers ``wanted``, read as a column of ``kind``."""
    as_written = {way: one for one in wanted for way in spellings(one.value.removeprefix("?"))}
    dialled = {_national(one.value): one for one in wanted if one.kind == "phone"}
    found: dict[str, Identifier] = {}
    for value in values.filter(_may_be(values, wanted)).to_pylist():
        known = as_written.get(value) or normalise(kind, value)
        if known is None or known not in wanted:
            known = dialled.get(_national(value)) if _NUMBER.fullmatch(value) else None
        if known is not None:
            found[value] = known
    return found


def _national(number: str) -> str:
    """The digits of a French number without what leads them; of a number no rule knows, too."""
    digits = "".join(filter(str.isdecimal, number))
    return digits.removeprefix("00").removeprefix("33").removeprefix("0")


def _may_be(values: pa.Array, wanted: Collection[Identifier]) -> pa.Array:
    """Where a closer look is worth its time: the signs that no way of writing leaves out."""
    digits = pc.replace_substring_regex(values, "[^0-9]", "")
    may = pc.invert(pc.string_is_ascii(values))
    for one in wanted:
        told = "".join(filter(str.isdecimal, one.value))
        if one.kind == "phone" and len(told) >= _TAIL:
            may = pc.or_(may, pc.match_substring(digits, told[-_TAIL:]))
        else:
            core = one.value.removeprefix("?")
            may = pc.or_(may, pc.match_substring(values, core, ignore_case=True))
    return may


def _quoted(value: object) -> str:
    return str(value).replace("'", "''")
