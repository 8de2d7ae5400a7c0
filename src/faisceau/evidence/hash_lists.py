"""Hash lists: files already known, to leave aside or to flag, by the hashes of their bytes.

CSV with a header naming its hashes (``SHA-256``, ``SHA-1``, ``MD5`` in any spelling), as the
National Software Reference Library publishes (``NSRLFile.txt``, RDS 2), or one hash a line. The
list's own hash goes into the ledger: what it knew can be checked later.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from faisceau.errors import BadInput
from faisceau.evidence.reading import Member
from faisceau.words import N_

Purpose = Literal["ignore", "flag"]

_BY_NAME = {"sha256": "sha256", "sha1": "sha1", "md5": "md5", "hash": ""}
_BY_LENGTH = {64: "sha256", 40: "sha1", 32: "md5"}
_BYTES = {"sha256": 32, "sha1": 20, "md5": 16}
_BLOCK = 8 << 20


@dataclass(frozen=True, slots=True)
class HashList:
    """One list: what it is for, its name, its own sha256, and its hashes.

    ``hashes``: sorted fixed-width byte strings by algorithm; a hundred million fit in memory.
    """

    purpose: Purpose
    name: str
    sha256: str
    hashes: Mapping[str, np.ndarray[Any, Any]]

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that the list uses."""
        return tuple(self.hashes)

    def __len__(self) -> int:
        return sum(len(found) for found in self.hashes.values())

    def knows(self, digests: Mapping[str, bytes]) -> bool:
        """True when one of the digests (by algorithm) is in the list."""
        for algorithm, known in self.hashes.items():
            wanted = np.array([digests[algorithm]], dtype=known.dtype)
            at = int(np.searchsorted(known, wanted)[0])
            if at < len(known) and known[at] == wanted[0]:
                return True
        return False


def read_hash_list(path: Path, purpose: Purpose) -> HashList:
    """A hash list from a CSV file. Raises ``BadInput`` when it holds no hash, or a wrong one."""
    try:
        with path.open("rb") as file:
            own = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            header = file.readline(65536).decode("utf-8-sig", "replace").strip()
    except OSError as error:
        raise BadInput(
            N_("{name} cannot be read: {why}"), name=path.name, why=error.strerror
        ) from error
    columns = _columns(header)
    named = bool(columns)
    if not named:
        columns = {"0": _algorithm(header, path)}
    found: dict[str, list[bytes]] = {algorithm: [] for algorithm in columns.values()}
    for batch in _batches(path, list(columns), named=named):
        for name, algorithm in columns.items():
            found[algorithm].append(_packed(batch.column(name), algorithm, path))
    hashes = {
        algorithm: np.unique(np.frombuffer(b"".join(parts), dtype=f"S{_BYTES[algorithm]}"))
        for algorithm, parts in found.items()
    }
    return HashList(purpose, path.name, own, hashes)


def digests(member: Member, algorithms: frozenset[str]) -> dict[str, bytes]:
    """The digests of a file's bytes, by algorithm, read once."""
    if algorithms <= {"sha256"}:
        return {"sha256": bytes.fromhex(member.sha256())}
    states = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with member.open() as stream:
        while block := stream.read(1 << 20):
            for state in states.values():
                state.update(block)
    return {name: state.digest() for name, state in states.items()}


def _columns(header: str) -> dict[str, str]:
    """Header cell -> algorithm, for the columns that are hashes."""
    cells = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", header)]
    plain = {cell: re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in cells}
    return {cell: _BY_NAME[name] for cell, name in plain.items() if _BY_NAME.get(name)}


def _algorithm(first: str, path: Path) -> str:
    cell = re.split(r"[,;\s]", first)[0].strip('"')
    if re.fullmatch(r"[0-9A-Fa-f]+", cell) and len(cell) in _BY_LENGTH:
        return _BY_LENGTH[len(cell)]
    raise BadInput(
        N_("{name} is no list of hashes"),
        hint=N_("A CSV file with a column SHA-256, SHA-1 or MD5, or one hash a line"),
        name=path.name,
    )


def _batches(path: Path, columns: list[str], *, named: bool) -> Any:
    with path.open("rb") as file:
        first = file.readline(65536).decode("utf-8", "replace")
    delimiter = max(",;\t", key=first.count)
    width = first.count(delimiter) + 1
    names = None if named else [str(n) for n in range(width)]
    options = csv.ConvertOptions(
        include_columns=columns, column_types={name: pa.string() for name in columns}
    )
    try:
        yield from csv.open_csv(
            path,
            csv.ReadOptions(block_size=_BLOCK, column_names=names),
            csv.ParseOptions(delimiter=delimiter, invalid_row_handler=lambda _: "skip"),
            options,
        )
    except (pa.ArrowInvalid, KeyError) as error:
        raise BadInput(
            N_("{name} cannot be read: {why}"), name=path.name, why=str(error)[:200]
        ) from error


def _packed(column: pa.Array, algorithm: str, path: Path) -> bytes:
    given = column.filter(pc.and_(pc.is_valid(column), pc.not_equal(column, "")))
    wrong = pc.invert(pc.match_substring_regex(given, f"^[0-9A-Fa-f]{{{2 * _BYTES[algorithm]}}}$"))
    if pc.any(wrong).as_py():
        raise BadInput(
            N_("{name}: {value} is no {algorithm}"),
            name=path.name,
            value=given.filter(wrong)[0].as_py()[:80],
            algorithm=algorithm,
        )
    return bytes.fromhex("".join(given.to_pylist()))
