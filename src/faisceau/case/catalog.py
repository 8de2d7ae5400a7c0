"""The catalog: one database for exhibits, segments, findings, reviews, and acts committed.

Each store brings its own tables; the desk owns the transaction, so that what one act changes is
committed together. The row in ``act`` is the point of commit: a killed act that has one is
finished by the next writer, one that has none is undone.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from faisceau.case import sealing
from faisceau.case.gate import Closing
from faisceau.errors import CaseError
from faisceau.evidence import register as exhibits
from faisceau.findings import store as findings
from faisceau.tables import lake
from faisceau.words import N_

_metadata = sa.MetaData()
_acts = sa.Table(
    "act",
    _metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("data", sa.Text, nullable=False),
)
_mandates = sa.Table(
    "mandate",
    _metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("agent", sa.String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class MandateVersion:
    """One mandate the case has had; ``path`` is relative to the case."""

    version: int
    path: str
    sha256: str
    since: datetime
    agent: str


def connect(url: str) -> sa.Engine:
    """The catalog's database; on SQLite, a commit is on disk before it is answered."""
    engine = sa.create_engine(url, poolclass=NullPool if url.startswith("sqlite") else None)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "handle_error", _unusable)
    return engine


def _unusable(context: sa.engine.ExceptionContext) -> None:
    """A damaged, locked or unwritable catalog is an error of the case, told in one line."""
    error = context.original_exception
    a_mistake_of_ours = (sqlite3.IntegrityError, sqlite3.ProgrammingError)
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, a_mistake_of_ours):
        raise CaseError(
            N_("The catalog of the case cannot be used: {why}"),
            hint=N_("If another process is at work, try again; else restore it from a copy"),
            why=error,
        ) from error


def _durable(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=60000")
    cursor.execute("PRAGMA secure_delete=ON")  # what is erased leaves the file
    cursor.close()


def settle(database: sa.Engine) -> None:
    """After an erasure: what SQLite still holds of it in its log beside the file goes too.

    A reader at work for more than two seconds leaves it to the next erasure.
    """
    if database.dialect.name == "sqlite":
        with database.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=2000")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def create(connection: sa.Connection) -> None:
    """Create every table of a new catalog."""
    _metadata.create_all(connection)
    sealing.create(connection)
    for store in (exhibits, lake, findings):
        store.create(connection)


@contextmanager
def committing(database: sa.Engine, number: int, closing: Closing) -> Iterator[sa.Connection]:
    """The one transaction of the act opened by ledger entry ``number``: all of it, or nothing.

    What the block put into ``closing`` is its mark of commit; once the ledger has closed the act,
    and what was appended to ``closing.committed`` so far is done, the mark is taken away.
    """
    with database.begin() as connection:
        yield connection
        commit_act(connection, number, closing.data)
    closing.committed.append(lambda: forget(database, number))


def commit_act(connection: sa.Connection, number: int, data: Mapping[str, Any]) -> None:
    """Mark the act opened by ledger entry ``number`` as committed, with its closing data."""
    connection.execute(sa.insert(_acts).values(number=number, data=json.dumps(data)))


def committed_act(connection: sa.Connection, number: int) -> dict[str, Any] | None:
    """The closing data of a committed act; None when it was never committed."""
    text = connection.execute(sa.select(_acts.c.data).where(_acts.c.number == number)).scalar()
    return None if text is None else dict(json.loads(text))


def committed_acts(connection: sa.Connection) -> set[int]:
    """Opening entries of the acts that are committed and whose mark is still there."""
    return set(connection.execute(sa.select(_acts.c.number)).scalars())


def forget(database: sa.Engine, number: int) -> None:
    """The ledger has closed the act: its mark has done its work."""
    with database.begin() as connection:
        connection.execute(sa.delete(_acts).where(_acts.c.number == number))


def add_mandate(connection: sa.Connection, mandate: MandateVersion) -> None:
    """List a new version of the mandate."""
    connection.execute(
        sa.insert(_mandates).values(
            version=mandate.version,
            path=mandate.path,
            sha256=mandate.sha256,
            since=mandate.since.isoformat(),
            agent=mandate.agent,
        )
    )


def mandates(connection: sa.Connection) -> list[MandateVersion]:
    """Every mandate the case has had, the one in force last; never none."""
    rows = connection.execute(sa.select(_mandates).order_by(_mandates.c.version)).all()
    if not rows:
        raise CaseError(N_("The catalog of the case holds no mandate"))
    return [
        MandateVersion(
            r.version, r.path, r.sha256, datetime.fromisoformat(r.since).astimezone(UTC), r.agent
        )
        for r in rows
    ]
