"""Profiles: how one kind of file is written, saved once and used for every file of that kind.

A profile is a TOML file. Shipped ones are in ``evidence/profiles`` of this package; a person's own
are in ``$FAISCEAU_HOME/profiles`` and go before them::

    name = "encrochat"
    title = "EncroChat messages"
    table = "message"
    [columns]                      # all of these headers occur in the file, or it is another kind
    sender_id = "sender"
    sent_at = ["time", "date"]     # either
    [optional]                     # taken where they occur
    text = "text"
    [fixed]                        # what no column says
    app = "EncroChat"
    [absent]                       # what stands for an empty cell
    callee = "unknown"
    [words.kind]                   # their words, for what a column may hold
    "appel voix" = "voice"

Further keys: ``separator``, ``skip`` (lines before the header), ``dates`` (``day-first``,
``month-first`` or a form such as ``%d.%m.%Y %H:%M``), ``timezone``, ``hours`` (header of a clock
time beside its day), ``ignored`` (headers known and not wanted), ``marks`` (headers of which
one occurs, and which no column holds), ``turned`` (``caller`` is the line that was asked for: in an
incoming call the two change places), ``named`` (used with ``--profile`` alone: its headers do not
tell it from others).
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

import tomlkit
from platformdirs import user_data_dir

from faisceau.disk import write_durably
from faisceau.errors import BadInput, NotFound, UsageError
from faisceau.evidence.folding import folded
from faisceau.tables.schemas import TABLES
from faisceau.words import N_

Headers = Mapping[str, tuple[str, ...]]
"""Headers of the file by native column; any one of several stands for it."""
_NONE: Mapping[str, Any] = MappingProxyType({})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "table": str,
    "separator": str,
    "skip": int,
    "dates": str,
    "timezone": str,
    "turned": bool,
    "named": bool,
    "marks": (str, list),
    "hours": (str, list),
    "ignored": (str, list),
    "columns": dict,
    "optional": dict,
    "fixed": dict,
    "absent": dict,
    "words": dict,
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How the files of one kind are written, and what their columns mean."""

    name: str
    table: str
    columns: Headers
    """All of them occur, or the file is of another kind."""
    optional: Headers = field(default_factory=lambda: _NONE)
    title: str = ""
    separator: str | None = None
    skip: int = 0
    fixed: Mapping[str, str] = field(default_factory=lambda: _NONE)
    absent: Mapping[str, str] = field(default_factory=lambda: _NONE)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NONE)
    """By column: the value that a word of theirs, folded, means."""
    dates: str | None = None
    timezone: str | None = None
    hours: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    turned: bool = False
    named: bool = False
    shipped: bool = False

    def found(self, headers: Iterable[str]) -> dict[str, str]:
        """The header of each native column that the file has; no header stands for two."""
        free: dict[str, str] = {}
        for header in headers:
            free.setdefault(folded(header), header)
        met: dict[str, str] = {}
        for column, theirs in (*self.columns.items(), *self.optional.items()):
            for one in theirs:
                if column not in met and folded(one) in free:
                    met[column] = free.pop(folded(one))
        return met

    def missing(self, headers: Iterable[str]) -> list[str]:
        """The columns for which the file has no header, of those that must occur."""
        names = list(headers)
        met = self.found(names)
        lacking = [column for column in self.columns if column not in met]
        there = {folded(name) for name in names}
        if self.marks and not there & {folded(mark) for mark in self.marks}:
            lacking.append(self.marks[0])
        return lacking


def read_profile(path: Path, *, shipped: bool = False) -> Profile:
    """The profile in a TOML file. Raises ``BadInput`` with what is wrong in it."""
    try:
        return profile_of(tomllib.loads(path.read_text("utf-8")), str(path.name), shipped=shipped)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(
            N_("{file} is not a readable profile: {why}"), file=path.name, why=str(error)[:200]
        ) from error


def profile_of(values: Mapping[str, Any], file: str, *, shipped: bool = False) -> Profile:
    """The profile that the values of a TOML file say; ``BadInput`` names the first fault."""
    for key, value in values.items():
        kind = _KEYS.get(key)
        if kind is None or not isinstance(value, kind):
            message = N_("{file}: a profile has no key {key}")
            if kind is not None:
                message = N_("{file}: {key} cannot be {value}")
            raise BadInput(message, file=file, key=key, value=str(value)[:80])
    for key in ("name", "table"):
        if not values.get(key):
            raise BadInput(N_("{file}: a profile needs {key}"), file=file, key=key)
    table = str(values["table"])
    if table not in TABLES:
        raise BadInput(N_("{file}: there is no table {table}"), file=file, table=table)
    profile = Profile(
        name=str(values["name"]),
        table=table,
        columns=_headers(values.get("columns", {}), file),
        optional=_headers(values.get("optional", {}), file),
        title=str(values.get("title", "")),
        separator=values.get("separator"),
        skip=int(values.get("skip", 0)),
        fixed=_texts(values.get("fixed", {}), file),
        absent=_texts(values.get("absent", {}), file),
        words={
            column: {folded(word): value for word, value in _texts(said, file).items()}
            for column, said in values.get("words", {}).items()
        },
        dates=values.get("dates"),
        timezone=values.get("timezone"),
        hours=_list(values.get("hours", ()), file),
        ignored=_list(values.get("ignored", ()), file),
        marks=_list(values.get("marks", ()), file),
        turned=bool(values.get("turned", False)),
        named=bool(values.get("named", False)),
        shipped=shipped,
    )
    check(profile, file)
    return profile


def check(profile: Profile, file: str = "") -> None:
    """Raise ``BadInput`` where a profile names what does not exist, or cannot be applied."""
    where = file or profile.name

    def fault(message: str, **facts: Any) -> BadInput:
        return BadInput(message, file=where, **facts)

    if not _NAME.fullmatch(profile.name):
        message = N_("{file}: a profile's name is of a-z, 0-9, - and _, not {name}")
        raise fault(message, name=profile.name)
    known = TABLES[profile.table].fillable
    for column in (
        *profile.columns,
        *profile.optional,
        *profile.fixed,
        *profile.absent,
        *profile.words,
    ):
        if column not in known:
            message = N_("{file}: {table} has no column {column}")
            raise fault(message, table=profile.table, column=column)
    if not profile.columns:
        raise fault(N_("{file}: a profile names at least one header, under [columns]"))
    if profile.separator is not None and len(profile.separator) != 1:
        raise fault(N_("{file}: separator is one character"))
    if profile.turned and not {"caller", "callee"} <= known.keys():
        raise fault(N_("{file}: turned is for calls alone"))
    dates = profile.dates
    if dates is not None and "%" not in dates and dates not in ("day-first", "month-first"):
        message = N_(
            "{file}: dates is day-first, month-first or a form such as %d/%m/%Y, not {was}"
        )
        raise fault(message, was=dates)
    if profile.timezone is not None:
        try:
            ZoneInfo(profile.timezone)
        except (KeyError, ValueError, OSError) as error:
            message = N_("{file}: there is no time zone {zone}")
            raise fault(message, zone=profile.timezone) from error


def save_profile(profile: Profile, *, over: bool = False) -> Path:
    """Write a profile into the person's own; where it is now. ``UsageError`` if it is there."""
    check(profile)
    path = own_folder() / f"{profile.name}.toml"
    if path.exists() and not over:
        raise UsageError(
            N_("There is a profile {name} already"),
            hint=N_("Choose another name, or remove {path}"),
            name=profile.name,
            path=path,
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, as_toml(profile).encode())
    return path


def as_toml(profile: Profile) -> str:
    """A profile as its file is written."""
    document = tomlkit.document()
    for key in (
        "name",
        "title",
        "table",
        "separator",
        "skip",
        "dates",
        "timezone",
        "turned",
        "named",
    ):
        if value := getattr(profile, key):
            document[key] = value
    for key in ("hours", "ignored", "marks"):
        if value := getattr(profile, key):
            document[key] = list(value)
    for key in ("columns", "optional"):
        if headers := getattr(profile, key):
            said = {
                c: theirs[0] if len(theirs) == 1 else list(theirs) for c, theirs in headers.items()
            }
            document[key] = said
    for key in ("fixed", "absent"):
        if value := getattr(profile, key):
            document[key] = dict(value)
    if profile.words:
        document["words"] = {column: dict(said) for column, said in profile.words.items()}
    return tomlkit.dumps(document)


def profiles() -> dict[str, Profile]:
    """Every profile by name, the person's own first; one that cannot be read is left out."""
    return own_profiles() | {
        name: profile for name, profile in shipped_profiles().items() if name not in own_profiles()
    }


def own_folder() -> Path:
    """Where a person's profiles are: ``$FAISCEAU_HOME/profiles``."""
    home = os.environ.get("FAISCEAU_HOME") or user_data_dir("faisceau")
    return Path(home).expanduser() / "profiles"


def own_profiles() -> dict[str, Profile]:
    """The person's own profiles by name, as far as they can be read."""
    found = {}
    for path in sorted(own_folder().glob("*.toml")):
        profile = _known(path, path.stat().st_mtime_ns)
        if profile is not None:
            found[profile.name] = profile
    return found


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """The profiles that come with the program, by name."""
    folder = files("faisceau.evidence") / "profiles"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            values = tomllib.loads(entry.read_text("utf-8"))
            profile = profile_of(values, entry.name, shipped=True)
            found[profile.name] = profile
    return MappingProxyType(found)


def profile(name: str) -> Profile:
    """The profile called ``name``. Raises ``NotFound``; ``BadInput`` where its file is damaged."""
    path = own_folder() / f"{name}.toml"
    if _NAME.fullmatch(name) and path.is_file():
        return read_profile(path)
    known = profiles()
    if name not in known:
        raise NotFound(
            N_("There is no profile {name}"),
            hint=N_("There are: {known}"),
            name=name,
            known=list(known),
        )
    return known[name]


def matching(
    headers: Iterable[str], of: Literal["own", "shipped", "all"] = "all"
) -> Profile | None:
    """The profile whose headers all occur; of several the one that understands most."""
    names = list(headers)
    for some in (
        own_profiles() if of != "shipped" else {},
        shipped_profiles() if of != "own" else {},
    ):
        fits = [p for p in some.values() if not (p.named or p.missing(names))]
        if fits:
            return max(fits, key=lambda p: (len(p.found(names)), len(p.columns)))
    return None


@cache
def _known(path: Path, _changed: int) -> Profile | None:
    try:
        return read_profile(path)
    except BadInput:
        return None


def _headers(values: Mapping[str, Any], file: str) -> Headers:
    return {column: _list(theirs, file) for column, theirs in values.items()}


def _list(value: Any, file: str) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not all(isinstance(item, str) and folded(item) for item in items):
        raise BadInput(N_("{file}: {value} is no header"), file=file, value=str(value)[:80])
    return tuple(items)


def _texts(values: Any, file: str) -> dict[str, str]:
    simple = (str, int, float)
    if not isinstance(values, dict) or not all(isinstance(v, simple) for v in values.values()):
        raise BadInput(N_("{file}: {value} is no text"), file=file, value=str(values)[:80])
    return {key: str(value) for key, value in values.items()}
