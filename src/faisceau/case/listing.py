"""What the catalog lists, exhibits and segments, read again only when the catalog changed."""

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock

import sqlalchemy as sa

from faisceau.case import sealing
from faisceau.case.sealing import Seal
from faisceau.case.sight import procedures_met
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit
from faisceau.tables import lake
from faisceau.tables.identifiers import Identifier
from faisceau.tables.lake import Segment


@dataclass(frozen=True, slots=True)
class Listed:
    """The exhibits that are kept and the segments there are, at one moment."""

    exhibits: list[Exhibit]
    segments: list[Segment]
    seals: list[Seal] = field(default_factory=list)
    spelled: Mapping[str, Identifier] = field(default_factory=dict)
    """How participants that a mandate names were found written."""
    _procedures: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def procedures(self, tables: Collection[str]) -> frozenset[str]:
        """The procedures in the rows of these tables, as ``procedures_met`` tells them."""
        wanted = frozenset(tables)
        if wanted not in self._procedures:
            self._procedures[wanted] = procedures_met(self.exhibits, wanted)
        return self._procedures[wanted]


class Listing:
    """Reads the catalog's lists for one workspace; may be shared by threads.

    SQLite tells a connection whether another one has committed since (``data_version``), and
    every act has a connection of its own. Other databases are read each time.
    """

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._lock = Lock()
        self._watch: sqlite3.Connection | None = None
        self._known: tuple[int, Listed] | None = None

    def __call__(self) -> Listed:
        """What is listed now."""
        with self._lock:
            version = self._version()
            if version is not None and self._known and self._known[0] == version:
                return self._known[1]
            with self._database.connect() as connection:
                listed = Listed(
                    register.exhibits(connection, status="kept"),
                    lake.segments(connection),
                    sealing.seals(connection),
                    sealing.spelled(connection),
                )
            self._known = None if version is None else (version, listed)
            return listed

    def _version(self) -> int | None:
        """A number that changes with each commit; None where there is none."""
        path = self._database.url.database
        if self._database.dialect.name != "sqlite" or not path:
            return None
        try:
            if self._watch is None:
                self._watch = sqlite3.connect(path, check_same_thread=False)
            [version] = self._watch.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:  # the catalog's own reader says what is wrong with it
            return None
        return int(version)
