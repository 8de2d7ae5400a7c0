"""Identifiers written in texts: accounts, addresses, numbers, plates, links.

From the mentions that the desk derives while rows are stored; each cites its first row. Whether
another exhibit holds the same identifier is another kind of work (``matching``).
"""

from collections.abc import Iterator

from ibis import _

from faisceau.analyses.messages._digest.given import Given, Line, Rows, strongest
from faisceau.tables.schemas import TABLES
from faisceau.words import N_, Term

WRITTEN = N_("{kind} {value}, in {n} rows")
KINDS = {
    "iban": N_("Bank account"),
    "coin_address": N_("Coin address"),
    "plate": N_("Number plate"),
    "imei": N_("Device number (IMEI)"),
    "imsi": N_("Subscriber number (IMSI)"),
    "flight": N_("Flight"),
    "document": N_("Document"),
    "email": N_("Mail address"),
    "phone": N_("Telephone number"),
    "handle": N_("Handle"),
    "url": N_("Link"),
}
"""The kinds shown, those that lead furthest first."""
EACH = 5
"""Lines of one kind, at most."""


def identifiers(given: Given) -> Iterator[Line]:
    """Valid identifiers in messages' texts and subjects, by kind, those used most first."""
    written = given.mention.filter(
        (_["table"] == "message")
        & _.role.isin(["text", "subject"])
        & _.kind.isin(list(KINDS))
        & ~_.value.startswith("?")
    )
    counted = written.group_by("exhibit_id", "kind", "value").agg(n=_.n.sum(), row=_.row_id.min())
    top = strongest(counted, ["exhibit_id", "kind"], [_.n.desc(), _.value], EACH)
    order = list(KINDS)
    rows = list(given.engine.rows(top.drop("place")))
    rows.sort(key=lambda r: (r["exhibit_id"], order.index(r["kind"]), -r["n"], r["value"]))
    for row in rows:
        facts = {"kind": Term(KINDS[row["kind"]]), "value": row["value"], "n": row["n"]}
        cited: Rows = {TABLES["message"]: [row["row"]]}
        yield Line(row["exhibit_id"], row["kind"], WRITTEN, facts, cited)
