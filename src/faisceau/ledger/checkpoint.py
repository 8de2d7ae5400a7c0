"""Checkpoints: the tree's root at one size, signed twice, each holding the hash of the one before.

Whoever verifies the signatures of the last one and follows the hashes back has verified every
byte of all the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from faisceau.errors import Damaged
from faisceau.ledger import canonical
from faisceau.ledger.files import last_line
from faisceau.ledger.keys import ALGORITHMS, KeyRing, PublicKeys
from faisceau.words import N_

FIRST = "0" * 64
"""What the first checkpoint holds in place of the one before."""

_DOMAIN = b"faisceau ledger checkpoint v1\n"
_FIELDS = frozenset(["case", "size", "length", "root", "at", "previous", "signatures"])
_LONGEST = 64 * 1024  # bytes; a checkpoint has five thousand
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a ledger at one moment.

    ``size`` entries, ``length`` bytes of ``entries.jsonl``, ``root`` of their tree (hex), ``at``
    (RFC 3339, UTC), ``previous``: SHA-256 of the line before (hex), ``signatures`` by algorithm
    (base64).
    """

    case: str
    size: int
    length: int
    root: str
    at: str
    previous: str
    signatures: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """What is signed, as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "signatures"}

    def message(self) -> bytes:
        """The bytes that both keys sign; their first line keeps them apart from other messages."""
        return _DOMAIN + canonical.dumps(self.body())

    def to_json(self) -> dict[str, Any]:
        """The checkpoint as a JSON object."""
        return {**self.body(), "signatures": dict(self.signatures)}

    def line(self) -> bytes:
        """The bytes that stand in the file, without the line's end."""
        return canonical.dumps(self.to_json())

    def faults(self, keys: PublicKeys) -> list[str]:
        """The algorithms whose signature does not hold: none for a genuine checkpoint."""
        message = self.message()
        return [n for n in ALGORITHMS if not keys.signed(n, self.signatures[n], message)]


def sign(
    ring: KeyRing, *, size: int, length: int, root: bytes, at: str, previous: str
) -> Checkpoint:
    """A checkpoint signed with the keys of the case."""
    bare = Checkpoint(ring.case_id, size, length, root.hex(), at, previous, {})
    return Checkpoint(**{**bare.body(), "signatures": ring.sign(bare.message())})


def parse(line: bytes) -> Checkpoint:
    """The checkpoint of a line (without its end); Damaged when it is not one. Not its signatures:
    see :meth:`Checkpoint.faults`."""
    try:
        value = canonical.loads(line)
    except ValueError as error:
        raise Damaged(N_("this is not a line of canonical JSON")) from error
    if type(value) is not dict or value.keys() != _FIELDS:
        raise Damaged(N_("the fields are not those of a checkpoint"))
    good = (
        type(value["case"]) is str
        and type(value["size"]) is int
        and type(value["length"]) is int
        and 0 <= value["size"] <= value["length"]
        and canonical.is_stamp(value["at"])
        and all(_is_hash(value[name]) for name in ("root", "previous"))
        and type(value["signatures"]) is dict
        and value["signatures"].keys() == set(ALGORITHMS)
        and all(type(text) is str for text in value["signatures"].values())
    )
    if not good:
        raise Damaged(N_("the fields are not those of a checkpoint"))
    return Checkpoint(**value)


def digest(line: bytes) -> str:
    """SHA-256 of a checkpoint's line, as the next one holds it (hex)."""
    return sha256(line).hexdigest()


def find(path: Path, stop: int, size: int) -> tuple[Checkpoint, bytes] | None:
    """The first checkpoint that covers ``size`` entries, with its line; None when none does.

    Sizes rise along the file, so it is halved until found. Signatures are not looked at.
    """
    offset, line, stop = last_line(path, stop)
    low, best = 0, None  # lines that begin in low..stop may hold the answer
    while line:
        here = parse(line)
        if here.size >= size:
            best, stop = (here, line), offset
        else:
            low = offset + len(line) + 1
        if low >= stop:
            break
        # The line in which the middle byte lies.
        offset, line = _line_around(path, (low + stop) // 2, stop)
    return best


def _line_around(path: Path, middle: int, stop: int) -> tuple[int, bytes]:
    """The whole line that holds the byte at ``middle``; ``stop`` is a line's end."""
    begin = last_line(path, middle)[2]  # the end of the line before
    with path.open("rb") as file:
        file.seek(begin)
        return begin, file.read(min(stop - begin, _LONGEST)).split(b"\n")[0]


def _is_hash(value: Any) -> bool:
    return type(value) is str and len(value) == 64 and _HEX.issuperset(value)
