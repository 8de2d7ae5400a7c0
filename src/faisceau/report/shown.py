"""How the report shows numbers, days, moments and the words of the vocabulary."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal

from faisceau.report.model import Text, Words
from faisceau.words import N_, language, say

_LOCALES = {"en": "en_GB", "fr": "fr_FR"}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")
_FIRST = re.compile(r"\b1(?= \D)")

TABLES = {
    "message": N_("messages"),
    "call": N_("calls"),
    "contact": N_("contacts"),
    "handset": N_("handsets"),
    "person": N_("persons"),
    "trip": N_("trips"),
    "seizure": N_("seizures"),
    "plate_read": N_("number-plate reads"),
    "payment": N_("payments"),
    "coin_transfer": N_("crypto-asset transfers"),
    "declaration": N_("customs declarations"),
    "scan": N_("parcel scans"),
    "post": N_("public posts"),
    "sim_sale": N_("SIM card sales"),
    "media": N_("media files"),
    "position": N_("positions"),
    "mention": N_("identifiers mentioned"),
    "review": N_("reviews"),
}
REGIMES = {
    "judicial-flagrance": N_("judicial inquiry in flagrance"),
    "judicial-preliminary": N_("preliminary judicial inquiry"),
    "judicial-instruction": N_("judicial investigation led by an investigating judge"),
    "intelligence": N_("intelligence"),
    "customs": N_("customs"),
    "fiscal": N_("tax"),
}
ROLES = {
    "investigator": N_("investigator"),
    "analyst": N_("analyst"),
    "lead": N_("lead investigator"),
    "auditor": N_("auditor"),
    "administrator": N_("administrator"),
    "defence": N_("defence"),
    "authority": N_("authority"),
    "control-magistrate": N_("control magistrate"),
}
AUTHORISATIONS = {
    "matching": N_("matching of procedures or persons"),
    "purchase": N_("test purchase"),
    "pseudonym": N_("pseudonymous act"),
    "cnctr": N_("use of artificial intelligence, after the CNCTR's opinion"),
    "processing": N_("automated processing"),
    "lapi_scan": N_("search over all number-plate reads"),
}
PURPOSES = {"narcotics-trafficking": N_("narcotics trafficking")}
KINDS = {
    "query": N_("written rules, which a person can read"),
    "assist": N_("a model changes the form of one item, under an agent's control"),
    "matching": N_("matching of persons, procedures or exhibits"),
    "ai": N_("ranking or prediction learnt by a model"),
}
STATUSES = {
    "new": N_("not reviewed"),
    "confirmed": N_("confirmed"),
    "dismissed": N_("dismissed"),
    "unsure": N_("doubtful"),
    "exculpatory": N_("speaks for the person"),
    "superseded": N_("superseded"),
    "withdrawn": N_("withdrawn"),
}
SUBJECTS = {
    "thread": N_("conversation"),
    "plate": N_("number plate"),
    "person": N_("person"),
    "procedure": N_("procedure"),
    "phone": N_("telephone"),
    "place": N_("place"),
    "account": N_("account"),
    "coin_address": N_("crypto-asset address"),
    "scan": N_("parcel scan"),
    "declaration": N_("declaration"),
    "post": N_("post"),
    "device": N_("device"),
}


def word(vocabulary: Mapping[str, str], code: str) -> str:
    """A word of the vocabulary in the current language; an unknown one as it is."""
    return say(vocabulary[code]) if code in vocabulary else code


def words(vocabulary: Mapping[str, str], codes: Iterable[str]) -> str:
    """Several, with commas."""
    return ", ".join(word(vocabulary, code) for code in codes)


def put(text: Text) -> str:
    """``text`` in the current language."""
    return text.in_words() if isinstance(text, Words) else text


def pair(name: str, value: object) -> str:
    """``name: value``, with the space that French puts before a colon."""
    return say(N_("{name}: {value}"), name=name, value=value)


def number(value: int) -> str:
    """An integer with its thousands apart: ``12,345`` or ``12 345``."""
    return str(format_decimal(value, locale=_LOCALES[language()]))


def decimal(value: float) -> str:
    """Two decimals at most, one at least: a score or a weight without its sign."""
    return str(format_decimal(value, format="0.0#", locale=_LOCALES[language()]))


def signed(value: float) -> str:
    """A weight with its sign, the minus a real one."""
    return ("\N{MINUS SIGN}" if value < 0 else "+") + decimal(abs(value))


def day(value: date) -> str:
    """``4 March 2026`` or ``4 mars 2026``."""
    return _in_one(str(format_date(value, "d MMMM y", locale=_LOCALES[language()])))


def weekday(value: date) -> str:
    """``Wednesday 4 March 2026`` or ``mercredi 4 mars 2026``."""
    return _in_one(str(format_date(value, "EEEE d MMMM y", locale=_LOCALES[language()])))


def moment(value: datetime, zone: tzinfo) -> str:
    """``4 March 2026, 21:14:05 (Europe/Paris, UTC+01:00)``."""
    local = value.astimezone(zone)
    return f"{day(local)}, {local:%H:%M:%S} ({zone_name(local)})"


def _in_one(date_in_words: str) -> str:
    """A date that no line end parts; French says the first of a month as an ordinal."""
    if language() == "fr":
        date_in_words = _FIRST.sub("1er", date_in_words)
    return date_in_words.replace(" ", "\u00a0")


def zone_name(local: datetime) -> str:
    """The zone of a local time with its offset at that moment: ``Europe/Paris, UTC+01:00``."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    offset = f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    key = getattr(local.tzinfo, "key", "")
    return f"{key}, {offset}" if key else offset


@lru_cache(maxsize=256)
def zone_of(name: str, default: tzinfo = UTC) -> tzinfo:
    """The zone of an IANA name or an offset (``+02:00``); ``default`` when it is neither."""
    if not name:
        return default
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    if offset := _OFFSET.fullmatch(name):
        sign, hours, minutes = offset.groups()
        span = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-span if sign == "-" else span) if span < timedelta(days=1) else default
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return default
