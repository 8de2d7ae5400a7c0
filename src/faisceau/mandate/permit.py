"""The permit: one act that the gate allowed, without which no store opens anything.

A permit can only be minted with the mint, and the mint can be claimed once: the gate claims it
when it is imported. This stops mistakes, not malice (design, section 4): Python has no locks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from faisceau.errors import Confined
from faisceau.words import N_


@dataclass(frozen=True, slots=True)
class RowRule:
    """Rows of a table that stay out of sight, as the mandate says; applied by the engine.

    ``exhibits``: only these ids; ``since``/``until``: ISO dates, half-open, on ``time_column``;
    ``participants``: only rows whose ``participant_columns`` hold one of these values;
    ``procedures``: only rows whose ``procedure`` is null or matches one (``*`` ends a pattern);
    ``own``: the procedure that rows without one are of, for work that compares procedures;
    ``holders``: only rows whose ``holder`` or ``account`` is one of these;
    ``tables``: only rows whose ``table`` is one of these (what is derived follows its origin);
    ``recent``: an ISO time; rows of no procedure from before it on ``time_column`` are past their
    period, but for those of the exhibits ``kept`` longer; ``past``: by table, the exhibits whose
    rows of no procedure are past their period, so that nothing derived from them is seen;
    ``sealed``: keys of correspondence that nobody sees, of ``sealed_exhibits``; ``blank``: tables
    whose rejected records are not quoted.
    ``None`` means no limit, an empty tuple lets nothing through.
    """

    exhibits: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    time_column: str | None = None
    participants: tuple[str, ...] | None = None
    participant_columns: tuple[str, ...] = ()
    procedures: tuple[str, ...] | None = None
    own: str | None = None
    holders: tuple[str, ...] | None = None
    tables: tuple[str, ...] | None = None
    recent: str | None = None
    kept: tuple[str, ...] = ()
    past: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()
    sealed_exhibits: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Permit:
    """One act the gate allowed; it dies when the act ends.

    ``columns`` maps each table the act may read to its columns (``None``: all of them);
    ``rows`` maps a table to the rule that limits its rows; ``number`` is the ledger entry that
    opened the act.
    """

    operation: str
    agent: str
    reason: str
    number: int
    columns: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    rows: Mapping[str, RowRule] = field(default_factory=dict)
    analysis: str | None = None
    decision: Any = None
    _live: bool = field(default=False, init=False, repr=False)

    def require(self, *operations: str) -> None:
        """Raise ``Confined`` unless this permit is in force for one of ``operations``."""
        self._require_life()
        if self.operation not in operations:
            raise Confined(
                N_("A permit for {operation} does not cover {wanted}"),
                operation=self.operation,
                wanted=operations[0],
            )

    def _require_life(self) -> None:
        if not self._live:
            raise Confined(
                N_("No permit is in force for {operation}"),
                hint=N_("Case data opens only inside an act that the workspace runs"),
                operation=self.operation,
            )

    def require_table(self, table: str, columns: frozenset[str] | None = None) -> None:
        """Raise ``Confined`` unless it is in force and covers ``table`` and these columns of it."""
        self._require_life()
        if table not in self.columns:
            raise Confined(N_("The permit does not cover table {table}"), table=table)
        allowed = self.columns[table]
        if allowed is not None and (columns is None or not columns <= allowed):
            missing = sorted((columns or frozenset()) - allowed) or ["*"]
            raise Confined(
                N_("The permit does not cover column {columns} of table {table}"),
                columns=missing,
                table=table,
            )


Mint = Callable[[Permit, bool], None]

_claimed: list[bool] = []


def claim_mint() -> Mint:
    """The mint, handed out once. ``mint(permit, True)`` puts it in force, ``False`` ends it."""
    if _claimed:
        raise Confined(N_("The mint of permits is the gate's alone"))
    _claimed.append(True)

    def mint(permit: Permit, live: bool) -> None:
        permit._live = live

    return mint
