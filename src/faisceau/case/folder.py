"""The case folder: where each room keeps its things.

``case.toml`` says what it is; ``evidence/`` the originals and the mandates; ``tables/`` the lake;
``ledger/`` the log; ``catalog.sqlite`` exhibits, findings, reviews; ``index/`` locks and whatever
can be rebuilt. Keys and the case's secret are not here (see the ledger's keys).
"""

import fcntl
import secrets
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import tomlkit

from faisceau.disk import sync, write_durably
from faisceau.errors import CaseError
from faisceau.ledger.keys import ring_folder
from faisceau.words import N_

FORMAT = 1
MARK = "case.toml"


@dataclass(frozen=True, slots=True)
class Case:
    """A case on disk: its folder, its id, where its catalog is (SQLAlchemy URL)."""

    folder: Path
    case_id: str
    catalog_url: str

    @property
    def evidence(self) -> Path:
        """Originals, content-addressed, read-only."""
        return self.folder / "evidence"

    @property
    def index(self) -> Path:
        """Locks and derived files: all of it can be deleted while nobody works."""
        return self.folder / "index"

    @property
    def scratch(self) -> Path:
        """Where big work spills while it runs."""
        return self.index / "scratch"


def check_free(folder: Path) -> None:
    """Raise ``CaseError`` unless ``folder`` is absent or empty: only there a case is made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CaseError(
            N_("{folder} already holds something"),
            hint=N_("Choose a folder that does not exist yet"),
            folder=folder,
        )


def create(folder: Path) -> Case:
    """Make the folder of a new case, until ``mark``. ``CaseError`` unless absent or empty."""
    check_free(folder)
    for name in ("evidence", "tables", "index"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return _case(folder, secrets.token_hex(8), None)


def mark(case: Case, now: datetime) -> None:
    """Write ``case.toml``, last of all: until it is there, whole, the folder is no case."""
    document = tomlkit.document()
    document.add("format", FORMAT)
    document.add("case_id", case.case_id)
    document.add("created_at", now)
    part = case.folder / f".part-{MARK}"
    write_durably(part, tomlkit.dumps(document).encode())
    part.rename(case.folder / MARK)
    sync(case.folder)


def find(folder: Path) -> Case:
    """The case in ``folder``. Raises ``CaseError`` when there is none that can be opened."""
    mark = folder / MARK
    if not mark.is_file():
        raise CaseError(
            N_("{folder} is not a case"),
            hint=N_("Make one with: faisceau new {folder}"),
            folder=folder,
        )
    try:
        content = tomllib.loads(mark.read_text("utf-8"))
        case_id, version = str(content["case_id"]), int(content["format"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise CaseError(N_("{path} cannot be read: {why}"), path=mark, why=error) from error
    if version > FORMAT:
        raise CaseError(
            N_("{folder} was made by a later version of Faisceau (format {version})"),
            hint=N_("Update Faisceau, then open it again"),
            folder=folder,
            version=version,
        )
    return _case(folder, case_id, content.get("catalog"))


def discard(folder: Path) -> None:
    """Delete a case and its keys for good, where ``folder`` is one. For fictional cases only."""
    if (folder / MARK).is_file():
        shutil.rmtree(ring_folder(find(folder).case_id), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writer_lock(case: Case) -> Iterator[None]:
    """Keep other writers out, of any process; the system frees the lock when its holder dies.

    The lock is on ``case.toml`` itself: a lock file could be swept away while it is held.
    """
    with (case.folder / MARK).open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _case(folder: Path, case_id: str, url: str | None) -> Case:
    folder = folder.absolute()
    return Case(folder, case_id, url or f"sqlite:///{folder / 'catalog.sqlite'}")
