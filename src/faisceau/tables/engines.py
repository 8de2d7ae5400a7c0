"""Which engine runs a query: DuckDB in this process, or a Spark Connect server, by its name."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Union

from faisceau.errors import UsageError
from faisceau.mandate.permit import Permit
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_

if TYPE_CHECKING:
    from faisceau.tables.spark import SparkEngine

LakeEngine = Union[DuckEngine, "SparkEngine"]


def open_engine(
    name: str,
    permit: Permit,
    lake: Lake,
    segments: Iterable[Segment],
    selections: Iterable[Selection],
    *,
    scratch: Path,
) -> LakeEngine:
    """The engine called ``duckdb`` or ``sc://host:port``, for a ``with`` block.

    Raises ``UsageError`` for another name, ``Confined`` when the permit covers less than the
    selections, ``FaisceauError`` when no Spark Connect server answers or its client is missing.
    """
    if name == "duckdb":
        return DuckEngine(permit, lake, segments, selections, scratch=scratch)
    if name.startswith("sc://"):
        from faisceau.tables.spark import SparkEngine  # slow to import

        return SparkEngine(name, permit, lake, segments, selections)
    raise UsageError(
        N_("There is no engine {name}"),
        hint=N_("Write duckdb, or sc://host:port for a Spark Connect server"),
        name=name,
    )
