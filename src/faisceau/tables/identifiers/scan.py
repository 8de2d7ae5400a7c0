"""Identifiers in free text: a fast scan finds the texts that may hold one, a slow look reads them.

The scan is one RE2 pattern run by Arrow over the column's buffer; most chat messages end there.
The look is one pattern over each remaining text; what it finds is judged by ``normalise``.
"""

import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.tables.identifiers.normal import Identifier, normalise

LONGEST_TEXT = 1 << 20
"""Characters of one text that are looked at; a longer one is cut there."""

_BASE58 = "1-9A-HJ-NP-Za-km-z"
_SIV = "A-HJ-NP-TV-Z"  # no I, O, U on plates since 2009 (arrete of 9 February 2009)
_AIRLINES = (
    "A3|AA|AC|AF|AH|AI|AM|AT|AV|AY|AZ|BA|BF|BJ|CM|CX|DL|EI|EK|ET|EW|FB|FI|FR|G3|HV|IB|JJ|JU|KL|"
    "KM|KQ|LA|LG|LH|LO|LS|LX|LY|MS|NO|OA|OS|PC|QR|RO|S4|SK|SN|SS|SU|SV|TB|TG|TK|TO|TP|TS|TU|TX|U2|"
    "UA|UX|V7|VF|VS|VY|W6|WB|XK"
)
"""Airlines (IATA) that serve France, its overseas departments and the routes of couriers."""

_UNITS = "EUR|KG|GR|MG|CM|MM|ML|CL"

MAY_HOLD = (
    r"@[\w\p{L}]|://|www\.|\bt\.me/|\bwa\.me/|\bsnapchat\.com/"
    r"|\p{Nd}(?:[ .()\x{a0}-]{0,3}\p{Nd}){7}"
    rf"|\bbc1[0-9a-z]{{11}}|\bBC1[0-9A-Z]{{11}}|0x[0-9A-Fa-f]{{40}}|\b[13T][{_BASE58}]{{25}}"
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2}"
    rf"|\b(?i:[{_SIV}]{{2}}-?\d{{3}}-?[{_SIV}]{{2}})\b|\b[{_SIV}]{{2}} \d{{3}} [{_SIV}]{{2}}\b"
    rf"|\b\d{{2,4}}-?[{_SIV}]{{2,3}}-?(?:\d{{2}}|2[AB]|97\d)\b"
    rf"|\b(?:{_AIRLINES}) ?\d{{2,4}}\b"
)
"""RE2: true for every text that ``_LOOK`` finds something in; few others."""

_LOOK = re.compile(
    rf"""
      (?P<url> (?:https?://|\bwww\.|\b(?:t\.me|wa\.me|snapchat\.com)/) [^\s<>"'`{{}}|\\^]+ )
    | (?P<email> \b[\w.+-]{{1,64}} @ (?:[^\W_](?:[\w-]{{0,61}}[^\W_])?\.){{1,5}}
        [^\W\d_]{{2,24}}\b )
    | (?P<handle> (?<![\w@.]) @ [^\W\d][\w.]{{1,31}} )
    | (?P<coin_address> \b(?: bc1[02-9ac-hj-np-z]{{11,71}} | BC1[02-9AC-HJ-NP-Z]{{11,71}}
        | 0x[0-9A-Fa-f]{{40}} | [13][{_BASE58}]{{25,33}} | T[{_BASE58}]{{33}} )\b )
    | (?P<iban> \b[A-Z]{{2}}[0-9]{{2}}(?:[ ]?[A-Z0-9]{{4}}){{2,7}}(?:[ ]?[A-Z0-9]{{1,3}})?\b )
    | (?P<plate> \b(?: (?i:[{_SIV}]{{2}}(?P<dash>-?)[0-9]{{3}}(?P=dash)[{_SIV}]{{2}})
        | [{_SIV}]{{2}}[ ][0-9]{{3}}[ ][{_SIV}]{{2}}
        | [1-9][0-9]{{1,3}}(?P<sep>-?)(?!{_UNITS})[{_SIV}]{{2,3}}(?P=sep)
          (?:[0-9]{{2}}|2[AB]|97[0-9]) )\b )
    | (?P<flight> \b(?: (?:{_AIRLINES})[0-9]{{2,4}}
        | (?<=(?i:vol)[ ])(?:{_AIRLINES})[ ][0-9]{{2,4}} )\b )
    | (?P<imei> (?<![\d+])[0-9]{{15}}(?!\d)
        | (?<!\d)[0-9]{{2}}[ -][0-9]{{6}}[ -][0-9]{{6}}[ -][0-9](?!\d) )
    | (?P<phone> (?<![\w+]) (?:\(?\+|\(?0|33(?=[1-9]))
        (?:[ .()\u00a0-]{{0,3}}\d){{8,14}} (?![\w]) )
    """,
    re.VERBOSE,
)
_DATE = re.compile(r"0?\d{1,2}[.-]\d{1,2}[.-](?:19|20)?\d{2}\b|(?:19|20)\d{2}-")
_AFTER_URL = ".,;:!?)]}»…*_~"
_CHECKED = ("imei", "phone", "iban", "flight", "email")
"""Kinds that a text holds only if their rule accepts the value: else it is just a number."""
_EVERYBODY = frozenset(("all", "tous", "everyone", "here", "channel"))


def found_in(text: str) -> list[Identifier]:
    """The identifiers a text holds, each once, in the order they stand."""
    found: dict[Identifier, None] = {}
    for match in _LOOK.finditer(text[:LONGEST_TEXT]):
        for identifier in _read(match):
            found[identifier] = None
    return list(found)


def candidates(texts: pa.Array) -> pa.Array:
    """Indices (int64) of the texts that may hold an identifier."""
    return pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(texts, MAY_HOLD), False))


def _read(match: re.Match[str]) -> list[Identifier]:
    kind, raw = _kind(match), match[0]
    if kind == "url":
        raw = raw.rstrip(_AFTER_URL)
        return [i for i in (_normal("url", raw), _named_by(raw)) if i is not None]
    if kind == "handle":
        raw = raw.rstrip(".")
    if (kind == "phone" and _DATE.match(raw)) or raw[1:].lower() in _EVERYBODY:
        return []
    identifier = _normal(kind, raw)
    if identifier is None or (kind in _CHECKED and identifier.value.startswith("?")):
        return []
    return [identifier]


@lru_cache(1 << 16)
def _normal(kind: str, raw: str) -> Identifier | None:
    return normalise(kind, raw)


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind in _KINDS if match[kind] is not None)


def _named_by(url: str) -> Identifier | None:
    """The account whose public address a link is: ``t.me/momo75``, ``wa.me/33612345678``."""
    link = _PROFILE.search(url)
    if link is None:
        return None
    return (
        _normal("phone", f"+{link['phone']}") if link["phone"] else _normal("account", link["name"])
    )


_KINDS = ("phone", "url", "handle", "email", "iban", "plate", "imei", "flight", "coin_address")
_PROFILE = re.compile(
    r"(?:\bwa\.me/\+?(?P<phone>[0-9]{8,15})|\b(?:t\.me/|snapchat\.com/add/|instagram\.com/)"
    r"@?(?P<name>[A-Za-z_][\w.]{2,31}))/?$"
)
