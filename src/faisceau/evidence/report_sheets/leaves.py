"""Flat records in XML of no published schema: elements that hold named texts and nothing deeper.

A text is named by its element (``<From>``), by an attribute (``<field name="From">``), or by a leaf
beside it (``<name>From</name><value>…``). Ends of a message (``<From><Tel>…``) become one text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from faisceau.evidence.folding import folded
from faisceau.evidence.reading import Source

_NAMING = ("name", "caption", "title", "key", "label", "type", "id")
"""Attributes that may name a text or a section, the surest first."""
_PAIR = frozenset(["name", "key", "attribute", "caption"])
_VALUE = frozenset(["value", "data", "text", "content"])
_ENDS = frozenset(
    ["from", "to", "participant", "participants", "sender", "recipient", "recipients", "cc", "bcc"]
)
_NUMBERED = ("tel", "number", "phone", "phonenumber", "identifier", "account", "email", "id", "uid")
_READ = "read-already"
"""Marks what is left of a record that was read."""
_SECTIONED = ("name", "caption", "title", "type")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One record: where it stands, what its sections are called, its texts by name."""

    line: int
    sections: tuple[str, ...]
    """Names and tags from the root to the record, the nearest last."""
    said: dict[str, str]

    called: str
    """What a record of its kind is called: the nearest section, or its own tag."""

    @classmethod
    def of(cls, element: Any, said: dict[str, str]) -> "Leaf":
        """The record that an element is."""
        sections, called = _sections(element)
        return cls(element.sourceline or 0, sections, said, called)


def leaves(source: Source) -> Iterator[Leaf]:
    """The records of an XML file, streamed; see ``Source.xml_events`` for what is refused."""
    for event, element in source.xml_events():
        if event == "start":
            continue
        if len(element) and all(map(_is_leaf, element)):
            if _flattened(element):
                continue
            yield Leaf.of(element, _said(element))
            _free(element)
        elif len(element) == 0 and len(element.attrib) > 2 and not element.text:
            yield Leaf.of(element, dict(element.attrib))
            _free(element)


def _is_leaf(element: Any) -> bool:
    return len(element) == 0 and element.get(_READ) is None


def _flattened(element: Any) -> bool:
    """Make one text of a pair of name and value, or of an end of a message; True when it was."""
    by_tag = {_local(child).lower(): (child.text or "").strip() for child in element}
    name = next((by_tag[tag] for tag in by_tag if tag in _PAIR), None)
    value = next((by_tag[tag] for tag in by_tag if tag in _VALUE), None)
    if name and value is not None and len(element) <= 4 and _local(element).lower() not in _ENDS:
        _as_text(element, value)
        element.set("name", name)
        return True
    called = _named(element)
    if folded(called) not in _ENDS or element.getparent() is None:
        return False
    said = {folded(name): text for name, text in _said(element).items()}
    number = next((said[n] for n in _NUMBERED if said.get(n)), None)
    label = next((text for n, text in said.items() if n.startswith("name") and text), None)
    both = f"{label} <{number}>" if label and number else number or label
    _as_text(element, both or "\n".join(said.values()))
    return True


def _as_text(element: Any, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text


def _said(element: Any) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in element.attrib.items():
        if name.lower() not in _SECTIONED:
            said[name] = value
    for child in element:
        text = (child.text or "").strip("\r\n")
        if not text.strip():
            continue
        name = _named(child)
        said[name] = f"{said[name]}\n{text}" if name in said else text
    return said


def _sections(element: Any) -> tuple[tuple[str, ...], str]:
    """What the record and all around it are called, and what its kind is called."""
    around = [*reversed(list(element.iterancestors())), element]
    named = [[v for a in _SECTIONED if (v := each.get(a))] for each in around]
    called = next((names[0] for names in reversed(named[:-1]) if names), _local(element))
    tags = zip(map(_local, around), named, strict=True)
    return tuple(name for tag, names in tags for name in (tag, *names)), called


def _named(element: Any) -> str:
    return next((v for a in _NAMING[:5] if (v := element.get(a))), None) or _local(element)


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _free(element: Any) -> None:
    """Give back a record and what stands before it under the same parent."""
    element.clear()
    element.set(_READ, "")
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
