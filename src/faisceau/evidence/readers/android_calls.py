"""Android's call log: ``calllog.db``, and Samsung's ``logs.db``.

Schema: AOSP and the documentation of ``CallLog.Calls`` (see ``evidence.android_call_log``). Before
Android 7 the same table stood in ``contacts2.db``, which the reader of contacts reads.

- The holder is the line that the call went over (``phone_account_address``), where it is a
  number; else ``source.owner``, else ``owner``.
- A number that the network withheld is ``private``, one that it did not know ``unknown``: words
  that name nobody, so that the call is kept. Before Android 4.4 they stood as -2 and -1.
- ``missed`` is a call that was not answered: missed, refused, blocked, sent to the answering
  machine. One answered on another device came in. Video calls are ``voice``, as the table knows
  no other.
- Texts in Samsung's log become messages.
"""

from collections.abc import Iterator, Mapping

from faisceau.evidence.android_call_log import CALLS, LEFT, TAKEN, call_log
from faisceau.evidence.databases import opened, table_columns
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.tables.schemas.schema import Batch

FILLS = [CALL, MESSAGE]


def detect(head: Head) -> bool:
    """True for a SQLite file with ``calls``, or Samsung's ``logs``, and no address book."""
    tables = table_columns(head)
    return "raw_contacts" not in tables and any(_logs(tables))


def read(source: Source) -> Iterator[Batch]:
    """Calls in the order of their table; a number missing or withheld does not cost the call."""
    with opened(source) as database:
        found = list(_logs(database.tables))
        for table in found:
            yield from call_log(database, table)
        database.settle(dict.fromkeys(found, TAKEN), dict.fromkeys(found, LEFT))


def _logs(tables: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The tables of calls: AOSP's by its own columns, as others have a table ``calls`` too."""
    if tables.get("calls", frozenset()) >= CALLS | {"numbertype"}:
        yield "calls"
    if tables.get("logs", frozenset()) >= CALLS | {"logtype"}:
        yield "logs"
