"""Views that agents keep: which nodes were drawn, where, with which filter; work product.

They live in the catalog. Saving one is an act (``note``), as a review is. A view keeps keys of
nodes alone; what they show is asked anew each time it is opened, under the mandate of that day.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.door import Door
from faisceau.errors import NotFound, UsageError
from faisceau.mandate.act import Act
from faisceau.words import N_

LONGEST_NAME = 80
LARGEST = 1_000_000
_metadata = sa.MetaData()
_views = sa.Table(
    "view",
    _metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class View:
    """A view kept: its name, who kept it and when, and what it holds."""

    name: str
    agent: str
    at: datetime
    content: Mapping[str, Any]


class Views:
    """The views of one case."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def listed(self) -> list[View]:
        """Every view, by name."""
        with self._door.gate.passing(Act("findings")) as (_permit, closing):
            found = self._read()
            closing.data["views"] = len(found)
        return found

    def save(self, name: str, content: Mapping[str, Any]) -> View:
        """Keep a view; one of the same name is replaced. Raises ``UsageError`` for no name."""
        name, text = " ".join(name.split()), json.dumps(content)
        if not name or len(name) > LONGEST_NAME or len(text) > LARGEST:
            raise UsageError(
                N_("A view needs a name of at most {most} characters"), most=LONGEST_NAME
            )
        with (
            self._door.writing(),
            self._door.gate.passing(Act("note")) as (permit, closing),
        ):
            view = View(name, self._door.agent, self._door.clock(), content)
            closing.data["views"] = 1
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                _metadata.create_all(connection)  # catalogs older than views have none
                connection.execute(sa.delete(_views).where(_views.c.name == name))
                connection.execute(
                    sa.insert(_views).values(
                        name=name, agent=view.agent, at=view.at.isoformat(), content=text
                    )
                )
        return view

    def remove(self, name: str) -> None:
        """Take a view away. Raises ``NotFound``."""
        with (
            self._door.writing(),
            self._door.gate.passing(Act("note")) as (permit, closing),
        ):
            if name not in {view.name for view in self._read()}:
                raise NotFound(N_("There is no view {name}"), name=name)
            closing.data["views"] = -1
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                connection.execute(sa.delete(_views).where(_views.c.name == name))

    def _read(self) -> list[View]:
        with self._door.database.connect() as connection:
            if not sa.inspect(connection).has_table(_views.name):
                return []
            rows = connection.execute(sa.select(_views).order_by(_views.c.name)).all()
        return [
            View(r.name, r.agent, datetime.fromisoformat(r.at), json.loads(r.content)) for r in rows
        ]
