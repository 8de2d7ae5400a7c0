"""The nouns of evidence: an exhibit, the files it rests on, the members it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["file", "folder"]
Status = Literal["kept", "withdrawn", "purged"]
State = Literal["read", "recognised", "known", "media", "unknown", "rejected", "waiting"]
"""What became of a file: read by a reader; recognised and set aside; left aside as a known one
(``--ignore-hashes``); kept as media; of an unknown format; rejected;
or waiting, after a first look (``--first``)."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One exhibit of the case: one path that was added.

    ``size``: bytes of its files; ``origin``: where it lay, absolute; ``timezone``: in which times
    without a zone were read; ``ended_*``: when, by whom and on which decision it was withdrawn or
    purged. ``clock_offset_s``: by how many seconds the clock of the handset was ahead; the times in
    the tables are corrected by it. ``tables`` counts by table
    (``{"message": {"rows": 74, "rejected": 0}}``); ``unread``, ``unknown`` and
    ``left`` count cells and fields by name; ``files`` the files by what became of them,
    ``aside`` those recognised, by what they are; ``strange`` the largest of unknown format;
    ``unread_tables`` the rows of each table that no
    reader asked for, by database; ``flagged`` the files that a list of hashes flags, by its name,
    and ``wanted`` the paths of the first of them. ``hits``: plate reads that a watch told.
    """

    number: int
    label: str
    sha256: str
    size: int
    kind: Kind
    origin: str
    added_at: datetime
    added_by: str
    in_place: bool = False
    status: Status = "kept"
    procedure: str | None = None
    timezone: str | None = None
    clock_offset_s: int = 0
    note: str = ""
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_why: str | None = None
    readers: tuple[str, ...] = ()
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, int] = field(default_factory=dict)
    strange: tuple[str, ...] = ()
    flagged: Mapping[str, int] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    unread_tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    procedures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    handset: bool = False
    hits: bool = False

    @property
    def exhibit_id(self) -> str:
        """``E1``, ``E2`` …"""
        return f"E{self.number}"

    @property
    def reader(self) -> str:
        """The readers that read it, empty when none knew it."""
        return ", ".join(self.readers)


@dataclass(frozen=True, slots=True)
class Stored:
    """One file that an exhibit rests on.

    ``path`` is relative to the case folder, or absolute (and ``outside``) for an original that
    stays where it is.
    """

    path: str
    sha256: str
    size: int
    outside: bool = False

    def fixity(self) -> dict[str, str | int]:
        """What the ledger records of it."""
        return {"path": self.path, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True, slots=True)
class MemberState:
    """One file of an exhibit, at any depth, and what became of it.

    ``what`` it is, if known; ``flagged_by``: the list of hashes (``--flag-hashes``) that names it.
    """

    path: str
    state: State
    sha256: str | None = None
    size: int | None = None
    reader: str | None = None
    what: str | None = None
    flagged_by: str | None = None
