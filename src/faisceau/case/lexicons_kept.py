"""Versions of lexicons that agents write in a case: each a file of its own, none ever changed.

A version begins as the text of another one, of the house or of the case. It is kept under
``lexicons/`` once it holds together; the ledger has its hash, so that ``verify`` covers it. An
analysis takes it by the path of its file, as any lexicon.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from faisceau.analyses.messages._lexicon import rules
from faisceau.case import catalog
from faisceau.case.door import Door
from faisceau.disk import sync, write_durably
from faisceau.errors import BadInput, Damaged, NotFound, UsageError
from faisceau.mandate.act import Act
from faisceau.tables.lexicons import Lexicon, house_lexicons, read_lexicon, written
from faisceau.words import N_

FOLDER = "lexicons"
LARGEST = 2_000_000
"""Bytes of a lexicon, at most."""
_VERSION = re.compile(r"^version:.*$", re.MULTILINE)
_metadata = sa.MetaData()
_lexicons = sa.Table(
    "lexicon",
    _metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class KeptLexicon:
    """A version kept in the case. ``path``: its file, as an analysis takes it."""

    name: str
    version: int
    path: Path
    sha256: str
    agent: str
    at: datetime
    why: str

    @property
    def called(self) -> str:
        """Name and version: ``stupefiants 4``."""
        return f"{self.name} {self.version}"


class Lexicons:
    """The lexicons that a case can work with."""

    def __init__(self, door: Door, folder: Path) -> None:
        self._door = door
        self._folder = folder

    def listed(self) -> list[KeptLexicon]:
        """The versions kept in the case, by name, the latest first."""
        with self._door.gate.passing(Act("lexicon")) as (_permit, closing):
            found = self._read()
            closing.data["lexicons"] = len(found)
        return found

    def text(self, called: str) -> str:
        """What a lexicon says: one of the house by name, or one kept here by name and version.

        Raises ``NotFound``, ``Damaged``.
        """
        with self._door.gate.passing(Act("lexicon")) as (_permit, closing):
            raw = self._raw(called)
            closing.data["lexicon"] = hashlib.sha256(raw).hexdigest()
        return raw.decode("utf-8")

    def checked(self, called: str, text: str) -> Lexicon:
        """A text as a lexicon, every form of it read. Raises ``BadInput``, ``UsageError``."""
        raw = text.encode("utf-8", "replace")
        if len(raw) > LARGEST:
            raise UsageError(N_("A lexicon has at most {most} bytes"), most=LARGEST)
        lexicon = read_lexicon(called.partition(" ")[0], raw)
        try:
            _ = rules(lexicon).scanner.groups
        except (re.error, KeyError, ValueError, RecursionError) as error:
            raise BadInput(
                N_("The lexicon {name} cannot be read: {error}"),
                name=lexicon.name,
                error=repr(error),
            ) from error
        return lexicon

    def save(self, called: str, text: str, why: str) -> KeptLexicon:
        """Keep a text as the next version of a lexicon; its own line ``version:`` says so.

        Raises ``BadInput`` when it does not hold together, ``UsageError`` without a why.
        """
        if not (why := " ".join(why.split())):
            raise UsageError(N_("Say why the lexicon changes: it is kept with the version"))
        name = called.partition(" ")[0]
        with self._door.writing(), self._door.gate.passing(Act("lexicon")) as (permit, closing):
            before = self._raw(called)
            last = [one.version for one in self._read() if one.name == name]
            version = 1 + max([*last, _version(read_lexicon(name, before)), _stated(text)])
            if not _VERSION.search(text):
                raise BadInput(N_("The lexicon {name} has no line version:"), name=name)
            new = _VERSION.sub(f"version: {version}", text, count=1)
            lexicon = self.checked(called, new)
            path = self._folder / FOLDER / f"{name}-{version}.yaml"
            raw = new.encode("utf-8", "replace")
            kept = {"path": f"{FOLDER}/{path.name}", "sha256": lexicon.sha256, "size": len(raw)}
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)  # left by a version that was killed before its commit
            write_durably(path, raw, mode=0o444)
            sync(path.parent)
            closing.data.update(
                lexicon=hashlib.sha256(before).hexdigest(), version=version, files_added=[kept]
            )
            try:
                with catalog.committing(self._door.database, permit.number, closing) as connection:
                    _metadata.create_all(connection)  # older catalogs have none
                    connection.execute(
                        sa.insert(_lexicons).values(
                            name=name,
                            version=version,
                            path=kept["path"],
                            sha256=lexicon.sha256,
                            agent=self._door.agent,
                            at=self._door.clock().isoformat(),
                            why=why,
                        )
                    )
            except BaseException:
                closing.data.clear()
                path.unlink(missing_ok=True)
                raise
        [made] = [one for one in self._read() if (one.name, one.version) == (name, version)]
        return made

    def _raw(self, called: str) -> bytes:
        for one in self._read():
            if one.called == called:
                try:
                    raw = one.path.read_bytes()
                except OSError:
                    raw = b""
                if hashlib.sha256(raw).hexdigest() != one.sha256:
                    raise Damaged(N_("The lexicon {name} is not the one kept"), name=called)
                return raw
        if called not in house_lexicons():  # a path is none of the case's business
            raise NotFound(N_("There is no lexicon {name}"), name=called)
        return written(called)[1]

    def _read(self) -> list[KeptLexicon]:
        with self._door.database.connect() as connection:
            if not sa.inspect(connection).has_table(_lexicons.name):
                return []
            query = sa.select(_lexicons).order_by(_lexicons.c.name, _lexicons.c.version.desc())
            return [self._one(row) for row in connection.execute(query)]

    def _one(self, row: Any) -> KeptLexicon:
        return KeptLexicon(
            row.name,
            row.version,
            self._folder / row.path,
            row.sha256,
            row.agent,
            datetime.fromisoformat(row.at),
            row.why,
        )


def _version(lexicon: Lexicon) -> int:
    digits = re.match(r"[0-9]{1,6}", lexicon.version)
    return int(digits[0]) if digits else 0


def _stated(text: str) -> int:
    """The version before that which the text itself asks for."""
    found = re.search(r"^version:\s*([0-9]{1,6})\s*$", text, re.MULTILINE)
    return int(found[1]) - 1 if found else 0
