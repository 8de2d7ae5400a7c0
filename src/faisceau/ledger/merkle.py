"""The tree behind the ledger: bytes in, bytes out, nothing on disk.

Hashing, proofs and their verification are those of RFC 9162, section 2.1 (Certificate
Transparency 2.0): a leaf is hashed under ``0x00``, a node under ``0x01``, the left subtree of
``n`` leaves holds the largest power of two below ``n``. All hashes are SHA-256, 32 bytes.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""Root of a tree without leaves."""

Range = tuple[int, int]
"""Leaves ``start`` to ``end`` (excluded) that form one subtree."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node over its two children."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree reduced to the roots of its full subtrees: one per set bit of ``size``.

    Enough to append and to give the root; about 20 hashes for a million leaves.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError(size)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        size, hashes = self.size, self.hashes
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        if not self.hashes:
            return EMPTY
        *rest, root = self.hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root

    def copy(self) -> "Frontier":
        """An independent frontier over the same leaves."""
        return Frontier(self.size, self.hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_ranges(number: int, size: int) -> list[Range]:
    """The subtrees whose roots are the inclusion path of leaf ``number`` (RFC 9162, 2.1.3.1).

    From the leaf upwards. Raises ValueError when the tree of ``size`` has no such leaf.
    """
    if not 0 <= number < size:
        raise ValueError(number)
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if number < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The subtrees whose roots prove that the tree of ``old`` leaves begins that of ``new``.

    RFC 9162, 2.1.4.1. Raises ValueError unless ``0 < old <= new``.
    """
    if not 0 < old <= new:
        raise ValueError(old)
    start, end, path, whole = 0, new, [], True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


def range_roots(ranges: Sequence[Range], leaves: Iterable[bytes]) -> list[bytes]:
    """Root of each range, in one pass over the leaf hashes; ranges do not overlap."""
    frontiers = {span: Frontier() for span in ranges}
    waiting = sorted(ranges, reverse=True)
    for number, leaf in enumerate(leaves):
        while waiting and number >= waiting[-1][1]:
            waiting.pop()
        if not waiting:
            break
        if number >= waiting[-1][0]:
            frontiers[waiting[-1]].append(leaf)
    return [frontiers[span].root() for span in ranges]


def includes(leaf: bytes, number: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True when ``path`` proves ``leaf`` to be leaf ``number`` under ``root`` (2.1.3.2)."""
    if not 0 <= number < size:
        return False
    at, last, got = number, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            got = node_hash(step, got)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            got = node_hash(got, step)
        at, last = at >> 1, last >> 1
    return last == 0 and got == root


def extends(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """True when ``path`` proves that the tree of ``new`` leaves only added to ``old`` (2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    got_old = got_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            got_old, got_new = node_hash(step, got_old), node_hash(step, got_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            got_new = node_hash(got_new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and got_old == old_root and got_new == new_root


def _split(width: int) -> int:
    """The largest power of two below ``width``."""
    return 1 << (width - 1).bit_length() - 1
