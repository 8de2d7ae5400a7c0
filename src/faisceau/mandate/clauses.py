"""A mandate's text taken clause by clause, key by key, with the line of whatever is wrong.

Every refusal is a ``MandateError`` that names the file, the line, and what to write instead.
"""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

from faisceau.errors import MandateError
from faisceau.mandate.lines import Path, line_of, lines
from faisceau.mandate.vocabulary import KEYS
from faisceau.words import N_, say

T = TypeVar("T")


class Page:
    """The text of one mandate: its values, and where each stands when something is wrong."""

    def __init__(self, text: str, origin: str) -> None:
        self.source = text
        self.origin = origin

    def parse(self) -> dict[str, Any]:
        """The values; ``MandateError`` when the text is not TOML."""
        try:
            return tomllib.loads(self.source)
        except (ValueError, RecursionError) as error:
            where = re.search(r"line (\d+)", str(error))
            line = int(where[1]) if where else self.source.count("\n") + 1
            raise MandateError(
                N_("{origin}, line {line}: this is not TOML ({reason})"),
                hint=N_(
                    'Write key = "value", with straight quotes; dates as 2026-09-01, without quotes'
                ),
                origin=self.origin,
                line=line,
                reason=str(error).partition(" (at ")[0],
            ) from error

    def fail(self, path: Path, message: str, hint: str, /, **facts: Any) -> NoReturn:
        """Refuse the mandate at the line of ``path``."""
        line = line_of(lines(self.source), path)
        raise MandateError(message, hint=hint, origin=self.origin, line=line, **facts)

    def ordered(self, path: Path, first: date | None, last: date | None) -> None:
        """Refuse, at ``path``, a ``last`` day before the ``first`` one."""
        if first is not None and last is not None and last < first:
            self.fail(
                path,
                N_("{origin}, line {line}: contradictory dates, {last} is before {first}"),
                N_("Write a date that is not before {first}, or mend the other one"),
                first=first,
                last=last,
            )


class Clause:
    """One table of the mandate, taken key by key; its keys are those of ``KEYS`` and no others."""

    def __init__(self, page: Page, path: Path, values: dict[str, Any]) -> None:
        self.page, self.path, self.values = page, path, dict(values)
        self._no_stranger()

    def fail(self, key: str, message: str, hint: str, /, **facts: Any) -> NoReturn:
        """Refuse the mandate at the line of ``key`` or, when it is not there, of the clause."""
        self.page.fail((*self.path, key), message, hint, **facts)

    def take(self, key: str, wanted: type[T], form: str, absent: T | None = None) -> T:
        """The value of ``key``, of exactly this type; ``form`` says in words what to write."""
        if key not in self.values:
            if absent is not None:
                return absent
            self.fail(
                key,
                N_("{origin}, line {line}: {key} is missing"),
                N_("Add {key} = {form}"),
                key=self._named(key),
                form=_Spoken(form),
            )
        value = self.values.pop(key)
        # Not isinstance: true is no number, and a moment is no day.
        if type(value) is not wanted:
            self.fail(
                key,
                N_("{origin}, line {line}: {key} cannot be {value}"),
                N_("Write {key} = {form}"),
                key=self._named(key),
                value=_short(value),
                form=_Spoken(form),
            )
        return value

    def text(self, key: str, example: str) -> str:
        """A text that is not blank."""
        value = self.take(key, str, f'"{example}"')
        if not value.strip():
            self.fail(
                key,
                N_("{origin}, line {line}: {key} is empty"),
                N_("Write {key} = {form}"),
                key=self._named(key),
                form=f'"{example}"',
            )
        return value

    def maybe(self, key: str) -> str:
        """A text, empty when absent."""
        return self.take(key, str, '"..."', "")

    def day(self, key: str) -> date:
        """A day."""
        return self.take(key, date, N_("2026-09-01 (a day, without quotes)"))

    def maybe_day(self, key: str) -> date | None:
        """A day, or ``None`` when absent."""
        if key not in self.values:
            return None
        return self.day(key)

    def texts(self, key: str, example: str) -> tuple[str, ...]:
        """At least one text, none blank."""
        values = self.maybe_texts(key, example)
        if not values:
            missing = N_("{origin}, line {line}: {key} is missing or empty")
            self.fail(
                key,
                missing,
                N_("Write {key} = {form}"),
                key=self._named(key),
                form=f'["{example}"]',
            )
        return values

    def maybe_texts(self, key: str, example: str) -> tuple[str, ...]:
        """Texts, none blank; empty when absent."""
        form = f'["{example}"]'
        values = self.take(key, list, form, [])
        for value in values:
            if type(value) is not str or not value.strip():
                self.fail(
                    key,
                    N_("{origin}, line {line}: {key} cannot hold {value}"),
                    N_("Write {key} = {form}"),
                    key=self._named(key),
                    value=_short(value),
                    form=form,
                )
        return tuple(values)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """One of the words ``allowed``."""
        value = self.text(key, next(iter(allowed)))
        if value not in allowed:
            self.unknown(key, N_("{origin}, line {line}: unknown {key} {name}"), value, allowed)
        return value

    def choices(self, key: str, allowed: Collection[str], example: str) -> tuple[str, ...]:
        """At least one of the words ``allowed``."""
        values = self.texts(key, example)
        for value in values:
            if value not in allowed:
                self.unknown(key, N_("{origin}, line {line}: unknown {key} {name}"), value, allowed)
        return values

    def unknown(self, key: str, message: str, name: str, allowed: Iterable[str]) -> NoReturn:
        """Refuse ``name``, which is none of ``allowed``, and name the nearest of them."""
        allowed = list(allowed)
        near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
        self.fail(
            key,
            message,
            N_("Write {near}") if near else N_("Write one of: {allowed}"),
            key=self._named(key),
            name=_short(name),
            near=near[0] if near else "",
            allowed=allowed,
        )

    def clause(self, key: str) -> "Clause | None":
        """The table ``key``, or ``None`` when absent."""
        if key not in self.values:
            return None
        value = self.values.pop(key)
        if not isinstance(value, dict):
            self._not_a_clause(key, ".".join(map(str, (*self.path, key))), array=False)
        return Clause(self.page, (*self.path, key), value)

    def clauses(self, key: str) -> list["Clause"]:
        """The tables ``[[key]]``, in order."""
        values = self.values.pop(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            self._not_a_clause(key, key, array=True)
        path = (*self.path, key)
        return [Clause(self.page, (*path, number), v) for number, v in enumerate(values)]

    def _no_stranger(self) -> None:
        known = KEYS[".".join(part for part in self.path if isinstance(part, str))]
        for key in self.values:
            if key in known:
                continue
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            self.fail(
                key,
                N_("{origin}, line {line}: unknown key {key}"),
                N_("Write {near}") if near else N_("Take it out; the keys known here are: {known}"),
                key=self._named(key),
                near=near[0] if near else "",
                known=known,
            )

    def _not_a_clause(self, key: str, name: str, *, array: bool) -> NoReturn:
        self.fail(
            key,
            N_("{origin}, line {line}: {key} is not written as the section that it is"),
            N_("Write {form} on a line of its own, and its keys below"),
            key=self._named(key),
            form=f"[[{name}]]" if array else f"[{name}]",
        )

    def _named(self, key: str) -> str:
        """``key`` as a person finds it: with its section, ``scope.from``."""
        return ".".join([*(str(part) for part in self.path if type(part) is str), _short(key)])


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What to write, put into words only when the error is shown."""

    template: str

    def __str__(self) -> str:
        return say(self.template)


def _short(value: Any) -> str:
    """A value as it stands in TOML, cut to what fits on a line."""
    match value:
        case bool():
            text = str(value).lower()
        case date() | datetime():
            text = value.isoformat()
        case str():
            text = (
                value.encode("unicode_escape").decode("ascii") if not value.isprintable() else value
            )
        case _:
            text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
