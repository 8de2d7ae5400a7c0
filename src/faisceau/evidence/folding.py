"""Words compared as people compare them: accents, case, spaces and punctuation do not matter."""

import unicodedata


def folded(text: str) -> str:
    """``text`` without accents, case, spaces and punctuation: ``N° Appelant`` is ``nappelant``."""
    plain = unicodedata.normalize("NFKD", text.replace("º", "°")).casefold()
    return "".join(c for c in plain if c.isalnum())
