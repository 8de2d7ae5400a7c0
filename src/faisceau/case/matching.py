"""Matching: what two cases both hold, under an interconnection protocol complete on both sides.

Each mandate is asked by its own gate, each ledger records the combination with counts. What takes
part: identifiers in their normal form, of the tables that the protocol names, in rows of the own
procedure and of the series in force; never an invalid value, nor a plate read of no procedure,
whose period is short. What comes out: to each side, those of its own identifiers that the other
holds too.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from faisceau.case.blinding import Blinder, Identified, Letter, read_letter
from faisceau.case.door import Door
from faisceau.case.exporting import masked
from faisceau.case.masking import MARK, Mask
from faisceau.disk import write_durably
from faisceau.errors import BadInput, FaisceauError, NotFound, UsageError
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.tables.engines import LakeEngine
from faisceau.tables.schemas import MENTION, PLATE_READ
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_

HELD = Selection(MENTION, tuple(c.name for c in MENTION if c.name != "row_id"))
Opened = AbstractContextManager[tuple[Permit, Any, LakeEngine]]


@dataclass
class Held:
    """One identifier as this case holds it, masked as everywhere."""

    kind: str
    value: str
    shown: str = ""
    rows: int = 0
    exhibits: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """What is told of it."""
        return {
            "kind": self.kind,
            "value": self.shown,
            "rows": self.rows,
            "exhibits": sorted(self.exhibits, key=lambda e: (len(e), e)),
            "tables": sorted(self.tables),
        }


@dataclass(frozen=True, slots=True)
class Matched:
    """What a comparison showed one side: its own identifiers that the other case holds too.

    ``step`` is the letter that was written, empty when the comparison is over; ``compared`` and
    ``others`` are how many identifiers took part on each side (0: not known yet).
    """

    other: str
    compared: int
    others: int
    shared: tuple[Held, ...] = ()
    step: str = ""

    def as_json(self) -> dict[str, Any]:
        """As ``--format json`` prints it."""
        return {
            "with": self.other,
            "compared": self.compared,
            "others": self.others,
            "step": self.step or "done",
            "shared": [held.as_json() for held in self.shared],
        }


@dataclass(frozen=True)
class Side:
    """One case in a comparison: its mandate, its secret, and how its gate is passed."""

    mandate: Mandate
    secret: bytes
    mask: Mask
    reading: Callable[..., Opened]

    @classmethod
    def of(cls, door: Door) -> Self:
        """The side of one agent in one case."""
        return cls(door.mandate, door.secret(), door.mask(), door.reading)

    @property
    def reference(self) -> str:
        """How the other side calls it."""
        return self.mandate.reference

    def opened(self, other: str, **data: Any) -> Opened:
        """Pass the gate for a comparison with ``other``; a refusal is recorded and raised."""
        act = Act("match", tables=frozenset({MENTION.name}), other=other)
        return self.reading(act, [HELD], kind=Kind.MATCHING, data={"with": other, **data})

    def held(self, other: str, engine: LakeEngine) -> dict[Identified, Held]:
        """The identifiers that take part in a comparison with ``other``."""
        protocol = self.mandate.protocol(other)
        named = set(protocol.data) - {MENTION.name} if protocol is not None else set()
        mention = engine.tables[MENTION.name]
        told = mention.filter(~mention.value.startswith("?"))
        told = told.filter((told.table != PLATE_READ.name) | told.procedure.notnull())
        if named:
            told = told.filter(told.table.isin(sorted(named)))
        found: dict[Identified, Held] = {}
        for batch in engine.batches(told):
            shown = masked(self.mask, MENTION, batch)["value"].to_pylist()
            for row, value in zip(batch.to_pylist(), shown, strict=True):
                one = (row["kind"], row["value"])
                held = found.setdefault(one, Held(*one))
                if not held.shown or held.shown.startswith(MARK):
                    held.shown = value  # open where one row of the own procedure names it
                held.rows += row["n"]
                held.exhibits.add(row["exhibit_id"])
                held.tables.add(row["table"])
        return found


def compare(mine: Side, theirs: Side) -> tuple[Matched, Matched]:
    """Compare two cases on this machine; what each side learns. Raises ``Refused``.

    Both gates are passed before anything of either case is read.
    """
    _two(mine.reference, theirs.reference)
    with (
        mine.opened(theirs.reference) as (_, closing, engine),
        theirs.opened(mine.reference) as (_, other_closing, other_engine),
    ):
        own = mine.held(theirs.reference, engine)
        other = theirs.held(mine.reference, other_engine)
        key = secrets.token_bytes(32)  # known to nobody once the comparison is over
        tokens, others = _keyed(key, own), _keyed(key, other)
        shared = {tokens[token] for token in tokens.keys() & others.keys()}
        counts = {"compared": len(own), "others": len(other), "shared": len(shared)}
        closing.data.update(counts)
        other_closing.data.update(counts | {"compared": len(other), "others": len(own)})
    return (
        Matched(theirs.reference, len(own), len(other), _listed(own, shared)),
        Matched(mine.reference, len(other), len(own), _listed(other, shared)),
    )


def _keyed(key: bytes, identifiers: Iterable[Identified]) -> dict[bytes, Identified]:
    """Each identifier by its token under the key of one comparison."""
    return {
        hmac.digest(key, json.dumps(one, ensure_ascii=False).encode(), "sha256"): one
        for one in identifiers
    }


def offer(side: Side, other: str, output: Path) -> Matched:
    """Begin a comparison with a case that is elsewhere: write the first letter."""
    _two(side.reference, other)
    nonce = secrets.token_hex(16)
    with side.opened(other, step="offer") as (_, closing, engine):
        blinder = Blinder.of(side.secret, side.reference, other, nonce)
        own = blinder.blind(side.held(other, engine))
        letter = Letter("offer", side.reference, other, nonce, own=tuple(own))
        closing.data.update(compared=len(own), sha256=_post(letter, output))
    return Matched(other, len(own), 0, step="offer")


def reply(side: Side, came: Path, output: Path | None) -> Matched:
    """Go on with a comparison, by the letter that came; where one is due, write the next."""
    try:
        content = came.read_bytes()
    except OSError as error:
        raise NotFound(N_("{path} cannot be read: {why}"), path=came, why=error.strerror) from error
    letter = read_letter(content, came.name)
    if letter.recipient != side.reference:
        raise BadInput(
            N_("{name} is for the case {wanted}, not {reference}"),
            name=came.name,
            wanted=letter.recipient,
            reference=side.reference,
        )
    steps = {"offer": _answer, "answer": _outcome, "outcome": _end}
    if letter.step != "outcome" and output is None:
        raise UsageError(
            N_("An answer is due to {sender}: say where to write it"),
            hint=N_("-o FILE"),
            sender=letter.sender,
        )
    told = {"step": letter.step, "received": sha256(content).hexdigest()}
    with side.opened(letter.sender, **told) as (_, closing, engine):
        own = side.held(letter.sender, engine)
        matched, written = steps[letter.step](side, letter, own)
        closing.data.update(compared=matched.compared, others=matched.others)
        if letter.step != "offer":
            closing.data["shared"] = len(matched.shared)
        if written is not None and output is not None:
            closing.data["sha256"] = _post(written, output)
    return matched


def _answer(
    side: Side, letter: Letter, held: Mapping[Identified, Held]
) -> tuple[Matched, Letter | None]:
    """Second side: the offer's points doubled, and one's own."""
    nonce = secrets.token_hex(16)
    blinder = Blinder.of(side.secret, side.reference, letter.sender, nonce)
    own = blinder.blind(held)
    written = Letter(
        "answer",
        side.reference,
        letter.sender,
        letter.first,
        nonce,
        tuple(own),
        blinder.again(letter.own),
    )
    return Matched(letter.sender, len(own), len(letter.own), step="answer"), written


def _outcome(
    side: Side, letter: Letter, held: Mapping[Identified, Held]
) -> tuple[Matched, Letter | None]:
    """First side: what is shared, and to the second which of its own points are."""
    blinder = Blinder.of(side.secret, side.reference, letter.sender, letter.first)
    own = blinder.blind(held)
    if len(own) != len(letter.doubled):
        raise FaisceauError(
            N_("The case is no longer as it was when the comparison with {other} began"),
            hint=N_("Begin it anew: faisceau match CASE --with REFERENCE -o FILE"),
            other=letter.sender,
        )
    theirs = dict(zip(blinder.again(letter.own), letter.own, strict=True))
    both = dict(zip(letter.doubled, own.values(), strict=True))
    shared = both.keys() & theirs.keys()
    written = Letter(
        "outcome",
        side.reference,
        letter.sender,
        letter.first,
        letter.second,
        sorted(theirs[token] for token in shared),
    )
    found = _listed(held, {both[token] for token in shared})
    return Matched(letter.sender, len(own), len(letter.own), found, "outcome"), written


def _end(
    side: Side, letter: Letter, held: Mapping[Identified, Held]
) -> tuple[Matched, Letter | None]:
    """Second side: which of its own identifiers the outcome names."""
    own = Blinder.of(side.secret, side.reference, letter.sender, letter.second).blind(held)
    shared = {own[token] for token in letter.own if token in own}
    return Matched(letter.sender, len(own), 0, _listed(held, shared)), None


def _listed(held: Mapping[Identified, Held], shared: AbstractSet[Identified]) -> tuple[Held, ...]:
    return tuple(held[one] for one in sorted(shared))


def _post(letter: Letter, output: Path) -> str:
    content = letter.written()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_durably(output, content, mode=0o600)
    except OSError as error:
        raise FaisceauError(
            N_("{path} cannot be written: {why}"), path=output, why=error.strerror
        ) from error
    return sha256(content).hexdigest()


def _two(own: str, other: str) -> None:
    if own == other:
        raise UsageError(N_("A case is compared with another: both are {reference}"), reference=own)
