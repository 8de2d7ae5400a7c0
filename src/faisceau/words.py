"""The words a person reads: English templates in the code, French from the catalogue.

A text that a person may read is written once, in English, as a template marked with
:func:`N_` and kept with its facts. It is put into words at the last moment by :func:`say`,
so that the same finding or error can be read in either language.
"""

import gettext
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any

LANGUAGES = ("en", "fr")

_language: ContextVar[str] = ContextVar("language", default="en")


class Term(str):
    """A fact that is itself a template, without fields: it is said in the language of its
    sentence."""

    __slots__ = ()


def N_(template: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a template for the French catalogue; returned unchanged."""
    return template


def language() -> str:
    """The language texts are put into now, ``en`` or ``fr``."""
    return _language.get()


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Put every text said inside the block into ``lang``."""
    if lang not in LANGUAGES:
        raise ValueError(lang)
    token = _language.set(lang)
    try:
        yield
    finally:
        _language.reset(token)


def say(template: str, /, **facts: Any) -> str:
    """``template`` in the current language, its ``{fields}`` filled from ``facts``."""
    text = _catalogue(_language.get()).gettext(template) if template else ""
    if not facts:
        return text
    return text.format_map({name: _fact(text, name, value) for name, value in facts.items()})


def _fact(text: str, name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return _listed(value, *_marks(text, name))
    return _shown(value)


def _marks(text: str, name: str) -> tuple[str, str]:
    """The quotation marks around a field, with the spaces inside them; none: empty."""
    found = re.search(rf"(“|«\s?)\{{{name}\}}(”|\s?»)", text)
    return (found[1], found[2]) if found else ("", "")


def _listed(values: Collection[Any], opening: str, closing: str) -> str:
    """Items with commas, each between the marks that stand around the whole."""
    items = sorted(values) if isinstance(values, (set, frozenset)) else values
    return f"{closing}, {opening}".join(str(_shown(item)) for item in items)


def _shown(value: Any) -> Any:
    """A fact as a person reads it: lists with commas, times to the second with their zone."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Term):
        return say(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _listed(value, "", "")
    return value


@cache
def _catalogue(lang: str) -> gettext.NullTranslations:
    if lang == "en":
        return gettext.NullTranslations()
    with as_file(files("faisceau") / "locale") as folder:
        return gettext.translation("faisceau", folder, [lang], fallback=True)
