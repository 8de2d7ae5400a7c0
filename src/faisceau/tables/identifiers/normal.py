"""The normal form of one identifier, by its kind.

Telephone numbers after Google's libphonenumber (E.164, numbers without country are French);
check digits of IMEI, IMSI and IBAN after python-stdnum. A value that its rule refuses is kept
raw, marked with ``?``: it may be mistyped, or of a form this version does not know.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat
from stdnum import iban, imei, imsi, luhn
from stdnum.exceptions import ValidationError

from faisceau.tables.identifiers.coins import coin_address
from faisceau.tables.identifiers.names import address_key, person_key

REGION = "FR"
LONGEST = 512
"""Characters; nothing longer is an identifier."""
_SETTLED = 4
"""Passes in which a form settles that marks, accents and gaps can still change."""

_GAPS = re.compile(r"[\s\u00a0\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_JID = re.compile(r"\+?([0-9]{5,15})(?:[.:][0-9]+)*@(?:s\.whatsapp\.net|c\.us)")
_NO_PERSON = re.compile(r".*@(?:g\.us|broadcast|newsletter|call)", re.DOTALL)
_CODES = {
    **dict.fromkeys(("590", "690", "691"), "590"),  # Guadeloupe, Saint-Martin, Saint-Barthélemy
    **dict.fromkeys(("594", "694"), "594"),  # Guyane
    **dict.fromkeys(("596", "696", "697"), "596"),  # Martinique
    **dict.fromkeys(("262", "692", "693"), "262"),  # La Réunion
}
_OVERSEAS = re.compile(rf"0({'|'.join(_CODES)})\d{{6}}")
_BRAZIL = re.compile(r"55[1-9][0-9][6-9][0-9]{7}")
_MEXICO = re.compile(r"521[0-9]{10}")
_EMAIL = re.compile(r"[^\s@<>\"',;:()\[\]]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}")
_HANDLE = re.compile(r"\w[\w.-]{1,63}")
_DIALLED = re.compile(r"(?:tel:)?[+(]*[0-9][0-9 .\-/()\u2010-\u2015]*", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")
_PLATE_SIGNS = re.compile(r"[\W_]+")
_FLIGHT = re.compile(r"([A-Z]{2}|[A-Z][0-9]|[0-9][A-Z])0*([0-9]{1,4})([A-Z]?)")
_BIRTH = re.compile(r"(.*)\|([0-9]{4}-[0-9]{2}-[0-9]{2})", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://")
_PORTS = {"http": 80, "https": 443}
_NOBODY = frozenset(("owner", "unknown", "inconnu", "private", "anonymous", "null", "none"))
"""What sources write where there is no identifier; ``owner`` is the readers' own."""


class Identifier(NamedTuple):
    """A kind and a normal form; the form begins with ``?`` when its rule refuses the value."""

    kind: str
    value: str


def normalise(kind: str, raw: str) -> Identifier | None:
    """The normal form of ``raw``, a value of ``kind``; None where it is no identifier.

    ``account`` is decided by the value: a phone number, a mail address or a handle. Normal forms
    are their own normal form. Raises ``KeyError`` for a kind that does not exist.
    """
    rule = _RULES[kind]
    found = _once(rule, raw)
    for _ in range(_SETTLED):
        if found is None or (found.value.isascii() and not found.value.startswith("?")):
            break
        before, found = found, _once(_RULES[found.kind], found.value)
        if found == before:
            break
    return found


def _once(rule: "_Rule", raw: str) -> Identifier | None:
    text = _tidy(raw).removeprefix("?").strip()
    return rule(text) if text and len(text) <= LONGEST else None


def _tidy(raw: str) -> str:
    """Compatibility forms made plain, gaps and direction marks made single spaces."""
    return _GAPS.sub(" ", unicodedata.normalize("NFKC", raw)).strip()


def _refused(kind: str, text: str) -> Identifier:
    return Identifier(kind, f"?{text}")


def _account(text: str) -> Identifier | None:
    if text.casefold() in _NOBODY or _NO_PERSON.fullmatch(text):
        return None
    if jid := _JID.fullmatch(text):
        return _phone("+" + jid[1])
    if _EMAIL.fullmatch(text):
        return _email(text)
    if _DIALLED.fullmatch(text):
        digits = re.sub(r"[^0-9]", "", text)
        whole = len(digits) >= 11 or text[0] in "+(0t" or len(digits) < 7
        # a bare number of 7 to 10 digits is how Telegram and others number their users
        return _phone(text) if whole else Identifier("handle", digits)
    return _handle(text)


def _phone(text: str) -> Identifier | None:
    if text.casefold() in _NOBODY:
        return None
    if jid := _JID.fullmatch(text):
        text = "+" + jid[1]
    compact = re.sub(r"[^0-9+]", "", text)
    for written in (text, "+" + compact, _renumbered(compact)):
        try:
            number = phonenumbers.parse(written, REGION)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            number.extension = None
            return Identifier("phone", phonenumbers.format_number(number, PhoneNumberFormat.E164))
    return _refused("phone", compact if _DIALLED.fullmatch(text) else text)


def _renumbered(digits: str) -> str:
    """A number as its country writes it today; WhatsApp keeps accounts under the old one.

    Brazil put a 9 before mobile numbers (Anatel, resolution 553/2010); Mexico dropped the 1 after
    its country code (IFT, numbering plan of 2019). Overseas France is dialled as within France,
    under other country codes (Arcep, decision 2018-0881).
    """
    if overseas := _OVERSEAS.fullmatch(digits):
        return f"+{_CODES[overseas[1]]}{digits[1:]}"
    digits = digits.removeprefix("00").lstrip("+")
    if _BRAZIL.fullmatch(digits):
        return f"+{digits[:4]}9{digits[4:]}"
    return f"+52{digits[3:]}" if _MEXICO.fullmatch(digits) else f"+{digits}"


def _email(text: str) -> Identifier:
    text = text.removeprefix("mailto:").casefold()
    return Identifier("email", text) if _EMAIL.fullmatch(text) else _refused("email", text)


def _handle(text: str) -> Identifier | None:
    bare = text.lstrip("@").casefold()
    if bare in _NOBODY:
        return None
    return Identifier("handle", bare) if _HANDLE.fullmatch(bare) else None


def _alias(text: str) -> Identifier | None:
    """A nickname may hold spaces; an account name does not."""
    bare = text.lstrip("@ ").casefold()
    return Identifier("handle", bare) if bare and bare not in _NOBODY else None


def _imei(text: str) -> Identifier:
    """15 digits. The network leaves the check digit out, or writes 0 (3GPP TS 23.003, 6.2.1)."""
    digits = re.sub(r"[ ./-]", "", text)
    if _DIGITS.fullmatch(digits):
        if len(digits) == 15 and imei.is_valid(digits):
            return Identifier("imei", digits)
        if len(digits) in (14, 16) or (len(digits) == 15 and digits[14] == "0"):
            return Identifier("imei", digits[:14] + luhn.calc_check_digit(digits[:14]))
    return _refused("imei", digits)


def _imsi(text: str) -> Identifier:
    digits = re.sub(r"[ ./-]", "", text)
    valid = _DIGITS.fullmatch(digits) and imsi.is_valid(digits)
    return Identifier("imsi", digits) if valid else _refused("imsi", digits)


def _iccid(text: str) -> Identifier:
    """ITU-T E.118: 89, then up to 18 digits, a Luhn check digit last; ``F`` is filling."""
    digits = re.sub(r"[ ./-]", "", text).upper().rstrip("F")
    fits = _DIGITS.fullmatch(digits) and digits.startswith("89") and 18 <= len(digits) <= 20
    valid = fits and luhn.is_valid(digits)
    return Identifier("iccid", digits) if valid else _refused("iccid", digits)


def _iban(text: str) -> Identifier:
    compact = re.sub(r"[\W_]", "", text).upper().removeprefix("IBAN") or text
    try:
        return Identifier("iban", iban.validate(compact))
    except (ValidationError, ValueError):
        return _refused("iban", compact)


def _plate(text: str) -> Identifier | None:
    """Letters and digits alone: ``ab-123 cd`` is ``AB123CD``. Any country's form is taken."""
    compact = _PLATE_SIGNS.sub("", text).upper()
    return Identifier("plate", compact) if compact else None


def _document(text: str) -> Identifier | None:
    compact = re.sub(r"[\W_]", "", text).upper()
    return Identifier("document", compact) if compact else None


def _coin(text: str) -> Identifier:
    found = coin_address(text)
    if found is None or not found[1]:
        return _refused("coin_address", text)
    return Identifier("coin_address", found[0])


def _person(text: str) -> Identifier | None:
    birth = _BIRTH.fullmatch(text)
    key = person_key(birth[1], birth_date=birth[2]) if birth else person_key(text)
    return Identifier("person", key) if key else None


def _address(text: str) -> Identifier | None:
    key = address_key(text)
    return Identifier("address", key) if key else None


def _flight(text: str) -> Identifier:
    """Airline, number without leading zeros, operational suffix (IATA)."""
    found = _FLIGHT.fullmatch(re.sub(r"[\W_]", "", text).upper())
    return Identifier("flight", "".join(found.groups())) if found else _refused("flight", text)


def _url(text: str) -> Identifier:
    """Scheme and host in lower case; no default port, fragment, or trailing slash."""
    whole = text if _SCHEME.match(text) else f"https://{text}"
    try:
        parts = urlsplit(whole)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return _refused("url", text)
    if "." not in host or " " in whole:
        return _refused("url", text)
    place = host if port is None or _PORTS.get(parts.scheme) == port else f"{host}:{port}"
    path = parts.path.rstrip("/")
    return Identifier("url", urlunsplit((parts.scheme.lower(), place, path, parts.query, "")))


_Rule = Callable[[str], Identifier | None]
_RULES: Mapping[str, _Rule] = {
    "account": _account,
    "phone": _phone,
    "email": _email,
    "handle": _alias,
    "imei": _imei,
    "imsi": _imsi,
    "iccid": _iccid,
    "iban": _iban,
    "plate": _plate,
    "coin_address": _coin,
    "document": _document,
    "person": _person,
    "address": _address,
    "url": _url,
    "flight": _flight,
}
KINDS = tuple(kind for kind in _RULES if kind != "account")
"""The kinds a mention can have."""
