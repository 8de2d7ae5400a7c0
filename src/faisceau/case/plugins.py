"""Which readers and analyses there are: the house's by their folder, others by entry point.

A house module that fails to import stops the tool; one of a third party is listed as failed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules, walk_packages
from types import ModuleType
from typing import Any, cast

from faisceau import analyses
from faisceau.analyses import Analysis
from faisceau.errors import FaisceauError, NotFound, PluginError
from faisceau.evidence import readers
from faisceau.evidence.reading import Reader
from faisceau.findings.model import Kind
from faisceau.mandate.registration import judge_kind
from faisceau.tables.schemas import MENTION, REVIEW, TABLES
from faisceau.words import N_


@dataclass(frozen=True, slots=True)
class Failed:
    """A third party's plug-in that could not be registered, and why."""

    name: str
    why: FaisceauError


@dataclass(frozen=True, slots=True)
class Plugins:
    """Everything registered, by name, in a fixed order."""

    readers: Mapping[str, Reader]
    analyses: Mapping[str, Analysis]
    failed: tuple[Failed, ...]

    def analysis(self, name: str) -> Analysis:
        """The analysis called ``name``. Raises ``NotFound``."""
        if name not in self.analyses:
            raise NotFound(
                N_("There is no analysis {name}"),
                hint=N_("There are: {known}"),
                name=name,
                known=list(self.analyses),
            )
        return self.analyses[name]


def plugins() -> Plugins:
    """Every reader and analysis; they are loaded once per process."""
    return loaded()


@cache
def loaded() -> Plugins:
    """Load them. Others ask for ``plugins``: what takes the place of this one, they all see."""
    failed: list[Failed] = []
    found_readers = {name: _reader(name, module) for name, module in _house_readers()}
    found_analyses = {a.name: a for a in map(registered, _house_analyses())}
    for point in entry_points(group="faisceau.readers"):
        try:
            found_readers[point.name] = _reader(point.name, point.load())
        except Exception as error:
            failed.append(Failed(point.name, _as_plugin_error(point.name, error)))
    for point in entry_points(group="faisceau.analyses"):
        try:
            analysis = registered(_declared(point.name, point.load()))
            found_analyses[analysis.name] = analysis
        except Exception as error:
            failed.append(Failed(point.name, _as_plugin_error(point.name, error)))
    return Plugins(
        dict(sorted(found_readers.items())), dict(sorted(found_analyses.items())), tuple(failed)
    )


def registered(analysis: Analysis) -> Analysis:
    """The analysis with its kind judged: ``Refused`` for one that no law allows here.

    Raises ``PluginError`` when it reads tables that do not exist or says nothing of itself.
    """
    reads = frozenset(s.schema.name for s in (*analysis.reads, *analysis.reads_if))
    judge_kind(str(analysis.kind), reads, analysis.name)
    unknown = reads - TABLES.keys() - {MENTION.name, REVIEW.name}
    if unknown or not analysis.meaning:
        raise PluginError(
            N_("Analysis {name} cannot be registered: {why}"),
            name=analysis.name,
            why=f"unknown tables {sorted(unknown)}" if unknown else "no docstring",
        )
    return replace(analysis, kind=Kind(analysis.kind))


def _house_readers() -> Iterator[tuple[str, ModuleType]]:
    for info in iter_modules(readers.__path__):
        if not info.name.startswith("_"):
            yield info.name, import_module(f"{readers.__name__}.{info.name}")


def _house_analyses() -> Iterator[Analysis]:
    for info in walk_packages(analyses.__path__, f"{analyses.__name__}."):
        if info.ispkg or any(part.startswith("_") for part in info.name.split(".")):
            continue
        module = import_module(info.name)
        capability, name = info.name.split(".")[-2:]
        analysis = _declared(name, getattr(module, name, None))
        if analysis.name != f"{capability}.{name}":
            raise PluginError(N_("{name} does not bear its path's name"), name=info.name)
        yield analysis


def _declared(name: str, function: Any) -> Analysis:
    analysis = getattr(function, "__faisceau__", None)
    if not isinstance(analysis, Analysis):
        raise PluginError(N_("{name} holds no function marked @analysis"), name=name)
    return analysis


def _reader(name: str, module: Any) -> Reader:
    missing = [a for a in ("FILLS", "detect", "read") if not hasattr(module, a)]
    if missing or not module.__doc__:
        raise PluginError(
            N_("Reader {name} lacks {missing}"), name=name, missing=missing or ["docstring"]
        )
    return cast("Reader", module)


def _as_plugin_error(name: str, error: Exception) -> FaisceauError:
    if isinstance(error, FaisceauError):
        return error
    return PluginError(N_("{name} cannot be loaded: {why}"), name=name, why=repr(error)[:300])
