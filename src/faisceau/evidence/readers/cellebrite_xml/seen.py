"""Which messages of a chat have passed, for those that answer them, in bounded memory."""

import sqlite3

RECENT = 65_536
"""Ids in memory, twice; older ones wait on disk."""
MERGED = 16
"""Tables of older ids that are made one."""


class Seen:
    """Model id of each message, by its id in the application and by its model id.

    An answer mostly follows closely. What is older goes to a temporary database, in tables that
    are written in the order of their keys: one large table would be rewritten with every message.
    A key there is the 64-bit hash of an id, which Python draws anew in each process.
    """

    def __init__(self) -> None:
        self._young: dict[str, str] = {}
        self._old: dict[str, str] = {}
        self._db: sqlite3.Connection | None = None
        self._tables: list[str] = []
        self._made = 0

    def add(self, model: str, own: str | None) -> None:
        """A message has passed."""
        if own:
            self._young[own] = model
        self._young[model] = model
        if len(self._young) >= RECENT:
            self._keep(self._old)
            self._old, self._young = self._young, {}

    def get(self, key: str | None) -> str | None:
        """Model id of the message that has this id, its own or the model's; None for none."""
        if key is None:
            return None
        return self._young.get(key) or self._old.get(key) or self._kept(key)

    def _kept(self, key: str) -> str | None:
        for table in reversed(self._tables):
            assert self._db is not None
            query = f"SELECT model FROM {table} WHERE key = ?"
            if (row := self._db.execute(query, (hash(key),)).fetchone()) is not None:
                return key if row[0] is None else str(row[0])
        return None

    def _keep(self, ids: dict[str, str]) -> None:
        """Write ids to disk; the model id of one that is its own is not repeated."""
        if not ids:
            return
        if self._db is None:
            self._db = sqlite3.connect("", isolation_level=None)  # temporary, on disk
            self._db.execute("PRAGMA journal_mode = OFF")
        rows = sorted((hash(key), None if key == model else model) for key, model in ids.items())
        table = self._table(f"fresh{self._made}")
        self._db.execute("BEGIN")
        self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", rows)
        self._db.execute("COMMIT")
        fresh = [name for name in self._tables if name.startswith("fresh")]
        if len(fresh) >= MERGED:
            every = " UNION ALL ".join(f"SELECT * FROM {name}" for name in reversed(fresh))
            merged = self._table(f"merged{self._made}")
            self._db.execute(f"INSERT OR IGNORE INTO {merged} {every} ORDER BY key")
            for name in fresh:
                self._db.execute(f"DROP TABLE {name}")
                self._tables.remove(name)

    def _table(self, name: str) -> str:
        assert self._db is not None
        self._db.execute(f"CREATE TABLE {name} (key INTEGER PRIMARY KEY, model TEXT)")
        self._tables.append(name)
        self._made += 1
        return name
