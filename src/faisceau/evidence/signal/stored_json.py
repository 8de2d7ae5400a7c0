"""The JSON that Signal Desktop keeps in its tables, whatever stands in it."""

from collections.abc import Mapping
from typing import Any

import orjson

Object = Mapping[str, Any]


def loaded(stored: Any) -> Object:
    """A JSON object; an empty one where there is none."""
    try:
        said = orjson.loads(stored)
    except (orjson.JSONDecodeError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def inner(said: Object, name: str) -> Object:
    """The object in a field; an empty one where there is none."""
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def listed(said: Object, name: str) -> list[Object]:
    """The objects of a list in a field."""
    value = said.get(name)
    if not value or not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]
