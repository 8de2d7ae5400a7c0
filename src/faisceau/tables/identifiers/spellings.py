"""The ways one identifier is written, to find it in columns that keep it as given."""

import phonenumbers
from phonenumbers import PhoneNumberFormat

from faisceau.tables.identifiers.normal import REGION, normalise


def spellings(raw: str) -> tuple[str, ...]:
    """``raw`` and the other usual ways to write it, each once, ``raw`` first.

    A telephone number: with and without country, plain and in groups, and as WhatsApp's account.
    """
    found = normalise("account", raw)
    ways = [raw, raw.strip()]
    if found is not None and not found.value.startswith("?"):
        ways.append(found.value)
        if found.kind == "phone":
            ways += _of_phone(found.value)
        elif found.kind == "handle":
            bare = raw.strip().lstrip("@")
            ways += [bare, f"@{bare}", f"@{found.value}"]
        else:
            ways.append(raw.strip().lower())
    return tuple(dict.fromkeys(way for way in ways if way))


def _of_phone(e164: str) -> list[str]:
    number = phonenumbers.parse(e164, REGION)
    digits = e164.lstrip("+")
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    ways = [digits, f"00{digits}", spaced, f"{digits}@s.whatsapp.net", f"{digits}@c.us"]
    if phonenumbers.region_code_for_number(number) == REGION:
        plain = national.replace(" ", "")
        ways += [plain, national, national.replace(" ", "."), national.replace(" ", "-")]
        ways += [plain.removeprefix("0"), f"+33(0){plain.removeprefix('0')}"]
    return ways
