"""One line of the ledger: who did what, when, why, to which references; never the data itself.

The operations are those of Directive (EU) 2016/680, article 25, and of the French Data Protection
Act (LIL), article 101; with them stand refusals, reviews, and the ledger's own recoveries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from faisceau.errors import Damaged, UsageError
from faisceau.ledger import canonical
from faisceau.words import N_

OPERATIONS = frozenset(
    {"collection", "alteration", "consultation", "disclosure", "combination", "erasure"}
    | {"refusal", "review", "recovery"}
)
PHASES = frozenset({"open", "close", "only"})
OUTCOMES = frozenset({"", "done", "failed"})
MAX_LINE = 64 * 2**20
"""Bytes of the longest line that is read or written."""

_SEAL_DOMAIN = b"faisceau ledger entry v1\n"


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before the ledger gives it its number and time. Only JSON goes into ``data``."""

    operation: str
    phase: str
    act: str
    agent: str
    reason: str = ""
    of: int | None = None
    outcome: str = ""
    policies: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self, number: int, at: str) -> dict[str, Any]:
        """The entry as a JSON object, without its seal."""
        return {
            "number": number,
            "at": at,
            "operation": self.operation,
            "phase": self.phase,
            "act": self.act,
            "agent": self.agent,
            "reason": self.reason,
            "of": self.of,
            "outcome": self.outcome,
            "policies": list(self.policies),
            "data": dict(self.data),
        }

    def check(self) -> None:
        """Raise UsageError when this cannot stand in a ledger: wrong words, or data not JSON."""
        body = self.body(0 if self.of is None else self.of + 1, "2000-01-01T00:00:00.000000Z")
        try:
            line = canonical.dumps({**body, "seal": ""})
        except ValueError as error:
            raise UsageError(
                N_("The entry for {act} is not JSON: {why}"),
                hint=N_("A ledger entry holds references and counts: texts, integers, lists."),
                act=self.act,
                why=str(error),
            ) from error
        if len(line) > MAX_LINE - 256:
            raise UsageError(
                N_("The entry for {act} is too long: {size} bytes"), act=self.act, size=len(line)
            )
        try:
            checked(line)
        except Damaged as error:
            raise UsageError(
                N_("The entry for {act} cannot be recorded: {why}"), act=self.act, why=str(error)
            ) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. ``number`` is its place, from 0; ``at`` is RFC 3339, UTC, with ``Z``.

    ``of`` is the number of the opening entry that a closing one closes; ``policies`` the ids of
    the Cedar policies that decided; ``seal`` an Ed25519 signature that ties the entry to the
    checkpoint before it, so that an entry is known before the next checkpoint covers it.
    """

    number: int
    at: str
    operation: str
    phase: str
    act: str
    agent: str
    reason: str
    of: int | None
    outcome: str
    policies: tuple[str, ...]
    data: Mapping[str, Any]
    seal: str

    @property
    def moment(self) -> datetime:
        """``at`` as a moment in UTC."""
        return datetime.fromisoformat(self.at).astimezone(UTC)

    def to_json(self) -> dict[str, Any]:
        """The entry as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "policies": list(self.policies),
            "data": dict(self.data),
        }

    def line(self) -> bytes:
        """The bytes that stand in the file, without the line's end."""
        return canonical.dumps(self.to_json())

    def sealed(self) -> bytes:
        """What the seal is a signature of, but for the checkpoint before (:func:`to_seal`)."""
        body = self.to_json()
        del body["seal"]
        return canonical.dumps(body)


def to_seal(body: bytes, head: bytes) -> bytes:
    """The message an entry's seal signs.

    ``body`` is the canonical entry without its seal, ``head`` the line of the last checkpoint
    signed when the entry was written.
    """
    return _SEAL_DOMAIN + sha256(head).digest() + body


def parse(line: bytes) -> Entry:
    """The entry of a line (without its end); Damaged when it is not one, whole and canonical."""
    value = checked(line)
    return Entry(**{**value, "policies": tuple(value["policies"])})


def checked(line: bytes) -> dict[str, Any]:
    """The JSON object of an entry's line, once it is known to be whole and canonical.

    Raises Damaged, saying why.
    """
    try:
        value = canonical.loads(line)
    except ValueError as error:
        raise Damaged(N_("this is not a line of canonical JSON")) from error
    if type(value) is not dict or value.keys() != _FIELDS:
        raise Damaged(N_("the fields are not those of an entry"))
    for name in _TEXTS:
        if type(value[name]) is not str:
            raise Damaged(N_("the field {field} has no right value"), field=name)
    for name, right in _RIGHT.items():
        if not right(value[name]):
            raise Damaged(N_("the field {field} has no right value"), field=name)
    if (value["phase"] == "close") != (value["of"] is not None):
        raise Damaged(N_("a closing entry, and no other, names the one that it closes"))
    if value["of"] is not None and value["of"] >= value["number"]:
        raise Damaged(N_("an entry closes one that comes after it"))
    if value["phase"] != "only" and (value["phase"] == "close") != bool(value["outcome"]):
        raise Damaged(N_("a closing entry tells an outcome, an opening one has none yet"))
    return value


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


_RIGHT: dict[str, Callable[[Any], bool]] = {
    "number": _is_count,
    "at": canonical.is_stamp,
    "operation": OPERATIONS.__contains__,
    "phase": PHASES.__contains__,
    "of": lambda value: value is None or _is_count(value),
    "outcome": OUTCOMES.__contains__,
    "policies": lambda value: type(value) is list and all([type(p) is str for p in value]),  # noqa: C419
    "data": lambda value: type(value) is dict,
}
_TEXTS = ("act", "agent", "at", "operation", "outcome", "phase", "reason", "seal")
_FIELDS = _RIGHT.keys() | _TEXTS
