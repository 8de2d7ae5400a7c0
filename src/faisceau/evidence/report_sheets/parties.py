"""Who stands in a cell: ``+33611 Bob``, ``Bob <33611@s.whatsapp.net>``, ``To: +33622 (owner)``."""

import re
from dataclasses import dataclass

_ROLE = re.compile(r"^\s*(from|to|cc|bcc|de|à|vers)\s*:\s*", re.IGNORECASE)
_OWNER = re.compile(r"\s*\(\s*(?:owner|propriétaire)\s*\)\s*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"^(.*?)\s*<\s*([^<>]+?)\s*>\s*$")
_LAST_IN_BRACKETS = re.compile(r"^(.+?)\s*\(\s*(\+?[\d\s.-]{5,}|[^\s()]+@[^\s()]+)\s*\)$")
_NUMBER = r"\+?\d[\d\s().-]{3,}\d"
_IDENTIFIER = re.compile(rf"(?:{_NUMBER}(?![\w@])|\S+@\S+|\+?\d{{3,}}|@\w[\w.]*)", re.ASCII)
_NOBODY = frozenset(["", "n/a", "unknown", "-", "none"])


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a message or call: by an identifier, a name, or both."""

    identifier: str | None
    name: str | None
    owner: bool = False
    role: str | None = None
    """``from`` or ``to``, where the cell says it."""

    @property
    def known_as(self) -> str | None:
        """The identifier, or else the name: where one column must hold either."""
        return self.identifier or self.name


def parties(cell: str | None) -> list[Party]:
    """Everyone a cell names, one a line or between semicolons."""
    pieces = re.split(r"[\n\r;]+", cell or "")
    found = [_party(piece) for piece in pieces]
    return [party for party in found if party is not None]


def _party(piece: str) -> Party | None:
    role = _ROLE.match(piece)
    rest = piece[role.end() :] if role else piece
    owner = _OWNER.search(rest) is not None
    rest = _OWNER.sub(" ", rest).strip().strip("*").strip()
    if rest.casefold() in _NOBODY and not owner:
        return None
    word = role[1].casefold() if role else None
    word = {"de": "from", "à": "to", "vers": "to", "cc": "to", "bcc": "to"}.get(word or "", word)
    if within := _IN_BRACKETS.match(rest) or _LAST_IN_BRACKETS.match(rest):
        return Party(within[2], within[1].strip() or None, owner, word)
    if found := _IDENTIFIER.match(rest):
        name = rest[found.end() :].strip(" ,-") or None
        return Party(found[0].strip(), name, owner, word)
    if rest and not re.search(r"\s", rest) and re.search(r"[\d_.@]", rest):
        return Party(rest, None, owner, word)  # a handle
    return Party(None, rest or None, owner, word)
