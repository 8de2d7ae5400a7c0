"""What an analysis is: a function from declared columns to leads; it never sees the case.

One file an analysis, under the folder of its capability; the path is the name:
``analyses/messages/triage.py`` holds ``triage`` and is called ``messages.triage``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pyarrow as pa
from ibis import Table
from pydantic import BaseModel, ConfigDict

from faisceau.errors import PluginError
from faisceau.findings.model import Kind, Lead
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_


class Params(BaseModel):
    """Parameters of an analysis, with defaults; the string under a field is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Engine(Protocol):
    """What an analysis may do with its tables."""

    @property
    def own(self) -> str | None:
        """The case's own procedure, where rows without a procedure are shown as its rows."""
        ...

    def batches(self, expression: Table) -> Iterator[pa.RecordBatch]:
        """Run an expression over the declared tables and stream the result."""
        ...

    def rows(self, expression: Table) -> Iterator[dict[str, Any]]:
        """The same, row by row, for small results."""
        ...

    def map_batches(
        self,
        expression: Table,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        schema: pa.Schema,
    ) -> Iterator[pa.RecordBatch]:
        """Run ``function`` on each batch where the data are; ``schema`` is what it returns."""
        ...

    def splink(self) -> Any:
        """A Splink database API that sees the declared tables and nothing else."""
        ...


Function = Callable[..., Iterator[Lead]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A registered analysis: what it reads, its kind, its version, its parameters."""

    name: str
    function: Function
    reads: tuple[Selection, ...]
    reads_if: tuple[Selection, ...]
    kind: Kind
    version: str
    params: type[Params]
    meaning: str
    """Its docstring, for people who read code."""
    method: str
    """What it does in plain words (a template), for people who read reports."""

    @property
    def tables(self) -> frozenset[str]:
        """Names of the tables it cannot do without."""
        return frozenset(selection.schema.name for selection in self.reads)


def analysis(
    *,
    reads: Sequence[Selection],
    kind: Kind | str,
    version: int | str,
    reads_if: Sequence[Selection] = (),
    method: str = "",
) -> Callable[[F], F]:
    """Declare a function as an analysis: the decorator leaves it callable as it is.

    ``function(table…, params, engine)``: one unbound table per selection, named after it, in the
    order declared, those of ``reads_if`` last. ``method`` says in plain words what it does, for the
    report (``N_``; by default the docstring). Raises ``PluginError`` when the signature does not
    fit.
    """

    def mark(function: F) -> F:
        hints = dict(function.__annotations__)
        params = hints.get("params")
        names = [*(s.schema.name for s in (*reads, *reads_if)), "params", "engine"]
        code = function.__code__
        given = list(code.co_varnames[: code.co_argcount])
        if given != names or not (isinstance(params, type) and issubclass(params, Params)):
            raise PluginError(
                N_("{name} must take ({wanted}), and annotate params with a Params model"),
                name=function.__qualname__,
                wanted=names,
            )
        capability = (function.__module__.split(".")[-2:-1] or ["plugin"])[0]
        function.__faisceau__ = Analysis(  # type: ignore[attr-defined]
            name=f"{capability}.{function.__name__}",
            function=function,
            reads=tuple(reads),
            reads_if=tuple(reads_if),
            kind=kind,  # type: ignore[arg-type]  # judged at registration, unknown kinds included
            version=str(version),
            params=params,
            meaning=(function.__doc__ or "").strip(),
            method=method or (function.__doc__ or "").strip(),
        )
        return function

    return mark
