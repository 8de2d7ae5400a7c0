"""What an iPhone is signed in with and what is installed: ``Accounts3.sqlite``,
``applicationState.db``.

Apple publishes no description; tables and columns are known from the open tool iLEAPP
(``accounts.py``, ``applicationStateDB.py``). Each file gives one row of ``handset``: the names of
the accounts, each once, or the bundle identifiers of the applications, the system's own included.
"""

from collections.abc import Iterator

import pyarrow as pa

from faisceau.errors import BadInput
from faisceau.evidence.databases import Database, opened, table_columns, text
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import HANDSET
from faisceau.tables.schemas.schema import STRINGS, Batch
from faisceau.words import N_

FILLS = [HANDSET]

_ACCOUNTS, _APPS = "zaccount", "application_identifier_tab"
_TAKEN = {_ACCOUNTS: "z_pk zusername", _APPS: "id application_identifier"}
_LEFT = {
    _ACCOUNTS: """
        z_ent z_opt zaccountdescription zaccounttype zactive zauthenticated zauthenticationtype
        zcredentialtype zdate zdirty zdomainid zidentifier zlastcredentialrenewalrejectiondate
        zlastmodifieddate zmodificationid zowningbundleid zparentaccount zsupportsauthentication
        zvisible zwarmingup""",
    "zaccounttype": """
        z_ent z_opt z_pk zaccounttypedescription zcredentialprotectionpolicy zcredentialtype
        zencryptaccountproperties zidentifier zobsolete zownedbyclient zsupportsauthentication
        zsupportsmultipleaccounts zvisibility""",
    "key_tab": "id key",
    "kvs": "application_identifier id key value",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with Apple's ``ZACCOUNT``, or with ``application_identifier_tab``."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    accounts = {"zusername", "zaccounttype"} <= tables.get(_ACCOUNTS, none)
    return accounts or ("application_identifier" in tables.get(_APPS, none) and "kvs" in tables)


def read(source: Source) -> Iterator[Batch]:
    """One row of ``handset`` for the accounts, one for the applications; none for none.

    Raises ``BadInput`` at the end where damage could not be passed: the rest was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} lists no accounts or applications"), name=source.name)
    with opened(source) as database:
        yield from _list(database, "accounts", _ACCOUNTS, "zusername")
        yield from _list(database, "apps", _APPS, "application_identifier")
        database.settle(_TAKEN, _LEFT)


def _list(database: Database, column: str, table: str, field: str) -> Iterator[Batch]:
    """The values of ``field``, each once, as the one row of ``column``."""
    if not database.has(table, field):
        return
    found: dict[str, None] = {}
    nameless = 0
    for (value,) in database.rows(f"SELECT {field} FROM {table} ORDER BY rowid"):
        name = (text(value) or "").strip()
        nameless += not name
        if name:
            found[name] = None
    database.leave(f"rows of {table} without a name", nameless)
    if found:
        columns = pa.RecordBatch.from_pydict({column: pa.array([list(found)], STRINGS)})
        yield Batch(HANDSET, columns, pa.array([table]))
