"""File names as text that every store and ledger can hold."""

import re

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters, and all that ``str.splitlines`` ends a line at."""


def shown_name(raw: bytes) -> str:
    """A file name as text that every store and ledger can hold; ``raw_name`` gives it back.

    Valid UTF-8 stays as it is; other bytes, control characters and backslashes become ``\\xNN``.
    """
    text = raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    return _UNSEEN.sub(lambda m: "".join(f"\\x{byte:02x}" for byte in m[0].encode()), text)


def raw_name(shown: str) -> bytes:
    """The bytes of a file name that ``shown_name`` made text of."""
    return re.sub(
        rb"\\x([0-9a-f]{2})",
        lambda m: bytes([int(m[1], 16)]),
        shown.encode("utf-8", "surrogatepass"),
    )
