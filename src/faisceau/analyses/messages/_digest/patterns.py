"""The patterns of ``words.yaml``, with the names in them filled in."""

import re
from functools import cache
from importlib.resources import files

import yaml


@cache
def _data() -> tuple[dict[str, str], frozenset[str]]:
    text = (files(__package__) / "words.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    found: dict[str, str] = {}
    for name, pattern in data["patterns"].items():
        found[name] = re.sub(r"\{([a-z_]+)\}", lambda used: found[used[1]], pattern)
    return found, frozenset(data["nobody"].split())


def pattern(name: str, *, case: bool = False) -> str:
    """A pattern by name; unless ``case`` counts, upper and lower case are the same."""
    return ("" if case else "(?i)") + _data()[0][name]


def any_of(names: list[str]) -> str:
    """Matches texts that hold one of several patterns, ignoring case."""
    return "(?i)" + "|".join(f"(?:{_data()[0][name]})" for name in names)


def several(name: str, least: int) -> str:
    """Matches texts that hold the pattern ``least`` times, one after the other."""
    return "(?is)" + ".*".join([_data()[0][name]] * least)


def nobody() -> frozenset[str]:
    """Words after a greeting that name nobody."""
    return _data()[1]
