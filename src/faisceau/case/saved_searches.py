"""Searches that agents keep under a name: work product, as views are.

A saved search is a question in the search language; what answers it is asked anew each time, under
the mandate of that day.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.door import Door
from faisceau.errors import NotFound, UsageError
from faisceau.mandate.act import Act
from faisceau.tables.search_query import parse
from faisceau.words import N_

LONGEST_NAME = 80
LONGEST = 10_000
_metadata = sa.MetaData()
_searches = sa.Table(
    "saved_search",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question kept: its id (``Q1`` …) and name, who kept it and when."""

    search_id: str
    name: str
    question: str
    agent: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "search_id": self.search_id,
            "name": self.name,
            "query": self.question,
            "agent": self.agent,
            "at": self.at,
        }


class SavedSearches:
    """The saved searches of one case; may be shared by threads."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def listed(self) -> list[SavedSearch]:
        """Every saved search, by name."""
        with self._door.gate.passing(Act("findings")) as (_permit, closing):
            found = self._read()
            closing.data["searches"] = len(found)
        return found

    def save(self, name: str, question: str) -> SavedSearch:
        """Keep a question; one of the same name is replaced.

        Raises ``UsageError`` for no name, or a question that cannot be read.
        """
        name, question = " ".join(name.replace("\0", "").split()), question.strip()
        if not name or len(name) > LONGEST_NAME or len(question) > LONGEST or not question:
            raise UsageError(
                N_("A saved search needs a question, and a name of at most {most} characters"),
                most=LONGEST_NAME,
            )
        parse(question)
        with self._door.writing(), self._door.gate.passing(Act("note")) as (permit, closing):
            closing.data["searches"] = 1
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                _metadata.create_all(connection)  # older catalogs have none
                connection.execute(sa.delete(_searches).where(_searches.c.name == name))
                connection.execute(
                    sa.insert(_searches).values(
                        name=name,
                        question=question.replace("\0", ""),
                        agent=self._door.agent,
                        at=self._door.clock().isoformat(),
                    )
                )
        [kept] = [one for one in self._read() if one.name == name]
        return kept

    def remove(self, search_id: str) -> None:
        """Take a saved search away. Raises ``NotFound``."""
        with self._door.writing(), self._door.gate.passing(Act("note")) as (permit, closing):
            if search_id not in {one.search_id for one in self._read()}:
                raise NotFound(N_("There is no saved search {search}"), search=search_id)
            closing.data.update(searches=-1, search=search_id)
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                number = int(search_id[1:])
                connection.execute(sa.delete(_searches).where(_searches.c.number == number))

    def _read(self) -> list[SavedSearch]:
        with self._door.database.connect() as connection:
            if not sa.inspect(connection).has_table(_searches.name):
                return []
            rows = connection.execute(sa.select(_searches).order_by(_searches.c.name)).all()
        return [
            SavedSearch(f"Q{r.number}", r.name, r.question, r.agent, datetime.fromisoformat(r.at))
            for r in rows
        ]
