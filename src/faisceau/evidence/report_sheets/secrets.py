"""What is never kept: passwords and codes that a report found in the device."""

import re
from functools import cache

CREDENTIALS = "credentials"
"""What they are called among the things left on purpose."""

_NAMES = re.compile(
    r"pass(?:\s?word|\s?code|\s?phrase)|mot\s?de\s?passe|^pin\d?(?:\s?code)?$|^puk\d?(?:\s?code)?$"
    r"|(?:unlock|security|screen\s?lock)[\s_]*(?:pattern|code|key)|^token$",
    re.IGNORECASE,
)


@cache
def is_secret(name: str) -> bool:
    """True for the name of a field, column or item that holds credentials."""
    return _NAMES.search(name) is not None
