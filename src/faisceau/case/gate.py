"""The gate: asks the mandate, writes the ledger, and only then makes a permit.

Every act on case data passes here once: the decision, the opening entry (or the refusal), the
permit for as long as the act lasts, and the closing entry with its counts or its failure.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from faisceau.errors import Confined, FaisceauError
from faisceau.ledger.entry import Draft
from faisceau.ledger.log import Ledger
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.decide import decide
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit, RowRule, claim_mint
from faisceau.words import N_

_mint = claim_mint()

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Closing:
    """What the ledger will say when the act ends; the act fills it while it works.

    ``data`` holds references and counts, never the data themselves. ``committed`` runs once the
    closing entry is sealed.
    """

    data: dict[str, Any] = field(default_factory=dict)
    committed: list[Callable[[], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Gate:
    """The one door of a case, for one agent who stated one reason."""

    mandate: Mandate
    ledger: Ledger
    agent: str
    reason: str
    clock: Clock
    acts: Path
    """Folder of one lock per act at work, by which a killed act is told from a living one."""

    def judge(self, act: Act) -> Decision:
        """What the mandate answers, with nothing recorded: to explain, never to act on."""
        return decide(self.mandate, act, self.agent, self.clock())

    def ask(self, act: Act) -> None:
        """Judge an act that writes nothing when allowed; a refusal is recorded all the same."""
        decision = self.judge(act)
        if not decision.allowed:
            self.refuse(act, decision)

    @contextmanager
    def passing(
        self,
        act: Act,
        *,
        columns: Mapping[str, frozenset[str] | None] | None = None,
        rows: Mapping[str, RowRule] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Permit, Closing]]:
        """Do one act: a permit and the closing to fill.

        Raises ``Refused`` (recorded) when the mandate does not allow it. Any failure inside the
        block is recorded and goes on.
        """
        columns = columns or {}
        if not columns.keys() <= act.tables:
            raise Confined(
                N_("An act on {tables} was to read {wanted}"),
                tables=act.tables,
                wanted=frozenset(columns),
            )
        decision = self.judge(act)
        if not decision.allowed:
            self.refuse(act, decision)
        closing = Closing()
        with at_work(self.acts) as lock:
            draft = self._draft(act, decision, "open", {**(data or {}), "lock": lock})
            [opening] = self.ledger.append(draft)
            permit = Permit(
                operation=act.operation,
                agent=self.agent,
                reason=self.reason,
                number=opening.number,
                columns=dict(columns),
                rows=dict(rows or {}),
                analysis=act.analysis or None,
                decision=decision,
            )
            _mint(permit, True)
            try:
                yield permit, closing
            except BaseException as error:
                failure = {**closing.data, "failure": describe(error)}
                self._close(act, decision, opening.number, "failed", failure)
                raise
            else:
                self._close(act, decision, opening.number, "done", closing.data)
            finally:
                _mint(permit, False)
        for follow_up in closing.committed:
            follow_up()

    def refuse(self, act: Act, decision: Decision) -> None:
        """Record a refusal and raise it."""
        sources = sorted({rule.source for rule in (*decision.rules, *decision.permits)})
        data = {"sources": "; ".join(sources)}
        draft = self._draft(act, decision, "only", data, operation="refusal")
        self.ledger.append(draft)
        raise decision.refusal()

    def _close(
        self, act: Act, decision: Decision, number: int, outcome: str, data: Mapping[str, Any]
    ) -> None:
        self.ledger.append(self._draft(act, decision, "close", data, of=number, outcome=outcome))

    def _draft(
        self,
        act: Act,
        decision: Decision,
        phase: str,
        data: Mapping[str, Any],
        *,
        operation: str = "",
        of: int | None = None,
        outcome: str = "",
    ) -> Draft:
        about = {"tables": sorted(act.tables)} if act.tables else {}
        if act.recipient:
            about["recipient"] = act.recipient  # type: ignore[assignment]
        if act.exhibits:
            about["exhibits"] = sorted(act.exhibits)
        return Draft(
            operation=operation or act.ledger,
            phase=phase,
            act=f"{act.operation} {act.analysis}".rstrip(),
            agent=self.agent,
            reason=self.reason,
            of=of,
            outcome=outcome,
            policies=tuple(rule.id for rule in decision.rules),
            data={**(about if phase != "close" else {}), **data},
        )


@contextmanager
def at_work(acts: Path) -> Iterator[str]:
    """Hold a lock of its own while an act works; its name goes into the opening entry."""
    acts.mkdir(parents=True, exist_ok=True)
    while True:
        name = secrets.token_hex(6)
        path = acts / name
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists():  # else swept between its making and its locking
            break
        os.close(handle)
    try:
        yield name
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def is_at_work(acts: Path, lock: str) -> bool:
    """True while a living process holds that lock."""
    try:
        handle = os.open(acts / lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def sweep_locks(acts: Path) -> None:
    """Remove the locks that no living process holds."""
    for path in acts.glob("*"):
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)


def describe(error: BaseException) -> str:
    """A failure as the ledger records it: its kind alone, for a message may quote the data."""
    if isinstance(error, FaisceauError):
        return f"{type(error).__name__}: {error.message}"
    return type(error).__name__
