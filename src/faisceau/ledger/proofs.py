"""Proofs to hand over: that one entry stands in the log, or that the log only grew.

A proof is one JSON object that holds all it needs, public keys included; :func:`check_proof`
reads it offline, without the case. What it cannot know is whose keys these are: compare the
fingerprint with one obtained elsewhere (a report, a letter, a telephone call).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faisceau.errors import Damaged, NotFound
from faisceau.ledger import checkpoint as checkpoints
from faisceau.ledger import files
from faisceau.ledger.checkpoint import Checkpoint
from faisceau.ledger.entry import Entry, parse
from faisceau.ledger.files import Places
from faisceau.ledger.keys import PublicKeys
from faisceau.ledger.merkle import (
    Range,
    consistency_ranges,
    extends,
    includes,
    inclusion_ranges,
    leaf_hash,
    range_roots,
)
from faisceau.words import N_

INCLUSION = "faisceau-ledger-inclusion-1"
CONSISTENCY = "faisceau-ledger-consistency-1"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves: ``entry`` stands in the log, or the log of ``old`` begins that of
    ``checkpoint``; signed with the keys of this ``fingerprint``."""

    checkpoint: Checkpoint
    fingerprint: str
    entry: Entry | None = None
    old: Checkpoint | None = None


def prove_inclusion(case_folder: Path, number: int) -> dict[str, Any]:
    """That entry ``number`` stands in the log, under its last checkpoint (RFC 9162, 2.1.3).

    NotFound when the last checkpoint does not cover it.
    """
    places = Places(case_folder)
    last, line = _last(places)
    if not 0 <= number < last.size:
        raise NotFound(
            N_("The ledger has no signed entry {number}: it has {size}"),
            number=number,
            size=last.size,
        )
    entry = next(text for n, text in enumerate(_entries(places, last)) if n == number)
    return {
        "format": INCLUSION,
        "entry": entry.decode("utf-8"),
        "path": _path(places, inclusion_ranges(number, last.size), last),
        "checkpoint": line.decode("utf-8"),
        "keys": dict(PublicKeys.read(places.keys).pems),
    }


def prove_consistency(case_folder: Path, size_old: int, size_new: int) -> dict[str, Any]:
    """That the log of ``size_new`` entries only added to that of ``size_old`` (RFC 9162, 2.1.4).

    NotFound unless a checkpoint was signed at each size (a report prints one), both above 0.
    """
    places = Places(case_folder)
    (old, old_line), (new, new_line) = _at(places, size_old), _at(places, size_new)
    if not 0 < size_old <= size_new:
        raise NotFound(
            N_("There is nothing to prove between {old} and {new} entries"),
            old=size_old,
            new=size_new,
        )
    return {
        "format": CONSISTENCY,
        "old": old_line.decode("utf-8"),
        "path": _path(places, consistency_ranges(old.size, new.size), new),
        "checkpoint": new_line.decode("utf-8"),
        "keys": dict(PublicKeys.read(places.keys).pems),
    }


def check_proof(proof: Mapping[str, Any]) -> Proven:
    """Check a proof, offline and without its case; Damaged, with the reason, when it fails.

    1. The public keys and the checkpoints are well formed.
    2. Both signatures of each checkpoint hold.
    3. The path leads from the entry, or from the older root, to the signed root.
    """
    try:
        kind = proof["format"]
        keys = PublicKeys.of(proof["keys"])
        new = checkpoints.parse(proof["checkpoint"].encode("utf-8"))
        path = [bytes.fromhex(step) for step in proof["path"]]
        entry = parse(proof["entry"].encode("utf-8")) if kind == INCLUSION else None
        old = checkpoints.parse(proof["old"].encode("utf-8")) if kind == CONSISTENCY else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(N_("This is not a proof from a ledger")) from error
    for mark in (new, old):
        if mark and (faults := mark.faults(keys)):
            raise Damaged(
                N_("The checkpoint is not signed with the keys of the proof ({algorithms})"),
                algorithms=faults,
            )
    if entry:
        holds = includes(
            leaf_hash(proof["entry"].encode("utf-8")),
            entry.number,
            new.size,
            path,
            bytes.fromhex(new.root),
        )
    elif old:
        roots = bytes.fromhex(old.root), bytes.fromhex(new.root)
        holds = old.case == new.case and extends(old.size, new.size, *roots, path)
    else:
        raise Damaged(N_("This is not a proof from a ledger"))
    if not holds:
        raise Damaged(N_("The proof does not lead to the signed root"))
    return Proven(new, keys.fingerprint, entry, old)


def _last(places: Places) -> tuple[Checkpoint, bytes]:
    _, line, _ = files.last_line(places.checkpoints, files.length(places.checkpoints))
    return checkpoints.parse(line), line


def _at(places: Places, size: int) -> tuple[Checkpoint, bytes]:
    """The checkpoint signed at exactly ``size`` entries."""
    found = checkpoints.find(places.checkpoints, files.length(places.checkpoints), size)
    if found is None or found[0].size != size:
        raise NotFound(
            N_("No checkpoint was signed at {size} entries"),
            hint=N_("`faisceau ledger show` lists the checkpoints."),
            size=size,
        )
    return found


def _entries(places: Places, mark: Checkpoint) -> Iterator[bytes]:
    """The lines that a checkpoint covers, without their ends."""
    return (line[:-1] for _, line in files.lines(places.entries, 0, mark.length))


def _path(places: Places, ranges: Sequence[Range], mark: Checkpoint) -> list[str]:
    leaves = map(leaf_hash, _entries(places, mark))
    return [root.hex() for root in range_roots(ranges, leaves)]
