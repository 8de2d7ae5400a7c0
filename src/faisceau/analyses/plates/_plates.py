"""Plates as written: letters and digits, what looks alike, formats met in France.

Confusable characters and one edit are what readers of plates get wrong. Formats: SIV (AB-123-CD,
since 2009; decree of 9 February 2009), FNI (1234 AB 56, before), and those of neighbours.
"""

import re

CONFUSABLE = ("B8", "O0DQ", "I1", "S5", "Z2", "G6")
"""Characters that readers take for one another."""
_SKELETON = str.maketrans({c: group[-1] for group in CONFUSABLE for c in group})
_SIGNS = re.compile(r"[\W_]+")
DEPARTMENT = r"(?:0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-6])"
FORMATS = {
    "FR-SIV": r"[A-HJ-NP-TV-Z]{2}\d{3}[A-HJ-NP-TV-Z]{2}",
    "FR-FNI": rf"\d{{1,4}}[A-Z]{{1,3}}{DEPARTMENT}",
    "ES": r"\d{4}[BCDFGHJ-NPR-TV-Z]{3}",
    "BE": r"[1-9][A-Z]{3}\d{3}",
    "NL": r"[A-Z]{2}\d{3}[A-Z]|[A-Z]\d{3}[A-Z]{2}|\d{2}[A-Z]{3}\d|\d[A-Z]{3}\d{2}|"
    r"[A-Z]{3}\d{2}[A-Z]|[A-Z]\d{2}[A-Z]{3}|\d{2}[A-Z]{2}[A-Z]{2}|[A-Z]{2}[A-Z]{2}\d{2}",
    "IT": r"[A-HJ-NPR-TV-Z]{2}\d{3}[A-HJ-NPR-TV-Z]{2}",
    "GB": r"[A-Z]{2}\d{2}[A-Z]{3}",
    "PT": r"[A-Z]{2}\d{2}[A-Z]{2}|\d{2}[A-Z]{2}\d{2}|\d{4}[A-Z]{2}",
    "CH": r"(?:A[GIR]|B[ELS]|FR|G[ELR]|JU|LU|N[EW]|OW|S[GHOZ]|T[GI]|UR|V[DS]|Z[GH])\d{1,6}",
    "LU": r"[A-Z]{2}\d{4}|\d{4,5}",
    "DE": r"[A-ZÄÖÜ]{1,3}[A-Z]{1,2}\d{1,4}[EH]?",
    "PL": r"[A-Z]{2,3}[A-Z0-9]{4,5}",
}
"""By name: what a plate of letters and digits must match. SIV and Italian plates look the same."""


def compacted(plate: str) -> str:
    """The letters and digits of a plate, in capitals."""
    return _SIGNS.sub("", plate).upper()


def formats(plate: str) -> list[str]:
    """The formats that a plate may be of."""
    text = compacted(plate)
    return [name for name, pattern in FORMATS.items() if re.fullmatch(pattern, text)]


def skeleton(plate: str) -> str:
    """A compact plate with one character for all that look alike."""
    return plate.translate(_SKELETON)


def alike(one: str, two: str) -> bool:
    """Whether one compact plate may be the other misread: only confusable characters differ, or
    one edit does."""
    if one == two or skeleton(one) == skeleton(two):
        return True
    if abs(len(one) - len(two)) > 1:
        return False
    if len(one) == len(two):
        return sum(a != b for a, b in zip(one, two, strict=True)) == 1
    short, long = sorted((one, two), key=len)
    at = next((i for i, c in enumerate(short) if c != long[i]), len(short))
    return short[at:] == long[at + 1 :]
