"""What a writer must know to go on: the tree's frontier, and the operations left open.

It is kept in ``index/`` so that a ledger of a million entries is not read again for each append.
The cache is never trusted over the log: it counts only when its HMAC under the secret of the case
is right and its root is that of the signed checkpoint of its size. Otherwise it is as if absent,
and the entries are read.
"""

import hmac
from dataclasses import dataclass, field

import orjson

from faisceau.errors import Damaged
from faisceau.ledger import canonical, checkpoint
from faisceau.ledger.entry import checked
from faisceau.ledger.files import Places
from faisceau.ledger.merkle import Frontier, leaf_hash
from faisceau.words import N_

_CACHE_DOMAIN = b"faisceau ledger cache v1\n"


@dataclass(slots=True)
class State:
    """A ledger up to one entry: ``length`` bytes read, ``opened``: offsets of open entries."""

    frontier: Frontier = field(default_factory=Frontier)
    length: int = 0
    opened: dict[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Entries taken in so far."""
        return self.frontier.size

    def take(self, line: bytes) -> None:
        """Take in the next entry's line (without its end); Damaged when it cannot follow."""
        value = checked(line)
        number = value["number"]
        if number != self.size:
            raise Damaged(
                N_("entry {expected} was expected, {number} was found"),
                expected=self.size,
                number=number,
            )
        if value["phase"] == "open":
            self.opened[number] = self.length
        elif value["phase"] == "close" and self.opened.pop(value["of"], None) is None:
            raise Damaged(N_("it closes entry {of}, which is not open"), of=value["of"])
        self.frontier.append(leaf_hash(line))
        self.length += len(line) + 1

    def copy(self) -> "State":
        """An independent state at the same entry."""
        return State(self.frontier.copy(), self.length, dict(self.opened))


def save(state: State, places: Places, secret: bytes) -> None:
    """Write the cache. Neither durable nor atomic: a broken one is not used."""
    body = canonical.dumps(
        {
            "size": state.size,
            "hashes": [h.hex() for h in state.frontier.hashes],
            "length": state.length,
            "opened": [[number, offset] for number, offset in state.opened.items()],
        }
    )
    places.cache.write_bytes(_mac(secret, body).encode("ascii") + b"\n" + body)


def load(places: Places, secret: bytes, checkpoints: int) -> State:
    """The cached state when it can be trusted, else an empty one. ``checkpoints``: bytes to use."""
    try:
        mac, _, body = places.cache.read_bytes().partition(b"\n")
        if not hmac.compare_digest(mac, _mac(secret, body).encode("ascii")):
            return State()
        value = orjson.loads(body)
        frontier = Frontier(value["size"], map(bytes.fromhex, value["hashes"]))
        state = State(frontier, value["length"], dict(value["opened"]))
        found = checkpoint.find(places.checkpoints, checkpoints, state.size)
    except (OSError, ValueError, Damaged):
        return State()
    if found is None:
        return State()
    mark = found[0]
    same = (mark.size, mark.length, mark.root) == (state.size, state.length, frontier.root().hex())
    return state if same else State()


def _mac(secret: bytes, body: bytes) -> str:
    return hmac.digest(secret, _CACHE_DOMAIN + body, "sha256").hex()
