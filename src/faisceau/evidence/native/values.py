"""Cells of a flat file as values of a column: numbers, truth, closed words, lists, coins.

A whole column at a time. Where Arrow has no function for it, Python sees each distinct value
once. What cannot be read becomes null; the caller counts it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.encoding import mended
from faisceau.evidence.folding import folded
from faisceau.tables.schemas.schema import BOOLEAN, COINS, NUMBER, STRING, STRINGS, Column

_TRUE = frozenset(["true", "t", "1", "yes", "y", "oui", "o", "vrai", "v", "x", "on", "si", "ja"])
_FALSE = frozenset(["false", "f", "0", "no", "n", "non", "faux", "off", "nein"])
_SYNONYMS = {
    "voice": "appel call voix vocal vocale audio ptt phonie appelvocal voicecall telephonie",
    "sms": "texto smsmt smsmo textmessage",
    "data": "donnees internet gprs donneesmobiles",
    "text": "texte message chat txt sms texto mms instantmessage",
    "image": "photo picture img photographie",
    "video": "film",
    "file": "fichier document doc attachment piecejointe pj pdf",
    "location": "position localisation lieu",
    "system": "systeme notification info",
    "audio": "son voix",
    "document": "doc pdf fichier",
    "fixed": "fixe",
    "mobile": "portable",
    "on_board": "embarque abord vehicule",
    "parcel": "colis paquet",
    "baggage": "bagage bagages luggage",
    "container": "conteneur containeur",
    "public": "publique publiques",
    "account": "compte connecte",
    "cell": "cellule antenne gsm",
    "wifi": "wlan",
    "ble": "bluetooth balise",
    "courier": "mule passeur convoyeur",
    "suspect": "misencause mec suspecte",
    "convicted": "condamne condamnee",
    "sender": "expediteur expeditrice",
    "recipient": "destinataire",
    "payer": "payeur",
    "witness": "temoin",
    "victim": "victime",
    "third_party": "tiers",
}
DIRECTIONS = {
    "in": "in entrant entrante recu recue incoming arrivee mt",
    "out": "out sortant sortante emis emise outgoing depart mo",
    "missed": "missed manque manquee sansreponse",
}


@dataclass(frozen=True, slots=True)
class Separators:
    """What commas and points mean in the numbers of a column: thousands, or the decimals.

    Without other evidence in the column, either one stands before the decimals.
    """

    comma_thousands: bool = False
    point_thousands: bool = False

    @classmethod
    def of(cls, cells: pa.Array) -> "Separators":
        """What the column itself tells (1,234.56 or 1.234.567 do; 1,234 does not)."""
        if not pa.types.is_string(cells.type):
            return cls()
        comma = r"^\s*-?\d{1,3}(?:,\d{3})+(?:,\d{3}|\.\d*)\D*$"
        point = r"^\s*-?\d{1,3}(?:\.\d{3})+(?:\.\d{3}|,\d*)\D*$"
        return cls(_any(cells, comma), _any(cells, point))


def present(cells: pa.Array) -> pa.Array:
    """True where a cell says something: not null, not blank."""
    if not pa.types.is_string(cells.type):
        return pc.is_valid(cells)
    blank = pc.or_(pc.equal(pc.binary_length(cells), 0), pc.utf8_is_space(cells))
    return pc.invert(pc.fill_null(blank, True))


def plain(cells: pa.Array) -> pa.Array:
    """The cells in one of few Arrow types: dictionaries, views and large types resolved."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks() if cells.num_chunks != 1 else cells.chunk(0)
    if isinstance(cells, pa.ExtensionArray):
        cells = cells.storage
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return plain(cells.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(cells))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return cells.cast(STRING)
    if pa.types.is_fixed_size_binary(kind):  # a hash
        return by_distinct(cells, STRING, bytes.hex)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return by_distinct(cells.cast(pa.binary()), STRING, _decoded)
    return cells


def read_values(cells: pa.Array, column: Column, separators: Separators) -> pa.Array:
    """``cells`` as the type of ``column`` (times and dates apart); null what cannot be read."""
    kind = column.type
    if kind == STRING:
        return _words(cells, column)
    if kind == NUMBER:
        return _numbers(cells, separators, clock=column.name == "duration_s")
    if kind == pa.int64():
        return _whole(_numbers(cells, separators), cells)
    if kind == BOOLEAN:
        return _truth(cells)
    if kind == STRINGS:
        return _lists(cells)
    if kind == COINS:
        return by_distinct(cells, COINS, _coins)
    raise TypeError(kind)


def cast(cells: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Texts cast by Arrow; None where one of them fails.

    One is tried first: in Arrow each failure is slow, a whole column of them a hundred times.
    """
    first = max(pc.index(pc.is_valid(cells), True).as_py(), 0)
    try:
        cells.slice(first, 1).cast(kind)
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None


def by_distinct(cells: pa.Array, kind: pa.DataType, function: Callable[[Any], Any]) -> pa.Array:
    """Apply a Python function once to each distinct value."""
    if pa.types.is_nested(cells.type):
        return pa.array([_or_none(function, v) for v in cells.to_pylist()], kind)
    codes = pc.dictionary_encode(cells)
    values = [_or_none(function, v) for v in codes.dictionary.to_pylist()]
    return pa.array(values, kind).take(codes.indices)


def texts(cells: pa.Array) -> pa.Array:
    """Any cells as text: whole numbers without point, nested values as JSON, blank kept."""
    kind = cells.type
    if kind == STRING:
        return cells
    if pa.types.is_floating(kind):
        finite = pc.fill_null(pc.is_finite(cells), False)
        cells = pc.if_else(finite, cells, pa.scalar(None, kind))
        exact = pc.and_(pc.equal(pc.floor(cells), cells), pc.less(pc.abs(cells), 2.0**53))
        whole = pc.if_else(exact, cells, pa.scalar(None, kind)).cast(pa.int64()).cast(STRING)
        return pc.coalesce(whole, cells.cast(STRING))
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else _dumped(v) for v in cells.to_pylist()], STRING)
    try:
        return cells.cast(STRING)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if v is None else str(v) for v in cells.to_pylist()], STRING)


def _words(cells: pa.Array, column: Column) -> pa.Array:
    text = texts(cells)
    if column.values:
        return by_distinct(text, STRING, _closed(column.values))
    if column.name == "direction":
        return by_distinct(text, STRING, _direction)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, STRING), text)


def _closed(values: tuple[str, ...]) -> Callable[[str], str | None]:
    """The value of a closed list that a word means, in English or French."""
    known = {folded(value): value for value in values}
    for value in values:
        for word in _SYNONYMS.get(value, "").split():
            known.setdefault(word, value)
    return lambda text: known.get(folded(text))


_DIRECTION = {word: value for value, words in DIRECTIONS.items() for word in words.split()}


def _direction(text: str) -> str | None:
    """in, out, missed where the word means one of them; a heading or another word as given."""
    return _DIRECTION.get(folded(text), text or None)


def _numbers(cells: pa.Array, separators: Separators, *, clock: bool = False) -> pa.Array:
    """Finite numbers. ``clock``: 1:02:03 and 02:03 are seconds."""
    kind = cells.type
    if pa.types.is_boolean(kind) or pa.types.is_nested(kind) or pa.types.is_temporal(kind):
        if clock and pa.types.is_duration(kind):
            return pc.divide(cells.cast(pa.duration("us")).cast(pa.int64()).cast(NUMBER), 1e6)
        return pa.nulls(len(cells), NUMBER)
    if kind == STRING:
        return _finite(_parsed(cells, separators, clock))
    return _finite(cells.cast(NUMBER, safe=False))


def _parsed(cells: pa.Array, separators: Separators, clock: bool) -> pa.Array:
    number = cast(cells, NUMBER)
    if number is not None:
        return number
    text = pc.utf8_trim_whitespace(cells)
    for pattern, replacement in (
        (r"[\s\x{a0}\x{202f}\x{2009}'’]+(\d{3})", r"\1"),
        (r"(?i)[\s\x{a0}\x{202f}]*(?:€|eur|euros?)$", ""),
        ("\N{MINUS SIGN}", "-"),
    ):
        text = pc.replace_substring_regex(text, pattern, replacement)
    # with both marks in one number, the last is before the decimals
    comma = r"^([+-]?\d{1,3}(?:,\d{3})+)(\.\d*)?$" if separators.comma_thousands else _COMMA_FIRST
    point = r"^([+-]?\d{1,3}(?:\.\d{3})+)(,\d*)?$" if separators.point_thousands else _POINT_FIRST
    for pattern, mark in ((comma, ","), (point, ".")):
        grouped = pc.fill_null(pc.match_substring_regex(text, pattern), False)
        if grouped.true_count:
            text = pc.if_else(grouped, pc.replace_substring(text, mark, ""), text)
    text = pc.replace_substring(text, ",", ".", max_replacements=1)
    good = pc.match_substring_regex(text, r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$")
    number = pc.if_else(good, text, pa.scalar(None, STRING)).cast(NUMBER)
    if clock and _any(text, ":"):
        parts = pc.extract_regex(text, r"^(?:(?P<h>\d{1,4}):)?(?P<m>\d{1,3}):(?P<s>\d\d)$")
        h, m, s = (
            pc.if_else(pc.equal(part, ""), "0", part).cast(NUMBER)
            for part in (pc.struct_field(parts, name) for name in "hms")
        )
        spoken = pc.add(pc.add(pc.multiply(h, 3600.0), pc.multiply(m, 60.0)), s)
        number = pc.coalesce(number, spoken)
    return number


_COMMA_FIRST = r"^[+-]?\d{1,3}(?:,\d{3})+\.\d*$"
_POINT_FIRST = r"^[+-]?\d{1,3}(?:\.\d{3})+,\d*$"


def _finite(number: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(pc.is_finite(number), False), number, pa.scalar(None, NUMBER))


def _whole(number: pa.Array, cells: pa.Array) -> pa.Array:
    """Whole numbers; those that the file states as such are taken exactly."""
    null = pa.scalar(None, pa.int64())
    if pa.types.is_signed_integer(cells.type):
        return cells.cast(pa.int64())
    if cells.type == STRING:
        digits = pc.match_substring_regex(cells, r"^\s*[+-]?\d{1,18}\s*$")
        exact = pc.if_else(digits, pc.utf8_trim_whitespace(cells), pa.scalar(None, STRING))
        exact = pc.replace_substring(exact, "+", "").cast(pa.int64())
    else:
        exact = pa.nulls(len(cells), pa.int64())
    fits = pc.and_(pc.equal(pc.floor(number), number), pc.less(pc.abs(number), 2.0**53))
    near = pc.if_else(pc.fill_null(fits, False), number, pa.scalar(None, NUMBER)).cast(pa.int64())
    return pc.coalesce(exact, near, null)


def _truth(cells: pa.Array) -> pa.Array:
    if pa.types.is_boolean(cells.type):
        return cells

    def said(text: str) -> bool | None:
        word = folded(text)
        return True if word in _TRUE else False if word in _FALSE else None

    return by_distinct(texts(cells), BOOLEAN, said)


def _lists(cells: pa.Array) -> pa.Array:
    """Lists of texts: as such, a JSON array, or values separated by ``;`` or ``|``."""
    kind = cells.type
    if pa.types.is_list(kind) and kind.value_type == STRING:
        return cells.cast(STRINGS)
    if pa.types.is_nested(kind):
        return by_distinct(cells, STRINGS, _texts_of)
    text = texts(cells)
    empty = pc.equal(pc.utf8_trim_whitespace(text), "")
    text = pc.if_else(empty, pa.scalar(None, STRING), text)
    is_json = pc.fill_null(pc.match_substring_regex(text, r"^\s*\["), False)
    split = pc.replace_substring_regex(text, r"^[\s;|]+|[\s;|]+$", "")
    split = pc.if_else(pc.equal(split, ""), pa.scalar(None, STRING), split)
    split = pc.split_pattern_regex(split, r"\s*[;|][\s;|]*")
    if not is_json.true_count:
        return split.cast(STRINGS)
    read = by_distinct(text.filter(is_json), STRINGS, _json_list)
    places = pc.cumulative_sum(is_json.cast(pa.int64()))
    places = pc.if_else(is_json, pc.subtract(places, 1), pa.scalar(None, pa.int64()))
    return pc.if_else(is_json, read.take(places), split.cast(STRINGS))


def _json_list(text: str) -> list[str]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise TypeError(text)
    return _texts_of(value)


def _texts_of(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [mended(i if isinstance(i, str) else _dumped(i)) for i in items if i is not None]


def _coins(value: Any) -> list[dict[str, Any]]:
    """Addresses with values, from lists of objects, lists of addresses, or text."""
    if isinstance(value, str):
        text = value.strip()
        value = json.loads(text) if text[:1] in ("[", "{") else _spelt(text)
    items = value if isinstance(value, list) else [value]
    return [_coin(item) for item in items if item is not None]


def _coin(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"address": mended(item), "value": None}
    address, value = item.get("address"), item.get("value")
    number = None if value is None else float(value)
    return {"address": None if address is None else mended(str(address)), "value": number}


def _spelt(text: str) -> list[Any]:
    """``address:value`` or ``address``, separated by ``;`` or ``|``."""
    coins: list[Any] = []
    for part in text.replace("|", ";").split(";"):
        address, _, value = part.strip().rpartition(":")
        try:
            coins.append({"address": address or part.strip(), "value": float(value)})
        except ValueError:
            coins.append(part.strip())
    return [c for c in coins if c]


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _dumped(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, ValueError):
        return mended(json.dumps(value, ensure_ascii=False, default=str))


def _or_none(function: Callable[[Any], Any], value: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return function(value)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _any(cells: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(cells, pattern)).as_py())
